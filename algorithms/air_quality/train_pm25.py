"""Trains the PM2.5 estimator on a table of site-days and says what it looks at."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import torch
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import InputError, renamed
from ..execution import torch_threads
from ..progress import Progress
from ..scores import rmse
from ..settings import Resources
from .estimator import PLACE, Data, Estimator, fit_and_check
from .location_features import site_encoder
from .network import fitting_resources
from .settings import Pm25Settings
from .site_days import SiteDays, check_covariates
from .windows import make_windows

FEWEST_PLACES = 10
SHUFFLED_WINDOWS = 300  # on which importance is measured


@dataclass(frozen=True)
class Trained:
    """A model and what is known of it.

    checked: estimates of the windows by models without their place, and without their block of places, shape
    (2, windows). attention: mean weight of every day of the window, (days,). importance: covariate, or place for all
    location features, to the growth of the error, ug/m3, when its values are shuffled among site-days (or places); the
    largest first.
    """

    estimator: Estimator
    data: Data
    checked: NDArray[np.float64]
    attention: NDArray[np.float64]
    importance: dict[str, float]

    @property
    def windows(self) -> NDArray[np.intp]:
        """Numbers of the windows that it learnt from: all."""
        return np.arange(len(self.data.windows.target))


def checked_rows(trained: Trained) -> Iterator[tuple[str, date, float, float, float]]:
    """Site, date, what was measured and both estimates of every window."""
    site_days, target = trained.data.site_days, trained.data.windows.target
    for row, (near, far) in zip(target, trained.checked.T):
        yield (site_days.sites[site_days.site[row]], date.fromordinal(int(site_days.day[row])),
               float(site_days.target[row]), float(near), float(far))


def train_pm25(site_days: SiteDays, settings: Pm25Settings, checkpoint: str, resources: Resources,
               progress: Progress) -> Trained:
    """Trains on all site-days that have a target. Raises InputError where there are too few, Cancelled."""
    check_covariates(site_days)
    with renamed("ENCODER", "GEOLOCATION"):
        data = make_data(site_days, site_days.measured, settings, checkpoint, resources, progress)
    check_targets(data)
    device = torch.device(pick_device(resources.device, progress))
    every = np.arange(len(data.windows.target))
    with torch_threads(fitting_resources(settings.configuration, resources)):
        estimator, checked = fit_and_check(data, every, settings, device, progress.part(0, 0.9))
        attention = estimator.members.estimate(data, every, device, Progress())[1]
        importance = shuffled_importance(estimator, data, every, device, progress.part(0.9, 1))
    estimator = estimator.with_applicability(data, every, importance)
    return Trained(estimator, data, checked, attention.mean(axis=0, dtype=np.float64), importance)


def check_targets(data: Data) -> None:
    """Raises InputError where the windows are of too few places, or their targets all the same."""
    places = len(np.unique(data.place))
    if places < FEWEST_PLACES:
        raise InputError("INPUT", f"the target was measured at {places} places",
                         f"give site-days of at least {FEWEST_PLACES}")
    if data.target.min() == data.target.max():
        raise InputError("TARGET_FIELD", f"it is {data.target[0]:g} in all {len(data.target)} site-days",
                         "choose the field with measured PM2.5")


def make_data(site_days: SiteDays, targets: NDArray[np.intp], settings: Pm25Settings, checkpoint: str,
              resources: Resources, progress: Progress, may_be_none: bool = False) -> Data:
    """Windows over the target rows and features of all places; says how many windows are short or left out.

    may_be_none: no window at all is no error.
    """
    if len(targets) == 0:
        raise InputError("TARGET_FIELD", "no site-day has a value", "choose the field with measured PM2.5")
    windows = make_windows(site_days, targets, settings.window, settings.min_days, settings.direction,
                           may_be_none)
    if windows.short:
        progress.message(f"{windows.short} of {len(windows.target)} windows have days without covariates, which are "
                         "masked.")
    if windows.left_out:
        progress.warning(f"{windows.left_out} site-days have covariates on fewer than {settings.min_days} days of "
                         "their window and are left out.")
    encode = site_encoder(settings.geolocation, checkpoint, resources)
    places = None if settings.geolocation == "none" else encode(site_days.longitude, site_days.latitude)
    return Data(site_days, windows, places)


def shuffled_importance(estimator: Estimator, data: Data, train: NDArray[np.intp], device: torch.device,
                        progress: Progress) -> dict[str, float]:
    """Growth of the error on some of the training windows when a covariate is shuffled; the largest first."""
    generator = np.random.default_rng(estimator.settings.seed)
    windows = np.sort(generator.permutation(train)[:SHUFFLED_WINDOWS])
    truth, values = data.target[windows], data.site_days.values
    before = rmse(truth, estimator.estimate(data, windows, device, Progress()).value)
    grown = {}
    for column, name in enumerate(estimator.names):
        shuffled = values.copy()
        shuffled[:, column] = generator.permutation(values[:, column])
        changed = replace(data, site_days=replace(data.site_days, values=shuffled))
        grown[name] = rmse(truth, estimator.estimate(changed, windows, device, Progress()).value) - before
        progress.report((column + 1) / len(estimator.names))
    if data.places is not None:
        changed = replace(data, places=generator.permutation(data.places))
        grown[PLACE] = rmse(truth, estimator.estimate(changed, windows, device, Progress()).value) - before
    return dict(sorted(grown.items(), key=lambda each: -each[1]))
