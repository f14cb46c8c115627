"""The angular fit against statsmodels and exact arithmetic: both engines, the decision, and what sums can get wrong."""
from __future__ import annotations

from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nocturne.algorithms.night_lights import angular_fit, angular_kernel
from nocturne.algorithms.night_lights.angular_fit import (
    NEGATIVE,
    NO_DATA,
    NONE,
    POSITIVE,
    STATISTICS,
    U_SHAPED,
    Thresholds,
    empty_sums,
)
from nocturne.algorithms.night_lights.settings import AngularEffectsSettings
from scipy.stats import binom, t

ENGINES = {"numpy": angular_fit, "numba": angular_kernel}
LINEAR = ("linear_intercept", "linear_slope", "linear_r2", "linear_p", "relative_change")
QUADRATIC = tuple(name for name in STATISTICS if name.startswith("quadratic"))
P_VALUES = ("linear_p", "quadratic_p", "quadratic_curvature_p")
COEFFICIENTS = ("linear_intercept", "linear_slope", "quadratic_intercept", "quadratic_slope", "quadratic_curvature",
                "relative_change", "linear_r2", "quadratic_r2")


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]


def stack(values):
    """One row of pixels: (nights, pixels) becomes (nights, 1, pixels)."""
    values = np.asarray(values, dtype=np.float32)
    return np.ascontiguousarray(values[:, np.newaxis, :] if values.ndim == 2 else values[:, np.newaxis, np.newaxis])


def sums_of(engine: ModuleType, radiance, zenith, accepted=None, limit=60.0, cuts=()):
    """The state after the nights, given to the engine in batches that end at the cuts."""
    radiance, zenith = stack(radiance), stack(zenith)
    state = empty_sums(1, radiance.shape[2])
    ends = [0, *sorted(cuts), len(radiance)]
    for begin, end in zip(ends, ends[1:]):
        mask = None if accepted is None else np.asarray(accepted, dtype=np.uint8)[begin:end, np.newaxis, :]
        engine.add_nights(radiance[begin:end], zenith[begin:end], mask, limit, *state)
    return state


def fit(engine: ModuleType, radiance, zenith, accepted=None, limit=60.0, dtype=np.float64, cuts=(), **given):
    """Classes of the pixels, and their statistics by name, in double precision."""
    chosen = AngularEffectsSettings(**given)
    state = sums_of(engine, radiance, zenith, accepted, limit, cuts)
    classes, statistics = engine.fit_block(*state, Thresholds(len(radiance), chosen), chosen, dtype)
    return classes[0], dict(zip(STATISTICS, statistics[:, 0]))


def fit_one(engine: ModuleType, radiance, zenith, **given):
    """The same for one pixel, with scalars."""
    classes, statistics = fit(engine, radiance, zenith, **given)
    return int(classes[0]), {name: float(values[0]) for name, values in statistics.items()}


