"""Trains the bundled CBD trees on the simulated cities of cbd_cities.py.

    python benchmarks/bundle_cbd_trees.py folder
"""
from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
import numpy as np
from nocturne.algorithms.cbd.cbd_model import save_cbd_model
from nocturne.algorithms.cbd.deciders import BUNDLED
from nocturne.algorithms.cbd.settings import TrainCbdTreeSettings
from nocturne.algorithms.cbd.train_cbd import train_cbd
from nocturne.algorithms.progress import Progress
from nocturne.benchmarks.cbd_cities import TRAINING_DRAWS, labels_of, layer_of, read_draw
from nocturne.models.registry import WEIGHTS

CARD = {
    "title": "CBD trees of simulated cities",
    "warning": "Grown on simulated cities alone: a starting point where there are no reference outlines, no evidence "
               "about a real city.",
    "licence": "GPL-3.0-or-later, as the plugin"}


def main(folder: Path) -> None:
    cities = [city for draw in TRAINING_DRAWS for city in read_draw(folder, draw)]
    table = layer_of(cities)
    trained = train_cbd(table, labels_of(table, cities), "city", "", (), TrainCbdTreeSettings(repeats=0), BUNDLED,
                        Progress())
    about = {**CARD, **trained.model.about, "simulator": {"draws": list(TRAINING_DRAWS), "cities": len(cities),
                                                          "cbds": int(np.sum(trained.centres.cbd))}}
    save_cbd_model(str(WEIGHTS / f"{BUNDLED}.json"), replace(trained.model, about=about))
    found = trained.lines[0].score
    sys.stdout.write(f"producer's {found.producers:.3f}, user's {found.users:.3f} on cities left out\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
