"""What was decided about a pixel, in sentences with its numbers, in the order of the decision."""
from __future__ import annotations

import math
from datetime import date

from .angular_effects import CLASSES
from .angular_fit import NEGATIVE, NO_DATA, POSITIVE, SMALLEST_P, U_SHAPED
from .pixel_nights import EndSlopes, PixelFit, PixelNights
from .settings import AngularEffectsSettings

NIGHT_COLUMNS = ("pixel", "row", "column", "date", "radiance", "zenith", "factor", "night")


def class_name(value: int) -> str:
    """As the class raster's legend says it."""
    names = {each.value: each.name for each in CLASSES}
    return names.get(value, "no data" if value == NO_DATA else f"unknown class {value}")


def explain(pixel: PixelNights) -> list[str]:
    """Sentences from the nights to the class; the first one is the class."""
    fit, settings = pixel.fit, pixel.settings
    sentences = [f"{class_name(fit.effect).capitalize()} (class {fit.effect}).", _nights(pixel)]
    if fit.effect == NO_DATA:
        sentences.append(f"That is fewer than the {settings.min_observations} that MIN_OBSERVATIONS asks for.")
    elif not fit.statistics["zenith_maximum"] > fit.statistics["zenith_minimum"]:
        sentences.append(f"All of them have the zenith {fit.statistics['zenith_minimum']:.1f}°, so nothing can be "
                         "fitted.")
    else:
        sentences.append(_parabola(fit, settings))
        sentences.append(_line(fit, settings))
    if settings.correction != "none":
        sentences.append("The level that p is compared with is the one that CORRECTION finds in the whole window.")
    if pixel.factors is not None:
        sentences.append("The radiance is the observed one over the night's factor, which NIGHT_EFFECT finds in the "
                         "whole window.")
    if pixel.recorded != fit.effect:
        sentences.append(f"But the class raster says '{class_name(pixel.recorded)}' ({pixel.recorded}) here: the "
                         "stacks have changed since it was made.")
    return sentences


def night_rows(number: int, pixel: PixelNights) -> list[list[str]]:
    """Rows under NIGHT_COLUMNS: each night of the pixel, in order of date, and whether the fits use it.

    radiance is the one that is fitted: the observed one over the factor.
    """
    rows = []
    factors = [1.0] * len(pixel.dates) if pixel.factors is None else pixel.factors.tolist()
    nights: list[tuple[date, float, float, float, bool]] = sorted(zip(
        pixel.dates, pixel.radiance.tolist(), pixel.zenith.tolist(), factors, pixel.fit.valid.tolist()))
    for day, radiance, zenith, factor, valid in nights:
        rejected = f"beyond {pixel.settings.max_zenith:g} degrees" if math.isfinite(radiance) and math.isfinite(
            zenith) else "no value"
        rows.append([str(number), str(pixel.cell.row + 1), str(pixel.cell.column + 1), day.isoformat(),
                     _cell(radiance), _cell(zenith), _cell(factor), "valid" if valid else rejected])
    return rows


def _cell(value: float) -> str:
    return f"{value:.7g}" if math.isfinite(value) else ""


def _nights(pixel: PixelNights) -> str:
    valid, observed, nights = int(pixel.fit.valid.sum()), int(pixel.observed.sum()), len(pixel.dates)
    parts = [f"{valid} of {nights} nights are valid"]
    if nights > observed:
        parts.append(f"{nights - observed} have no value")
    if observed > valid:
        parts.append(f"{observed - valid} were seen beyond {pixel.settings.max_zenith:g}°")
    return "; ".join(parts) + "."


def _parabola(fit: PixelFit, settings: AngularEffectsSettings) -> str:
    found, slopes = fit.statistics, fit.end_slopes
    if slopes is None:
        return "U-shape: no. Two different zeniths allow no parabola."
    answer, level = "yes" if fit.effect == U_SHAPED else "no", fit.levels.turning
    if found["quadratic_curvature"] <= 0.0:
        told = "The parabola doesn't bend upwards"
    elif settings.u_test == "slopes":
        told = (f"The parabola {_slope(slopes.low)} at {found['zenith_minimum']:.1f}° (falling: "
                f"{_p(slopes.p_low, level)}) and {_slope(slopes.high)} at {found['zenith_maximum']:.1f}° "
                f"(rising: {_p(slopes.p_high, level)})")
    else:
        vertex = -found["quadratic_slope"] / (2.0 * found["quadratic_curvature"])
        inside = found["zenith_minimum"] < vertex < found["zenith_maximum"]
        n = found["observations"]
        told = (f"The parabola has {_p(found['quadratic_p'], level)}, the adjusted R² "
                f"{_adjusted(found['quadratic_r2'], n, 2):.4f} against the line's "
                f"{_adjusted(found['linear_r2'], n, 1):.4f}, and its vertex at {vertex:.1f}°, "
                f"{'inside' if inside else 'outside'} {_span(fit)}")
    return (f"U-shape: {answer}. {told}{_below('R²', found['quadratic_r2'], 'MIN_R2', settings.min_r2)}"
            f"{_late_turn(slopes, settings.min_rise)}.")


def _late_turn(slopes: EndSlopes, least: float) -> str:
    """What a parabola that turns inside falls and rises is as the squares of its slopes at the ends."""
    if not slopes.low < 0.0 < slopes.high:
        return ""
    ratio = slopes.high / slopes.low
    share = ratio * ratio
    if share <= 1.0:
        return _below(f"its rise, {share:.2g} of its fall,", share, "MIN_RISE", least)
    return _below(f"its fall, {1.0 / share:.2g} of its rise,", 1.0 / share, "MIN_RISE", least)


def _line(fit: PixelFit, settings: AngularEffectsSettings) -> str:
    found = fit.statistics
    change = found["relative_change"]
    answer = "yes" if fit.effect in (NEGATIVE, POSITIVE) else "no"
    if fit.effect == U_SHAPED:
        answer = "not asked after a U-shape"
    told = f"{change:+.0%} from" if math.isfinite(change) else "from"
    return (f"Slope: {answer}. The line {_slope(found['linear_slope'])}, {told} {_span(fit)} "
            f"(R² = {found['linear_r2']:.3f}, {_p(found['linear_p'], fit.levels.linear)})"
            f"{_below('R²', found['linear_r2'], 'MIN_R2', settings.min_r2)}"
            f"{_below('the change', abs(change), 'MIN_CHANGE', settings.min_change)}.")


def _below(what: str, value: float, parameter: str, least: float) -> str:
    return f"; {what} doesn't reach {parameter} = {least:g}" if least > 0.0 and not value >= least else ""


def _slope(slope: float) -> str:
    if slope == 0.0:
        return "is level"
    return f"{'falls' if slope < 0.0 else 'rises'} by {abs(slope):.3g} per degree"


def _p(p: float, level: float) -> str:
    """With the comparison that decides, and as many digits as it takes to see it."""
    if p < SMALLEST_P < level:
        return f"p < {SMALLEST_P:g}"
    digits = next(digits for digits in (2, 4, 8, 17) if (float(f"{p:.{digits}g}") < level) == (p < level))
    return f"p = {p:.{digits}g} {'<' if p < level else '≥'} {level:g}"


def _span(fit: PixelFit) -> str:
    return f"{fit.statistics['zenith_minimum']:.1f}° to {fit.statistics['zenith_maximum']:.1f}°"


def _adjusted(r2: float, n: float, terms: int) -> float:
    return 1.0 - (1.0 - r2) * (n - 1.0) / (n - terms - 1.0)
