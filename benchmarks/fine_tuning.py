"""Models of one half of New York's counties in the other half, where some totals are known: adapted or not.

python -m nocturne.benchmarks.fine_tuning
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from nocturne.algorithms.districts.adaptation import adapt
from nocturne.algorithms.districts.district_inputs import district_blocks
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import fit_semigtx
from nocturne.algorithms.scores import r2
from nocturne.benchmarks.new_york import NewYork, read_new_york

KNOWN = (5, 10, 15, 20)  # counties of the other half
DRAWS = range(40, 60)  # of which are known; others served to choose settings
SETTINGS = SemiGtxSettings(network=False, profiles=False)
NEW = "trained on the known ones"


def halves(region: NewYork) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Counties to train on and others: west and east of the median, and the other way round."""
    centre = np.bincount(region.district, region.place[:, 0]) / region.counts
    west = centre < np.median(centre)
    yield np.flatnonzero(west), np.flatnonzero(~west)
    yield np.flatnonzero(~west), np.flatnonzero(west)


def measure(region: NewYork, draws: Iterable[int] = DRAWS,
            known_counts: Sequence[int] = KNOWN) -> dict[tuple[int, str], list[tuple[float, float]]]:
    """Number of known counties and way to R2 of log GDP and of log GDP per tract in the others, for half and draw."""
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for trained, new in halves(region):
        features, flows, gdp, district = _part(region, trained)
        model = fit_semigtx(features, flows, gdp, district, SETTINGS)
        features, flows, gdp, district = _part(region, new)
        counts = np.bincount(district).astype(float)
        plain = model.estimate(features, flows, district).districts
        scaler = model.scaler
        blocks = district_blocks(scaler.scale(features), scaler.directions, flows, district, len(gdp), None)
        for draw in draws:
            order = np.random.default_rng(draw).permutation(len(gdp))
            for count in known_counts:
                totals = np.full((len(gdp), 1), np.nan)
                totals[order[:count], 0] = gdp[order[:count]]
                adapted = adapt(plain, totals, counts, blocks)
                own = fit_semigtx(features, flows, totals, district, SETTINGS).estimate(features, flows, district)
                ways = {"as it is": plain, "fine-tuned": adapted.districts, NEW: own.districts}
                for name, estimates in ways.items():
                    found.setdefault((count, name), []).append(_scores(gdp, estimates[:, 0], counts, order[count:]))
    return found


def _part(region: NewYork, counties: np.ndarray) -> tuple[np.ndarray, object, np.ndarray, np.ndarray]:
    inside = np.isin(region.district, counties)
    return (region.features[inside], region.flows[inside][:, inside], region.gdp[counties],
            np.searchsorted(counties, region.district[inside]))


def _scores(gdp: np.ndarray, estimates: np.ndarray, counts: np.ndarray, tested: np.ndarray) -> tuple[float, float]:
    truth, logs = (np.log(np.maximum(each[tested], gdp.min() / 100)) for each in (gdp, estimates))
    size = np.log(counts[tested])
    return r2(truth, logs), r2(truth - size, logs - size)


def main() -> None:
    for (count, name), values in measure(read_new_york()).items():
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        print(f"{count:3} known  {name:28} log GDP {middle[0]:.2f} ({low[0]:.2f} to {high[0]:.2f})  per tract "
              f"{middle[1]:.2f} ({low[1]:.2f} to {high[1]:.2f})")


if __name__ == "__main__":
    main()