def reference(radiance, zenith, alpha=0.05, min_observations=30, min_r2=0.0, min_change=0.0, min_rise=0.0,
              u_test="slopes"):
    """Class and statistics of one pixel's valid nights as the specification says, by statsmodels.

    The zenith is centred for the quadratic only, because the plain powers cost OLS the digits that are compared.
    """
    y, x = np.asarray(radiance, dtype=np.float64), np.asarray(zenith, dtype=np.float64)
    found = dict.fromkeys(STATISTICS, np.nan)
    found["observations"] = len(y)
    if len(y) < min_observations:
        return NO_DATA, found
    found["zenith_minimum"], found["zenith_maximum"] = x.min(), x.max()
    line = sm.OLS(y, sm.add_constant(x)).fit()
    (b0, b1), p_linear = line.params, line.pvalues[1]
    at_lowest, at_highest = b0 + b1 * x.min(), b0 + b1 * x.max()
    change = at_highest / at_lowest - 1 if at_lowest > 0 else np.nan
    found.update(linear_intercept=b0, linear_slope=b1, linear_r2=line.rsquared, linear_p=p_linear,
                 relative_change=change)

    centre = x.mean()
    powers = np.column_stack([np.ones_like(x), x - centre, (x - centre) ** 2])
    parabola = sm.OLS(y, powers).fit()
    c0, c1, c2 = parabola.params
    found.update(quadratic_intercept=c0 - c1 * centre + c2 * centre**2, quadratic_slope=c1 - 2 * c2 * centre,
                 quadratic_curvature=c2, quadratic_r2=parabola.rsquared, quadratic_p=parabola.f_pvalue,
                 quadratic_curvature_p=parabola.pvalues[2])

    vertex = centre - c1 / (2 * c2)
    fall, rise = (c2 * (end - vertex) ** 2 for end in (x.min(), x.max()))
    if u_test == "slopes":
        ends = np.array([[0, 1, 2 * (angle - centre)] for angle in (x.min(), x.max())])
        t_low, t_high = (ends @ parabola.params) / np.sqrt(np.diag(ends @ parabola.cov_params() @ ends.T))
        turns = t.cdf(t_low, len(y) - 3) < alpha and t.sf(t_high, len(y) - 3) < alpha
    else:
        turns = (parabola.f_pvalue < alpha and parabola.rsquared_adj > line.rsquared_adj
                 and x.min() < vertex < x.max())
    if turns and c2 > 0 and parabola.rsquared >= min_r2 and min(rise / fall, fall / rise) >= min_rise:
        return U_SHAPED, found
    changed = abs(change) >= min_change if np.isfinite(change) else min_change <= 0
    if p_linear < alpha and line.rsquared >= min_r2 and changed:
        return (NEGATIVE if b1 < 0 else POSITIVE), found
    return NONE, found


def valid(radiance, zenith, limit=60.0):
    """One pixel's observations, by the specification."""
    use = np.isfinite(radiance) & np.isfinite(zenith) & (zenith <= np.float32(limit))
    return radiance[use], zenith[use]


def pixels(count=80, nights=70, lowest=2.0, highest=64.0, level=40.0, noise=4.0, seed=7):
    """Pixels with every kind of effect, a third of their nights missing: radiance and zenith (nights, pixels)."""
    random = np.random.default_rng(seed)
    zenith = random.uniform(lowest, highest, (nights, count))
    x = (zenith - (lowest + highest) / 2) / (highest - lowest) * 2
    slope, curvature = random.normal(0, noise, count), random.normal(0, 1.5 * noise, count)
    radiance = level + slope * x + curvature * x**2 + random.normal(0, noise, zenith.shape)
    radiance[random.random(zenith.shape) < 1 / 3] = np.nan
    return radiance.astype(np.float32), zenith.astype(np.float32)


def assert_as_reference(found, index, expected, names=STATISTICS):
    for name in names:
        tolerance = {"rtol": 1e-300, "atol": 1e-8} if name in P_VALUES else {"rtol": 1e-6}
        np.testing.assert_allclose(found[name][index], expected[name], err_msg=f"{name} of pixel {index}", **tolerance)


# What it computes: statsmodels

@pytest.mark.parametrize("case", [
    {},
    {"lowest": 50.0, "highest": 55.0, "level": 5000.0, "noise": 1.0},
    {"lowest": 0.0, "highest": 5.0, "level": 5000.0, "noise": 1.0},
    {"level": 0.3, "noise": 0.5},
], ids=["ordinary", "five degrees far out, 5000", "five degrees at nadir, 5000", "dim, negative values"])
def test_statistics_agree_with_statsmodels(engine, case):
    radiance, zenith = pixels(**case)
    _, found = fit(engine, radiance, zenith)
    for index in range(radiance.shape[1]):
        _, expected = reference(*valid(radiance[:, index], zenith[:, index]))
        assert_as_reference(found, index, expected)


