"""How well a ridge regression reads the elevation of airpred's sites out of GeoCLIP's features, beyond its region.

Right weights and the right order of coordinates are needed for it: python benchmarks/elevation_probe.py
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
import numpy as np
from nocturne.algorithms.air_quality.geographic_folds import OFFSETS, checkerboard, random_places
from nocturne.algorithms.air_quality.locations import encode_places, load_encoder
from nocturne.algorithms.air_quality.site_days import SiteDays
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.airpred import read_airpred
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ELEVATION = "USElevation_mea100"  # mean within 100 m of the site
CELL_DEGREES, FOLDS, SEED = 8, 5, 1
GATE = 0.75
PENALTIES = np.logspace(-1, 5, 13)  # chosen by leave-one-out inside the training side


def sites(site_days: SiteDays) -> SiteDays:
    """One row per site, its target the elevation."""
    first = np.searchsorted(site_days.site, np.arange(len(site_days.sites)))
    elevation = site_days.values[first, site_days.names.index(ELEVATION)]
    return SiteDays(site_days.site[first], site_days.day[first], site_days.longitude, site_days.latitude,
                    site_days.values[first], elevation, site_days.names, site_days.sites)


def probe(features: NDArray[np.float32], table: SiteDays) -> dict[str, float]:
    """R2 pooled over the folds of each protocol. features: shape (sites, width)."""
    protocols = {"by place": random_places(table, FOLDS, SEED),
                 **{f"offset {number + 1}": checkerboard(table, CELL_DEGREES, number)
                    for number in range(len(OFFSETS))}}
    found = {}
    for name, folds in protocols.items():
        errors, truth = [], []
        for fold in folds:
            model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(features[fold.train],
                                                                            table.target[fold.train])
            truth.append(table.target[fold.test].astype(float))
            errors.append(truth[-1] - model.predict(features[fold.test]))
        measured = np.concatenate(truth)
        found[name] = 1 - float((np.concatenate(errors) ** 2).sum() / ((measured - measured.mean()) ** 2).sum())
    return found


def main() -> None:
    encoder = load_encoder("geoclip", "")
    for measured_only in (True, False):
        table = sites(read_airpred(measured_only=measured_only))
        print(f"{len(table.sites)} sites{' with PM2.5' if measured_only else ''}")
        for name, (longitude, latitude) in {"GeoCLIP": (table.longitude, table.latitude),
                                            "swapped": (table.latitude, table.longitude)}.items():
            found = probe(encode_places(encoder, longitude, latitude, Resources(), Progress()), table)
            boards = float(np.mean([value for protocol, value in found.items() if protocol.startswith("offset")]))
            print(f"{name:8}" + "  ".join(f"{key} {value:.3f}" for key, value in found.items())
                  + f"  mean of offsets {boards:.3f} (asked for with GeoCLIP: {GATE})")


if __name__ == "__main__":
    main()
