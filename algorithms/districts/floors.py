"""Simple estimators of district totals that a model has to beat."""
from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .district_inputs import flow_sums
from .frozen_heads import RIDGES
from .splits import Round


def floor_inputs(features: NDArray[np.float64], flows: sp.csr_matrix, district: NDArray[np.intp],
                 districts: int) -> dict[str, NDArray[np.float64]]:
    """Name of a floor to its inputs (districts, columns): the number of units, and with it the sums of the features or,
    where there are any, of the flows from and to other districts and within the district.

    Sums of what is known; features: (units, columns), NaN where unknown. Logs where sums are skewed and not negative.
    flows: (units, units) without a diagonal.
    """
    counts = np.log(np.maximum(np.bincount(district, minlength=districts), 1.0))[:, None]
    sums = np.zeros((districts, features.shape[1]))
    np.add.at(sums, district, np.nan_to_num(features))
    logs = np.where((sums >= 0).all(axis=0), np.log1p(np.maximum(sums, 0)), sums)
    found = {"number of units": counts, "sums of features": np.column_stack((counts, logs))}
    if flows.nnz:
        into, out, within = flow_sums(flows, district, districts).T
        found["sums of flows"] = np.column_stack((counts, np.log1p(np.stack((into - within, out - within, within), 1))))
    return found


def ridge_totals(inputs: NDArray[np.float64], totals: NDArray[np.float64], folds: Round) -> NDArray[np.float64]:
    """Out-of-fold estimates (districts, targets), by ridge on the square roots of totals; NaN for untested districts.

    totals: (districts, targets), NaN where unknown. The penalty is chosen by leave-one-out among the known districts.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = np.full(totals.shape, np.nan)
    for fold in folds:
        tested = np.isin(np.arange(len(totals)), fold)
        for target in range(totals.shape[1]):
            train = np.isfinite(totals[:, target]) & ~tested
            roots = make_pipeline(StandardScaler(), RidgeCV(RIDGES)).fit(
                inputs[train], np.sqrt(totals[train, target])).predict(inputs[tested])
            found[tested, target] = np.maximum(roots, 0)**2
    return found