@pytest.mark.parametrize("chosen", [
    {"u_test": "slopes"},
    {"u_test": "adjusted-r2"},
    {"u_test": "slopes", "alpha": 0.3, "min_r2": 0.2},
    {"u_test": "adjusted-r2", "alpha": 1e-4, "min_change": 0.1},
    {"u_test": "slopes", "min_change": 0.25, "min_observations": 45},
    {"u_test": "adjusted-r2", "min_r2": 0.35},
    {"u_test": "slopes", "min_rise": 0.25},
    {"u_test": "adjusted-r2", "min_rise": 0.6},
], ids=str)
def test_classes_follow_the_decision_by_statsmodels(engine, chosen):
    radiance, zenith = pixels(count=150)
    classes, _ = fit(engine, radiance, zenith, **chosen)
    expected = [reference(*valid(radiance[:, index], zenith[:, index]), **chosen)[0]
                for index in range(radiance.shape[1])]
    assert classes.tolist() == expected
    assert {NONE, NEGATIVE, POSITIVE, U_SHAPED} <= set(expected)  # else the case decides nothing


def test_the_two_u_tests_differ_where_one_end_is_flat(engine):
    random = np.random.default_rng(3)
    zenith = np.linspace(5, 55, 60)
    radiance = 20 + 0.01 * (zenith - 17) ** 2 + random.normal(0, 3, 60)  # its vertex is inside, its left arm is short
    assert fit_one(engine, radiance, zenith, u_test="adjusted-r2")[0] == U_SHAPED
    assert fit_one(engine, radiance, zenith, u_test="slopes")[0] == POSITIVE


def test_an_inverted_u_is_no_u(engine):
    zenith = np.linspace(5, 55, 61)
    radiance = 90 - 0.05 * (zenith - 30) ** 2 + np.random.default_rng(1).normal(0, 1, 61)
    for u_test in ("slopes", "adjusted-r2"):
        effect, found = fit_one(engine, radiance, zenith, u_test=u_test)
        assert effect == NONE
        assert found["quadratic_curvature"] < 0


def test_flat_pixels_are_negative_at_half_the_significance_level(engine):
    random = np.random.default_rng(11)
    count = 20_000
    zenith = np.repeat(random.uniform(3, 58, (60, 1)), count, axis=1)
    classes, found = fit(engine, random.normal(30, 3, (60, count)), zenith)
    called = int(np.sum((found["linear_p"] < 0.05) & (found["linear_slope"] < 0)))
    assert binom.ppf(1e-4, count, 0.025) <= called <= binom.ppf(1 - 1e-4, count, 0.025)
    # The few that are U-shaped first are missing among the negative ones.
    overlap = np.sum((found["linear_p"] < 0.05) & (found["linear_slope"] < 0) & (classes == U_SHAPED))
    assert np.sum(classes == NEGATIVE) == called - overlap
    assert overlap < 0.002 * count


# The relative change

def test_a_change_below_the_least_one_is_no_effect(engine):
    zenith = np.linspace(0, 50, 51)
    radiance = 100 - 0.4 * zenith + 0.01 * np.where(np.arange(51) % 2, 1, -1)
    effect, found = fit_one(engine, radiance, zenith)
    assert found["relative_change"] == pytest.approx(-0.2, abs=1e-3)
    assert effect == NEGATIVE
    assert fit_one(engine, radiance, zenith, min_change=0.19)[0] == NEGATIVE
    assert fit_one(engine, radiance, zenith, min_change=0.21)[0] == NONE


def test_a_change_from_no_light_is_undefined_and_fails_only_a_positive_minimum(engine):
    zenith = np.linspace(0, 50, 51)
    radiance = 0.4 * zenith - 5
    effect, found = fit_one(engine, radiance, zenith)
    assert np.isnan(found["relative_change"])
    assert effect == POSITIVE
    assert fit_one(engine, radiance, zenith, min_change=0.001)[0] == NONE


