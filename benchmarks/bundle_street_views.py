"""Trains the bundled encoder of street views: python -m nocturne.benchmarks.bundle_street_views PHOTOGRAPHS

On simulated street pictures and the photographs of a folder (Mapillary OpenSfM, BSD-2-Clause). Writes
models/weights/street_view_small with 16 bits per number.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from nocturne.algorithms.districts.pictures import View, find_pictures
from nocturne.algorithms.districts.settings import ViewTrainingSettings
from nocturne.algorithms.districts.street_view_training import save_encoder, train_on_pictures, view_shape
from nocturne.algorithms.districts.street_views import BUNDLED, read_batches
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.algorithms.simulation.street_pictures import draw_any_street
from nocturne.models.registry import bundled_path

SOURCES = ("simulated street pictures of this plugin; 32 photographs of the data of Mapillary's OpenSfM (BSD-2-Clause, "
           "Mapillary 2014), both also mirrored")


class Shown(Progress):
    def message(self, text: str) -> None:
        print(text, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--drawn", type=int, default=360)
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()
    settings = ViewTrainingSettings(epochs=given.epochs, rate=6e-4, train_share=0.9, seed=1)
    side, resources = view_shape(settings).image, Resources(threads=1, device="cpu")
    numbers = np.random.default_rng(settings.seed)
    start = time.process_time()
    drawn = np.stack([draw_any_street(side, numbers) for _ in range(given.drawn)]).transpose(0, 3, 1, 2)
    views = [View(path) for path in find_pictures(given.photographs)]
    photographs = np.concatenate([each for _, each in read_batches(views, side, resources, Progress(), Counter())])
    pictures = np.concatenate((drawn, photographs, photographs[..., ::-1]))
    trained = train_on_pictures(np.ascontiguousarray(pictures), settings, "", resources, Shown())
    save_encoder(bundled_path(BUNDLED), trained, "Small street-view encoder", half=True,
                 licence="GPL-3.0-or-later; trained on " + SOURCES)
    print(f"{time.process_time() - start:.0f} s of processor time; losses {trained.loss[0]:.3f} to "
          f"{trained.loss[-1]:.3f}", file=sys.stderr)


if __name__ == "__main__":
    main()
