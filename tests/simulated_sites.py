"""Days of simulated monitors, a few dozen, for tests of PM2.5."""
from __future__ import annotations

import numpy as np
from nocturne.algorithms.air_quality.site_days import SiteDays


def simulated(sites=40, days=5, of_place=0.0):
    """of_place: by how much PM2.5 grows per degree of longitude."""
    generator = np.random.default_rng(3)
    site, day = np.repeat(np.arange(sites, dtype=np.int32), days), np.tile(np.arange(days, dtype=np.int32), sites)
    longitude, latitude = generator.uniform(-105, -85, sites), generator.uniform(30, 45, sites)
    values = generator.normal(size=(len(site), 3)).astype(np.float32)
    target = 12 + 2 * values[:, 0] + of_place * (longitude[site] + 95) + generator.normal(size=len(site))
    target[7] = 60
    return SiteDays(site, day + 734_000, longitude, latitude, values, target.astype(np.float32), ("a", "b", "c"),
                    tuple(map(str, range(sites))))