# How much a U must rise

@pytest.mark.parametrize("mirrored", [False, True], ids=["late turn", "early turn"])
@pytest.mark.parametrize("u_test", ["slopes", "adjusted-r2"])
def test_a_turn_that_rises_too_little_is_left_to_the_line(engine, u_test, mirrored):
    zenith = np.linspace(0, 60, 61)
    light = 100 + 0.05 * (zenith - 40) ** 2 + 0.01 * np.where(np.arange(61) % 2, 1, -1)
    radiance = light[::-1] if mirrored else light  # rises by a quarter of its fall: 20 degrees against 40
    line = POSITIVE if mirrored else NEGATIVE
    assert fit_one(engine, radiance, zenith, u_test=u_test)[0] == U_SHAPED
    assert fit_one(engine, radiance, zenith, u_test=u_test, min_rise=0.24)[0] == U_SHAPED
    assert fit_one(engine, radiance, zenith, u_test=u_test, min_rise=0.26)[0] == line


# Too little to fit

@pytest.mark.parametrize("least", [5, 30])
def test_one_night_below_the_fewest_gives_no_data_and_the_fewest_are_fitted(engine, least):
    random = np.random.default_rng(5)
    zenith, radiance = random.uniform(1, 59, least), random.normal(50, 5, least)
    effect, found = fit_one(engine, radiance, zenith, min_observations=least)
    assert effect != NO_DATA
    assert np.isfinite(list(found.values())).all()
    effect, found = fit_one(engine, radiance[1:], zenith[1:], min_observations=least)
    assert effect == NO_DATA
    assert found.pop("observations") == least - 1
    assert np.isnan(list(found.values())).all()


def test_a_pixel_without_any_night_has_no_data(engine):
    effect, found = fit_one(engine, np.full(40, np.nan), np.linspace(0, 50, 40))
    assert effect == NO_DATA
    assert found.pop("observations") == 0
    assert np.isnan(list(found.values())).all()


def test_constant_zenith_has_no_effect_and_no_fit_but_keeps_the_angle(engine):
    effect, found = fit_one(engine, np.random.default_rng(2).normal(50, 5, 40), np.full(40, 33.3))
    assert effect == NONE
    assert np.isnan([found[name] for name in (*LINEAR, *QUADRATIC)]).all()
    assert found["observations"] == 40
    assert found["zenith_minimum"] == found["zenith_maximum"] == np.float32(33.3)


@pytest.mark.parametrize("level", [0.0, 0.1, 5000.3])
@pytest.mark.parametrize("u_test", ["slopes", "adjusted-r2"])
def test_constant_radiance_has_slopes_zero_and_no_effect(engine, level, u_test):
    effect, found = fit_one(engine, np.full(40, level), np.linspace(1, 57, 40), u_test=u_test)
    assert effect == NONE
    for name in ("linear_slope", "quadratic_slope", "quadratic_curvature", "linear_r2", "quadratic_r2"):
        assert found[name] == 0
    assert [found[name] for name in P_VALUES] == [1, 1, 1]
    assert found["linear_intercept"] == found["quadratic_intercept"] == np.float32(level)


@pytest.mark.parametrize(("nights", "rare"), [(40, 20), (40, 1), (1000, 1), (1000, 500)])
@pytest.mark.parametrize("first_is_rare", [False, True])
@pytest.mark.parametrize("angles", [(12.3, 47.9), (54.321, 54.322), (0.0, 60.0)])
def test_two_distinct_zeniths_have_a_line_and_no_parabola(engine, nights, rare, first_is_rare, angles):
    zenith = np.full(nights, angles[0])
    zenith[:rare] = angles[1]
    order = slice(None) if first_is_rare else slice(None, None, -1)
    radiance = np.random.default_rng(nights + rare).normal(30, 4, nights) - 0.3 * zenith
    radiance, zenith = radiance.astype(np.float32)[order], zenith.astype(np.float32)[order]
    effect, found = fit_one(engine, radiance, zenith)
    line = sm.OLS(radiance.astype(float), sm.add_constant(zenith.astype(float) - float(zenith[0]))).fit()
    slope, p = line.params[1], line.pvalues[1]
    assert np.isnan([found[name] for name in QUADRATIC]).all()
    assert found["linear_slope"] == pytest.approx(slope, rel=1e-6)
    assert found["linear_p"] == pytest.approx(p, abs=1e-8)
    assert effect == (NONE if p >= 0.05 else NEGATIVE if slope < 0 else POSITIVE)


