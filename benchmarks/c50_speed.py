"""How long a C5.0 tree takes against scikit-learn's entropy tree, in one run.

    .venv/bin/python benchmarks/c50_speed.py [rows] [attributes]      (100,000 rows and 20 attributes)
"""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.tree import DecisionTreeClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".dev"))

from nocturne.algorithms.cbd.c50.model import predict, train

ROUNDS = 3


def planted(rows: int, attributes: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A class that follows four attributes by a rule, wrong in one row of ten."""
    numbers = np.random.default_rng(1)
    values = numbers.standard_normal((rows, attributes))
    rule = (values[:, 0] > 0.3) & (values[:, 1] < 0.5) | (values[:, 2] + 0.5 * values[:, 3] > 1)
    classes = np.where(rule ^ (numbers.random(rows) < 0.1), "yes", "no")
    return {f"x{number}": values[:, number] for number in range(attributes)}, classes


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", nargs="?", type=int, default=100_000)
    arguments.add_argument("attributes", nargs="?", type=int, default=20)
    given = arguments.parse_args()
    columns, classes = planted(given.rows, given.attributes)
    matrix = np.column_stack(list(columns.values()))
    model = train({name: values[:2000] for name, values in columns.items()}, classes[:2000])  # compiles
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: train(columns, classes)))
        theirs.append(seconds(lambda: DecisionTreeClassifier(criterion="entropy", random_state=1).fit(matrix, classes)))
    print(f"{given.rows:,} rows x {given.attributes} attributes: C5.0 {min(ours):.2f} s, scikit-learn (unpruned) "
          f"{min(theirs):.2f} s, ratio {min(ours) / min(theirs):.2f}; "
          f"a tree applied in {seconds(lambda: predict(model, columns)):.2f} s")


if __name__ == "__main__":
    main()
