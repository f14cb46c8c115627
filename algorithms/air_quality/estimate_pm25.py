"""PM2.5 at the rows of a table of points and days, by a model file."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import torch
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import renamed
from ..execution import torch_threads
from ..feature_tables import FeatureTable
from ..named_models import named_model
from ..progress import Progress
from ..settings import Resources
from .model_file import KIND, check_features, check_location_weights, check_units, outside_ranges, read_estimator
from .raster_days import PARAMETER, raster_days
from .row_estimates import RowEstimates
from .site_days import SiteDays, read_site_days
from .train_pm25 import make_data

BUNDLED = "pm25_us_demo"


@dataclass(frozen=True)
class TableEstimates(RowEstimates):
    """NaN where a row has too few days with covariates. dissimilarity: to the training data, above 1 outside the area
    of applicability; NaN where the model doesn't know it. outside: beyond that, or beyond the covariates or places of
    the training."""

    dissimilarity: NDArray[np.float64]


def estimate_table(table: FeatureTable, date_field: str, site_field: str, calendar: FeatureTable | None,
                   rasters: str, model_file: str, checkpoint: str, resources: Resources,
                   progress: Progress) -> TableEstimates:
    """Estimates of every row, in its order. calendar, rasters (a folder of daily ones, or empty): covariates on further
    days. model_file: empty takes the bundled model. Raises InputError, Cancelled."""
    model = named_model(model_file, BUNDLED, KIND, progress)
    estimator = read_estimator(model)
    check_features(model, table)
    site_days = read_site_days(table, date_field, site_field, "", estimator.names, calendar, progress,
                               fewest_sites=1, named_by=table.parameter)
    check_units(model, site_days.values, table.parameter)
    if rasters:
        further = raster_days(site_days, rasters, progress)
        check_units(model, further.values, PARAMETER)
        site_days = site_days.with_days_of(further)
    rows = _rows_of(table, date_field, site_field, site_days)
    with renamed("ENCODER", "MODEL"):
        data = make_data(site_days, rows, estimator.settings, checkpoint, resources, progress, may_be_none=True)
    check_location_weights(model, checkpoint)
    device = torch.device(pick_device(resources.device, progress))
    known, every = np.full((4, len(site_days.site)), np.nan), np.arange(len(data.windows.target))
    if len(every):
        with torch_threads(resources):
            found = estimator.estimate(data, every, device, progress)
        high = np.where(np.isfinite(found.high), found.high, np.nan)
        known[:, data.windows.target] = found.value, found.low, high, estimator.dissimilarity(data, every)
    value, low, high, unlike = known[:, rows]
    estimates = TableEstimates(value, low, high, outside_ranges(model, site_days, rows) | (unlike > 1), unlike)
    if estimates.outside_count:
        first, last = (date.fromordinal(model.card["training"][day]) for day in ("first_day", "last_day"))
        progress.warning(f"{estimates.outside_count} of {estimates.count} estimates lie outside the covariates or "
                         f"the region that the model was trained on ({first} to {last}); they may be far off.")
    return estimates


def _rows_of(table: FeatureTable, date_field: str, site_field: str, site_days: SiteDays) -> NDArray[np.intp]:
    """The row of the site-days that each row of the table became."""
    known = {(site_days.sites[site], int(day)): row
             for row, (site, day) in enumerate(zip(site_days.site, site_days.day))}
    return np.array([known[str(site), day.toordinal()] for site, day in
                     zip(table.texts(site_field, "SITE_FIELD"), table.dates(date_field, "DATE_FIELD"))], dtype=np.intp)