def exact_parabola(zenith, radiance):
    """Coefficients of the least-squares parabola in rational arithmetic: no digit is lost."""
    z, r = [Fraction(float(each)) for each in zenith], [Fraction(float(each)) for each in radiance]
    s = [sum(each**power for each in z) for power in range(5)]
    b = [sum(each**power * value for each, value in zip(z, r)) for power in range(3)]
    rows = [[s[i], s[i + 1], s[i + 2], b[i]] for i in range(3)]
    for i in range(3):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for j in range(3):
            if j != i:
                rows[j] = [left - rows[j][i] * right for left, right in zip(rows[j], rows[i])]
    return [float(row[3]) for row in rows]


@pytest.mark.parametrize("angles", [(30.0, 30.01, 30.02), (59.0, 59.001, 59.5), (0.0, 0.01, 60.0), (5.0, 30.0, 55.0)])
def test_three_distinct_zeniths_have_the_exact_parabola(engine, angles):
    random = np.random.default_rng(8)
    zenith = np.repeat(angles, 14).astype(np.float32)
    random.shuffle(zenith)
    radiance = random.normal(5000, 1, len(zenith)).astype(np.float32)
    _, found = fit_one(engine, radiance, zenith)
    expected = exact_parabola(zenith, radiance)
    for name, value in zip(("quadratic_intercept", "quadratic_slope", "quadratic_curvature"), expected):
        assert found[name] == pytest.approx(value, rel=1e-6), name


# Fits without a residual

@pytest.mark.parametrize("u_test", ["slopes", "adjusted-r2"])
@pytest.mark.parametrize(("shape", "expected"), [
    (lambda z: 100 - z, NEGATIVE), (lambda z: 10 + 0.5 * z, POSITIVE), (lambda z: 0.25 * (z - 32) ** 2, U_SHAPED),
    (lambda z: 900 - 0.25 * (z - 30) ** 2, NONE), (lambda z: 0.25 * (z + 10) ** 2, POSITIVE),
], ids=["falling line", "rising line", "U", "inverted U", "right arm of a U"])
def test_perfect_fits_are_decided_without_a_warning(engine, shape, expected, u_test):
    zenith = np.arange(0.0, 61.0)
    effect, found = fit_one(engine, shape(zenith), zenith, u_test=u_test)
    assert effect == expected
    assert np.isfinite(list(found.values())[:-3]).all()
    assert found["quadratic_r2"] == pytest.approx(1, abs=1e-12)
    assert max(found["linear_r2"], found["quadratic_r2"]) <= 1


def test_a_p_value_too_small_for_float32_is_written_as_zero(engine):
    zenith = np.linspace(0, 60, 400)
    radiance = 100 - zenith + np.random.default_rng(4).normal(0, 0.5, 400)
    _, found = fit_one(engine, radiance, zenith)
    assert found["linear_p"] == found["quadratic_p"] == 0
    written = fit(engine, radiance, zenith, dtype=np.float32)[1]
    assert written["linear_p"].dtype == np.float32


def test_statistics_are_written_as_float32_of_the_double_ones(engine):
    radiance, zenith = pixels(count=20)
    _, double = fit(engine, radiance, zenith)
    _, single = fit(engine, radiance, zenith, dtype=np.float32)
    for name in STATISTICS:
        np.testing.assert_array_equal(single[name], double[name].astype(np.float32), name)


