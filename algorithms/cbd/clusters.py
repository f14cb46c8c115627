"""K-means, how many clusters there are, and how far they can be trusted."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ..execution import one_library_thread
from ..progress import Progress

STARTS = 100
BOOTSTRAPS, BOOTSTRAP_STARTS = 100, 10
MOST_CLUSTERS = 8  # that the elbow is looked for in

Points = NDArray[np.float64]
Labels = NDArray[np.int32]


def k_means(points: Points, clusters: int, seed: int, starts: int = STARTS) -> tuple[Labels, Points, float]:
    """Labels of shape (n,), centroids of shape (clusters, 2) and inertia of the best of so many starts."""
    with one_library_thread():
        return _best(points, clusters, seed, starts)


def _best(points: Points, clusters: int, seed: int, starts: int) -> tuple[Labels, Points, float]:
    fitted = KMeans(clusters, n_init=starts, random_state=seed).fit(points)
    return fitted.labels_, fitted.cluster_centers_, float(fitted.inertia_)


def inertias(points: Points, seed: int, progress: Progress | None = None) -> NDArray[np.float64]:
    """Inertia of 1, 2, ... clusters, up to MOST_CLUSTERS or the number of different points."""
    progress = progress or Progress()
    most = min(MOST_CLUSTERS, len(np.unique(points, axis=0)))
    found = []
    with one_library_thread():
        for clusters in range(1, most + 1):
            found.append(_best(points, clusters, seed, STARTS)[2])
            progress.report(clusters / most)
    return np.array(found)


def elbow(curve: Sequence[float] | NDArray[np.float64]) -> int:
    """Number of clusters where the curve of inertia lies farthest below its chord (Kneedle, Satopaa et al. 2011).

    curve: inertia of 1, 2, ... clusters. 1 where no point lies below the chord.
    """
    values = np.asarray(curve, dtype=np.float64)
    if len(values) < 3 or values[0] <= values[-1]:
        return 1
    across = np.linspace(0, 1, len(values))
    height = (values - values[-1]) / (values[0] - values[-1])
    return int(np.argmax(1 - across - height)) + 1


def bootstrap_jaccards(points: Points, labels: Labels, clusters: int, seed: int,
                       progress: Progress | None = None) -> NDArray[np.float64]:
    """Per cluster, the mean best Jaccard index with the clusters of bootstrap samples (Hennig 2007).

    Above 0.85 a cluster is stable, below 0.6 it isn't to be trusted.
    """
    progress = progress or Progress()
    random = np.random.default_rng(seed)
    jaccards = np.full((BOOTSTRAPS, clusters), np.nan)
    with one_library_thread():
        for draw in range(BOOTSTRAPS):
            progress.report(draw / BOOTSTRAPS)
            members, times = np.unique(random.integers(0, len(points), len(points)), return_counts=True)
            if len(np.unique(points[members], axis=0)) < clusters:
                continue
            found = _best(np.repeat(points[members], times, axis=0), clusters, seed, BOOTSTRAP_STARTS)[0]
            new = found[np.cumsum(times) - 1]  # a point that was drawn twice is in one cluster
            for cluster in range(clusters):
                own = labels[members] == cluster
                if own.any():
                    jaccards[draw, cluster] = max((own & (new == other)).sum() / (own | (new == other)).sum()
                                                  for other in range(clusters))
    means: NDArray[np.float64] = np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan
                                           for column in jaccards.T])
    return means
