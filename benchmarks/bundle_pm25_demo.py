"""Trains the bundled PM2.5 model on airpred, with covariates that anybody can make.

    python benchmarks/bundle_pm25_demo.py
"""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))
import numpy as np
import torch
from nocturne.algorithms.air_quality.estimate_pm25 import BUNDLED
from nocturne.algorithms.air_quality.estimator import Data, Estimator, fit_and_check, fit_estimator
from nocturne.algorithms.air_quality.geographic_folds import held_out_places, random_places
from nocturne.algorithms.air_quality.location_features import site_encoder
from nocturne.algorithms.air_quality.model_file import KIND, read_estimator, save_estimator
from nocturne.algorithms.air_quality.settings import Pm25Settings
from nocturne.algorithms.air_quality.train_pm25 import shuffled_importance
from nocturne.algorithms.air_quality.windows import make_windows
from nocturne.algorithms.execution import torch_threads
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.scores import mae, mbe, r2, rmse
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.airpred import PLAIN, read_airpred, with_plain_covariates
from nocturne.models.registry import bundled_path, load_model

SETTINGS = Pm25Settings(window=10, min_days=1)
HELD_OUT, SEED, FOLDS = 0.2, 1, 5
CPU = torch.device("cpu")
CARD = {
    "what": "Daily PM2.5 at points from 20 covariates: a demonstration",
    "title": "PM2.5 of ten January days, USA (demonstration)",
    "warning": "The bundled model is a demonstration: it knows ten January days of 2012 in the USA and nothing else.",
    "licence": "GPL-3.0-or-later, as the plugin; the data's package says GPL",
    "data": "NSAPH airpred (Sabath; Di et al. 2016, 2019), contiguous states, 1 to 10 January 2012; monitors of the "
            "EPA, MAIAC and MODIS, North American Regional Reanalysis, National Land Cover Database, roads",
    "units": {**{name: unit for name, (unit, *_) in PLAIN.items()}, "day_of_year": "", "pm25": "ug/m3"}}


def airpred_data() -> tuple[Data, np.ndarray, np.ndarray]:
    """All windows of airpred, the numbers of those to train on, and of those at places that are held out."""
    site_days = with_plain_covariates(read_airpred())
    windows = make_windows(site_days, site_days.measured, SETTINGS.window, SETTINGS.min_days)
    [fold] = held_out_places(site_days, HELD_OUT, SEED)
    train, test = (np.flatnonzero(np.isin(windows.target, rows)) for rows in (fold.train, fold.test))
    encode = site_encoder(SETTINGS.geolocation, "", Resources(threads=1))
    return Data(site_days, windows, encode(site_days.longitude, site_days.latitude)), train, test


def judge(estimator: Estimator, data: Data, test: np.ndarray) -> dict[str, Any]:
    """Scores at the places that were held out."""
    with torch_threads(Resources(threads=1)):
        found = estimator.estimate(data, test, CPU, Progress())
    truth = data.target[test].astype(np.float64)
    scores = {score.__name__: round(float(score(truth, found.value)), 4) for score in (r2, rmse, mae, mbe)}
    covered = (found.low <= truth) & (truth <= found.high)
    return {**scores, "share_in_90_percent_interval": round(float(covered.mean()), 4), "windows": len(test),
            "places": len(np.unique(data.place[test]))}


def by_place(data: Data) -> float:
    """R2 pooled over FOLDS of places: what one division says depends much on the division."""
    estimate = np.full(len(data.windows.target), np.nan)
    for fold in random_places(data.site_days, FOLDS, SEED):
        train, test = (np.flatnonzero(np.isin(data.windows.target, rows)) for rows in (fold.train, fold.test))
        with torch_threads(Resources(threads=1)):
            estimate[test] = fit_estimator(data, train, SETTINGS, CPU, Progress()).estimate(
                data, test, CPU, Progress()).value
    return round(float(r2(data.target.astype(np.float64), estimate)), 4)


def main() -> None:
    data, train, test = airpred_data()
    with torch_threads(Resources(threads=1)):
        estimator, _ = fit_and_check(data, train, SETTINGS, CPU, Progress())
        importance = shuffled_importance(estimator, data, train, CPU, Progress())
    estimator = estimator.with_applicability(data, train, importance)
    path = bundled_path(BUNDLED)
    # Twice: the card says how good the weights are that were stored and read again.
    save_estimator(path, estimator, data, train, CARD)
    scores = judge(read_estimator(load_model(path, KIND)), data, test)
    how = "at a fifth of the places, drawn at random and never trained on, with the residuals of the others"
    folds = {"r2": by_place(data), "how": f"by {FOLDS} models of all places but a fold of them, as this one is made"}
    save_estimator(path, estimator, data, train, {**CARD, "held_out_places": {**scores, "how": how}, "folds": folds})
    sys.stdout.write(f"{json.dumps(scores)}\n")


if __name__ == "__main__":
    main()