# What counts as an observation

BAD = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}


@pytest.mark.parametrize("limit", [60.0, np.inf])
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("quantity", ["radiance", "zenith"])
def test_a_night_that_is_not_finite_in_either_quantity_does_not_exist(engine, quantity, bad, limit):
    radiance, zenith = pixels(count=6, nights=50, highest=59.0)
    broken = {"radiance": radiance.copy(), "zenith": zenith.copy()}
    where = np.random.default_rng(9).random(radiance.shape) < 0.3
    where[0], where[-1] = True, True  # also the night that would be the pixel's first
    broken[quantity][where] = BAD[bad]
    without = np.where(where, np.float32(np.nan), radiance)
    for mine, expected in zip(sums_of(engine, **broken, limit=limit), sums_of(engine, without, zenith, limit=limit)):
        np.testing.assert_array_equal(mine, expected)
    assert sums_of(engine, **broken, limit=limit)[0][0, 0].max() < 50


def test_the_greatest_zenith_itself_counts_and_the_next_number_does_not(engine):
    zenith = np.full(40, 20.0, dtype=np.float32)
    zenith[5], zenith[6] = 37.3, np.nextafter(np.float32(37.3), np.float32(90))
    _, found = fit_one(engine, np.arange(40), zenith, limit=37.3)
    assert found["observations"] == 39
    assert found["zenith_maximum"] == np.float32(37.3)


def test_without_a_limit_every_zenith_counts(engine):
    zenith = np.linspace(0, 89.9, 50)
    assert fit_one(engine, np.arange(50), zenith, limit=np.inf)[1]["observations"] == 50
    assert fit_one(engine, np.arange(50), zenith, limit=60.0)[1]["observations"] == np.sum(zenith <= 60)


def test_a_mask_of_bytes_leaves_out_what_it_rejects(engine):
    radiance, zenith = pixels(count=10)
    accepted = np.random.default_rng(6).integers(0, 2, radiance.shape, dtype=np.uint8)
    without = np.where(accepted, radiance, np.float32(np.nan))
    for mine, expected in zip(sums_of(engine, radiance, zenith, accepted), sums_of(engine, without, zenith)):
        np.testing.assert_array_equal(mine, expected)


# Properties

NIGHTS = st.integers(5, 45)
SEEDS = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


def some_pixels(seed, nights):
    return pixels(count=5, nights=nights, seed=seed)


@quick
@given(SEEDS, NIGHTS, st.lists(st.integers(0, 45), max_size=6))
def test_any_division_into_batches_gives_the_same_bits_in_both_engines(seed, nights, cuts):
    radiance, zenith = some_pixels(seed, nights)
    cuts = [cut for cut in cuts if cut <= nights]
    whole = sums_of(angular_fit, radiance, zenith)
    for engine in ENGINES.values():
        for mine, expected in zip(sums_of(engine, radiance, zenith, cuts=cuts), whole):
            np.testing.assert_array_equal(mine, expected)


@quick
@given(SEEDS, NIGHTS, st.booleans(), st.sampled_from(["slopes", "adjusted-r2"]))
def test_both_engines_decide_alike_and_agree_in_the_statistics(seed, nights, few_values, u_test):
    radiance, zenith = some_pixels(seed, nights)
    if few_values:  # rank-deficient and constant pixels too
        radiance, zenith = np.round(radiance / 20) * 20, np.round(zenith / 30) * 30
    chosen = {"min_observations": 5, "u_test": u_test}
    classes, found = fit(angular_fit, radiance, zenith, **chosen)
    other_classes, other = fit(angular_kernel, radiance, zenith, **chosen)
    np.testing.assert_array_equal(classes, other_classes)
    for name in STATISTICS:
        np.testing.assert_allclose(other[name], found[name], rtol=1e-9, atol=1e-12, err_msg=name)


