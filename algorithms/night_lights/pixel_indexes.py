"""Light indexes of one centre from its cells: Tables 2 and 3 of Jie et al. (2024), and what they leave out."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cbd.index_names import COUNT, HAS_NEGATIVE, INDEXES
from .angular_fit import NEGATIVE

# Fields that no strategy of the paper uses, with their kinds.
FURTHER_FIELDS = {"Area_A_km2": "number", "Share_A": "number", "Change_A": "number", "Change": "number",
                  "Nights": "number"}
FIELDS = {**{name: "integer" if name == COUNT else "number" for name in INDEXES}, HAS_NEGATIVE: "flag",
          **FURTHER_FIELDS}

Values = NDArray[np.float64]


@dataclass(frozen=True)
class LightBase:
    """Mean and population standard deviation of a city's radiance, in nW/cm2/sr, that its Z-scores refer to."""

    mean: float
    sd: float
    cells: int


@dataclass(frozen=True)
class CentreCells:
    """The cells whose centre lies in an urban centre, each of shape (cells,), NaN without data.

    light: unsmoothed annual radiance in nW/cm2/sr. classes: angular classes. areas: km2. change, nights: relative
    change over the observed zeniths and number of observations, from the statistics of the angular effects.
    """

    light: Values
    classes: Values
    areas: Values
    change: Values
    nights: Values


def light_base(light: Values) -> LightBase:
    """Of cells of shape (cells,) with data; there must be one."""
    return LightBase(float(light.mean()), float(light.std()), len(light))


def pixel_indexes(cells: CentreCells, base: LightBase | None) -> dict[str, float]:
    """Every field of FIELDS; NaN where no cell tells it.

    Cells count where they have radiance, and for the indexes of negative cells where they have a class too. Standard
    deviations are those of the population. Without a base, or with one that doesn't vary, there are no Z-scores.
    """
    lit = np.isfinite(cells.light)
    fitted = lit & np.isfinite(cells.classes)
    negative = fitted & (cells.classes == NEGATIVE)
    count = float(negative.sum()) if fitted.any() else np.nan
    found = {COUNT: count, HAS_NEGATIVE: float(count > 0) if fitted.any() else np.nan,
             "Area_A_km2": float(cells.areas[negative].sum()) if fitted.any() else np.nan,
             "Share_A": count / fitted.sum() if fitted.any() else np.nan,
             "Change_A": _median(cells.change[negative]), "Change": _median(cells.change[fitted]),
             "Nights": _median(cells.nights[lit])}
    light = cells.light
    scores = np.full_like(light, np.nan) if base is None or not base.sd > 0 else (light - base.mean) / base.sd
    for values, end in ((light, ""), (scores, "_Z")):
        for part, middle in ((values[negative], "_A"), (values[lit], "")):
            spread = (part.min(), part.max(), part.mean(), part.std()) if len(part) else (np.nan,) * 4
            found.update({f"{name}{middle}{end}": float(value)
                          for name, value in zip(("Min", "Max", "Mean", "SD"), spread)})
    return {name: found[name] for name in FIELDS}


def _median(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
