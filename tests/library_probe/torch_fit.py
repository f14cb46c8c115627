"""Angular effects of a few pixels by torch and by numpy, in whatever process this runs."""
from __future__ import annotations

import numpy as np
from nocturne.algorithms.night_lights import angular_fit
from nocturne.algorithms.night_lights.angular_torch import TorchEngine
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from nocturne.algorithms.progress import Progress


def against_numpy():
    random = np.random.default_rng(1)
    zenith = random.uniform(0, 60, (60, 20, 30)).astype(np.float32)
    slope, curvature = random.normal(0, 0.2, (20, 30)), random.normal(0, 0.02, (20, 30))
    radiance = (50 + slope * zenith + curvature * (zenith - 30) ** 2 + random.normal(0, 4, zenith.shape)).astype("f4")
    settings = AngularEffectsSettings()
    thresholds, results = angular_fit.Thresholds(60, settings), []
    for engine in (angular_fit, TorchEngine("cpu", angular_fit, Progress())):
        state = angular_fit.empty_sums(20, 30)
        engine.add_nights(radiance, zenith, None, 60.0, *state)
        results.append((state[0], *engine.fit_block(*state, thresholds, settings, np.float64)))
    (sums, classes, found), (torch_sums, torch_classes, torch_found) = results
    return {"kinds": len(np.unique(classes)), "same_sums": np.array_equal(sums, torch_sums),
            "same_classes": np.array_equal(classes, torch_classes),
            "same_statistics": np.allclose(found, torch_found, rtol=1e-8, atol=1e-300, equal_nan=True)}