@quick
@given(SEEDS, NIGHTS)
def test_the_order_of_the_nights_does_not_matter(seed, nights):
    radiance, zenith = some_pixels(seed, nights)
    order = np.random.default_rng(seed).permutation(nights)
    for engine in ENGINES.values():
        _, found = fit(engine, radiance, zenith, min_observations=5)
        _, permuted = fit(engine, radiance[order], zenith[order], min_observations=5)
        for name in STATISTICS:
            scale = np.nanmax(np.abs(found[name]), initial=0)
            np.testing.assert_allclose(permuted[name], found[name], rtol=1e-6, atol=1e-9 * scale, err_msg=name)


@quick
@given(SEEDS, NIGHTS, st.sampled_from([2.0**-9, 0.5, 4.0, 1024.0]))
def test_scaled_radiance_scales_the_coefficients_and_nothing_else(seed, nights, factor):
    radiance, zenith = some_pixels(seed, nights)
    for engine in ENGINES.values():
        classes, found = fit(engine, radiance, zenith, min_observations=5)
        scaled_classes, scaled = fit(engine, radiance * np.float32(factor), zenith, min_observations=5)
        np.testing.assert_array_equal(scaled_classes, classes)
        for name in STATISTICS:
            is_scaled = name.startswith(("linear", "quadratic")) and not name.endswith(("_r2", "_p"))
            np.testing.assert_array_equal(scaled[name], found[name] * (factor if is_scaled else 1), name)


@quick
@given(SEEDS, NIGHTS, st.integers(1, 4000))
def test_shifted_radiance_shifts_the_intercepts_and_changes_no_class(seed, nights, shift):
    radiance, zenith = some_pixels(seed, nights)
    radiance = np.round(radiance)  # so that the shift itself is exact
    for engine in ENGINES.values():
        classes, found = fit(engine, radiance, zenith, min_observations=5)
        shifted_classes, shifted = fit(engine, radiance + np.float32(shift), zenith, min_observations=5)
        np.testing.assert_array_equal(shifted_classes, classes)
        for name in STATISTICS:
            if name.endswith("intercept"):
                np.testing.assert_allclose(shifted[name], found[name] + shift, rtol=1e-12, atol=1e-9, err_msg=name)
            elif name != "relative_change":
                np.testing.assert_array_equal(shifted[name], found[name], name)


@quick
@given(SEEDS, NIGHTS)
def test_every_night_twice_keeps_the_curves_and_doubles_the_observations(seed, nights):
    radiance, zenith = some_pixels(seed, nights)
    for engine in ENGINES.values():
        _, found = fit(engine, radiance, zenith, min_observations=5)
        _, doubled = fit(engine, np.repeat(radiance, 2, axis=0), np.repeat(zenith, 2, axis=0), min_observations=10)
        np.testing.assert_array_equal(doubled["observations"], 2 * found["observations"])
        for name in COEFFICIENTS:
            np.testing.assert_allclose(doubled[name], found[name], rtol=1e-6, atol=1e-9, err_msg=name)


@quick
@given(SEEDS, st.integers(6, 45))
def test_any_pixel_agrees_with_statsmodels(seed, nights):
    radiance, zenith = some_pixels(seed, nights)
    radiance = np.where(np.isnan(radiance), np.float32(25), radiance)
    assume((radiance.max(0) > radiance.min(0)).all())  # statsmodels' R2 of a constant is -inf
    zenith = np.minimum(zenith, np.float32(60))
    for engine in ENGINES.values():
        classes, found = fit(engine, radiance, zenith, min_observations=6)
        for index in range(radiance.shape[1]):
            effect, expected = reference(radiance[:, index], zenith[:, index], min_observations=6)
            assert_as_reference(found, index, expected)
            assert classes[index] == effect
