"""The estimator of output: one value per factory and month, fitted so that sums match published totals.

Public: fit_estimator, GvioEstimator.estimate; save_estimator and read_estimator stand in model_file.py. An estimate is
the factory's share x what the calendar says of its zone x the exponential of its swings as light has them, by the gain
and the lag of its sector, and of the course that totals take besides. Only months that a training label covers enter a
fitted model.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...models.sa_cnn import SaCnn
from ..errors import InputError
from ..progress import Progress
from .calendar_terms import YEAR, calendar_terms, terms_told
from .course import FREE_GAIN_SPREAD, GAIN_SPREAD, NO_COURSE, Course, courses_at, fit_course
from .factory_shares import Scale, factory_shares
from .labels import Labels, zones_of_zeros
from .light_signals import light_changes
from .network import Bags, network_adds, network_inputs, train_network
from .reader_inputs import reader_inputs
from .samples import FactorySamples
from .settings import TRAINED, GvioSettings
from .swing_gains import LAGS, TRUST, Rows, fit_gains, later
from .swings import factory_swings
from .trained_reading import trained_corrections
from .traits import FactoryTraits
from .zone_months import ZoneMonths
from .zones import NOWHERE

LEVEL_PRICE, TERM_PRICE = 1e-3, 0.3  # of a zone's departures from the calendar of all
LEAST_MONTHS = 24


@dataclass(frozen=True)
class Estimates:
    """values: shape (factories, months), float32, 0 while a factory is closed, in the unit of the labels. spread:
    likewise, standard deviation over the ensemble's members."""

    values: NDArray[np.float32]
    spread: NDArray[np.float32]


@dataclass(frozen=True)
class GvioEstimator:
    """A fitted model. zones, sectors: names. radii: of the rings that it was trained on. months: those it has learned
    from, rising. calendar: (members, zones + 1, terms), the last for places in no zone of the labels, the constant -inf
    where a zone makes nothing. gains: (members, sectors or 1, LAGS), of a swing so many months later. courses: of each
    member (zones + 1), the last that of the region. scale: of the factories that levels were learnt against."""

    settings: GvioSettings
    zones: tuple[str, ...]
    sectors: tuple[str, ...]
    radii: tuple[float, ...]
    months: NDArray[np.int32]
    calendar: NDArray[np.float64]
    gains: NDArray[np.float64]
    courses: tuple[tuple[Course, ...], ...]
    land_names: tuple[str, ...] = ()
    network: SaCnn | None = None
    network_weight: float = 0.0
    interval_quantile: float = float("nan")
    scale: Scale = Scale()

    def estimate(self, samples: FactorySamples, traits: FactoryTraits, progress: Progress,
                 device: str = "cpu") -> Estimates:
        """Raises InputError where samples were read with other buffers.

        Usual levels of light are those of the months that the model has learned from, where samples has some.
        """
        self.check_buffers(samples)
        known = np.isin(samples.months, self.months)
        every = np.ones(len(samples.months), bool)
        signal = _read_signal(samples, traits, self.sectors, self.settings, known if known.any() else every, every,
                              progress.part(0, 0.3), self.scale, device)
        patches: NDArray[np.float64] | float = 0.0
        if self.network is not None and self.network_weight:
            inputs = network_inputs(samples, signal.swings, self.settings, self.land_names, known if known.any() else
                                    every, every)
            patches = self.network_weight * network_adds(self.network, inputs, device, progress.part(0.3, 0.7))
        terms = calendar_terms(samples.months, int(self.months[0]), self.settings.days)
        zone = np.where(traits.zone == NOWHERE, len(self.zones), traits.zone)
        swings = later(signal.swings)
        every_gain = self._gains_for(signal.group, progress)
        group = np.minimum(signal.group, every_gain.shape[1] - 1)
        total = np.zeros((2, *signal.share.shape))
        for number, (calendar, gains, courses) in enumerate(zip(self.calendar, every_gain, self.courses)):
            added = np.einsum("fml,fl->fm", swings, gains[group]) + patches
            values = _split(signal.share, added, zone) * np.exp(
                (calendar @ terms.T + courses_at(courses, samples.months))[zone])
            total += values, values**2
            progress.report(0.7 + 0.3 * (number + 1) / len(self.calendar))
        mean, square = total / len(self.calendar)
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        return Estimates(mean.astype(np.float32), spread.astype(np.float32))

    def _gains_for(self, group: NDArray[np.intp], progress: Progress) -> NDArray[np.float64]:
        """Gains, with the mean over sectors for factories of a group that training didn't have."""
        new = int((group >= self.gains.shape[1]).sum())
        if not new:
            return self.gains
        progress.warning(f"SECTOR_FIELD: {new} of {len(group)} factories have a sector that the model hasn't learnt "
                         "from, or none; they get the mean gain of its sectors.")
        return np.concatenate((self.gains, self.gains.mean(axis=1, keepdims=True)), axis=1)

    def check_buffers(self, samples: FactorySamples) -> None:
        if samples.radii != self.radii:
            ours, theirs = (",".join(f"{radius:g}" for radius in radii) for radii in (samples.radii, self.radii))
            raise InputError("BUFFERS", f"'{ours}' was given, and the model was trained with '{theirs}'",
                             "give the same, or train another model")


def _split(share: NDArray[np.float64], added: NDArray[np.float64], zone: NDArray[np.int32]) -> NDArray[np.float64]:
    """Shares after light has added to them, (factories, months): a zone's sum is that of its shares x the exponential
    of its mean addition, as labels are fitted, and its factories part it by their own additions."""
    zones = int(zone.max(initial=0)) + 1
    sums = np.zeros((3, zones, share.shape[1]))
    raised = share * np.exp(added)
    for index, values in enumerate((share, share * added, raised)):
        np.add.at(sums[index], zone, values)
    mean = np.divide(sums[1], sums[0], out=np.zeros_like(sums[0]), where=sums[0] > 0)
    factor = np.divide(sums[0] * np.exp(mean), sums[2], out=np.zeros_like(mean), where=sums[2] > 0)
    return np.asarray(raised * factor[zone], np.float64)


@dataclass(frozen=True)
class Signal:
    """share: (factories, months), of output, 0 while a factory is closed. swings: (factories, months). group:
    (factories,), index of the sector, all 0 without sectors. scale: that of the shares."""

    share: NDArray[np.float64]
    swings: NDArray[np.float64]
    group: NDArray[np.intp]
    scale: Scale


def linear_signal(samples: FactorySamples, traits: FactoryTraits, sectors: tuple[str, ...], settings: GvioSettings,
                  reference: NDArray[np.bool_], visible: NDArray[np.bool_], progress: Progress,
                  scale: Scale) -> Signal:
    """reference: months that usual levels are taken from. visible: months whose light may be looked at. scale: see
    factory_shares."""
    changes = light_changes(samples, settings, reference, visible)
    group = traits.groups(sectors)
    share, scale = factory_shares(samples, traits, changes, reference, settings.light_sharing, scale)
    return Signal(share, factory_swings(changes, group, progress), group, scale)


def _read_signal(samples: FactorySamples, traits: FactoryTraits, sectors: tuple[str, ...], settings: GvioSettings,
                 reference: NDArray[np.bool_], visible: NDArray[np.bool_], progress: Progress, scale: Scale,
                 device: str) -> Signal:
    """The linear signal, corrected where settings ask for it."""
    trained = settings.reading == TRAINED
    signal = linear_signal(samples, traits, sectors, settings, reference, visible,
                           progress.part(0, 0.5) if trained else progress, scale)
    if not trained:
        return signal
    inputs = reader_inputs(samples, signal.share, signal.swings, traits.zone, settings, reference, visible)
    added = trained_corrections(inputs, traits.zone, device, progress.part(0.5, 1))
    return replace(signal, swings=signal.swings + added)


def fit_estimator(samples: FactorySamples, traits: FactoryTraits, labels: Labels, settings: GvioSettings,
                  progress: Progress, device: str = "cpu") -> GvioEstimator:
    """Fits everything on the months that labels cover: give the training labels alone.

    labels: whole within samples.months. Raises InputError where they cover less than LEAST_MONTHS months or no factory
    lies in a zone with labels.
    """
    covered = labels.covers(samples.months)
    train = covered.any(axis=0)
    if train.sum() < LEAST_MONTHS:
        raise InputError("MONTHLY_TOTALS", f"it covers {int(train.sum())} months of RADIANCE",
                         f"give at least {LEAST_MONTHS} months")
    signal = _read_signal(samples, traits, traits.sectors, settings, train, train, progress.part(0, 0.5), Scale(),
                          device)
    told = terms_told(labels.first, labels.last, settings.days)
    terms = np.compress(told, calendar_terms(samples.months, int(samples.months[train][0]), settings.days), axis=1)
    by_month = _zone_months(samples.months, terms, len(labels.zones), traits.zone, signal)
    rows = _label_rows(labels, covered, by_month)
    if not len(rows.target):
        raise InputError("ZONES", "no factory lies in a zone with totals", "choose zones and factories of one region")
    whole = rows.of_all_zones()
    lags = 1 if settings.reading == TRAINED else LAGS  # the networks have learnt lags
    trust, gain_spread = (TRUST, GAIN_SPREAD) if settings.shrinkage else (0.0, FREE_GAIN_SPREAD)
    generator = np.random.default_rng(settings.seed)
    years = np.unique(whole.year)
    calendars, gains, courses = [], [], []
    for member in range(settings.members):
        progress.report(0.7 + 0.1 * member / settings.members)
        drawn = 0.5 + 0.5 * generator.multinomial(len(years), np.full(len(years), 1 / len(years)))
        weight = drawn[np.searchsorted(years, whole.year)]
        by_lag = fit_gains(whole, trust, weight, lags)
        course, gain = fit_course(whole, samples.months, whole.added(by_lag), gain_spread, weight)
        year = np.searchsorted(years, (rows.first - whole.first.min()) // YEAR)
        weight = drawn[np.clip(year, 0, len(years) - 1)]
        known = rows.added(gain * by_lag) + rows.weights @ course.at(samples.months)
        courses.append((*_zone_courses(rows, samples.months, known, weight, len(labels.zones), progress), course))
        calendars.append(_fit_calendar(rows, gain * by_lag, courses_at(courses[-1], samples.months), weight,
                                       by_month))
        gains.append(gain * by_lag)
    fitted = np.array(calendars)
    network, network_weight = None, 0.0
    if settings.network:
        inputs = network_inputs(samples, signal.swings, settings, samples.land_names, train, train)
        course = np.mean([courses_at(each, samples.months) for each in courses], axis=0)
        bags = _bags(rows, fitted.mean(axis=0), np.mean(gains, axis=0), course, samples, traits.zone, signal.share)
        network, network_weight = train_network(inputs, bags, settings.seed, device, progress.part(0.8, 1))
    progress.report(1)
    calendar = np.zeros((*fitted.shape[:2], len(told)))
    calendar[:, :, told] = fitted
    calendar[:, zones_of_zeros(labels), 0] = -np.inf
    return GvioEstimator(settings, labels.zones, traits.sectors, samples.radii, samples.months[train], calendar,
                         np.array(gains), tuple(courses), samples.land_names, network if network_weight else None,
                         network_weight, scale=signal.scale)


def _zone_courses(rows: Rows, months: NDArray[np.int32], known: NDArray[np.float64], weight: NDArray[np.float64],
                  zones: int, progress: Progress) -> list[Course]:
    """What the totals of each zone do beside the region's; known: what light and the region's course add, (rows,). A
    zone without totals, or that is the region, has none."""
    found = []
    for zone in range(zones):
        progress.check()
        here = rows.zone == zone
        found.append(fit_course(rows.select(here), months, known[here], 0, weight[here])[0]
                     if here.any() and not here.all() else NO_COURSE)
    return found


def _bags(rows: Rows, calendar: NDArray[np.float64], gain: NDArray[np.float64], course: NDArray[np.float64],
          samples: FactorySamples, zone: NDArray[np.int32], share: NDArray[np.float64]) -> Bags:
    """What labels lack after calendar, swings and course; weighted by their share of all."""
    lacking = (rows.target - rows.added(gain) - (rows.weights * course[rows.zone]).sum(axis=1)
               - (rows.terms * calendar[rows.zone]).sum(axis=1))
    first, last = (np.searchsorted(samples.months, each) for each in (rows.first, rows.last))
    return Bags(share, zone, rows.zone, first, last, lacking, rows.year, rows.value / rows.value.sum())


def _zone_months(months: NDArray[np.int32], terms: NDArray[np.float64], zones: int, zone: NDArray[np.int32],
                 signal: Signal) -> ZoneMonths:
    groups = int(signal.group.max(initial=0)) + 1
    share = np.zeros((zones, len(months)))
    swing = np.zeros((zones, groups, len(months)))
    inside = zone != NOWHERE
    np.add.at(share, zone[inside], signal.share[inside])
    np.add.at(swing, (zone[inside], signal.group[inside]), (signal.share * signal.swings)[inside])
    return ZoneMonths(months, terms, share, swing)


def _label_rows(labels: Labels, covered: NDArray[np.bool_], by_month: ZoneMonths) -> Rows:
    share = by_month.share
    bag = (share[labels.zone] * covered).sum(axis=1)
    used = (bag > 0) & (labels.value > 0)
    mean = covered[used] / bag[used, None]
    swings = np.einsum("rgml,rm->rgl", by_month.later()[labels.zone[used]], mean)
    weights = share[labels.zone[used]] * covered[used] / bag[used, None]
    return Rows(labels.zone[used], labels.first[used], labels.last[used], labels.value[used], bag[used],
                weights, weights @ by_month.terms, swings)


def _fit_calendar(rows: Rows, gain: NDArray[np.float64], course: NDArray[np.float64], weight: NDArray[np.float64],
                  by_month: ZoneMonths) -> NDArray[np.float64]:
    """Calendar of every zone, which departs from the calendar of all at a price, and that of all: (zones + 1, terms).
    Levels are such that the sums of a zone match its labels."""
    zones, count = len(by_month.share), rows.terms.shape[1]
    target = rows.target - rows.added(gain) - (rows.weights * course[rows.zone]).sum(axis=1)
    own = np.zeros((len(target), zones, count))
    own[np.arange(len(target)), rows.zone] = rows.terms
    design = np.concatenate((rows.terms, own.reshape(len(target), -1)), axis=1)
    price = np.concatenate((np.full(count, 1e-6), np.tile([LEVEL_PRICE, *(TERM_PRICE,) * (count - 1)], zones)))
    found = np.linalg.solve(design.T @ (weight[:, None] * design) + np.diag(price), design.T @ (weight * target))
    calendar = np.concatenate((found[:count] + found[count:].reshape(zones, count), found[None, :count]))
    guess = by_month.sums(rows, calendar, gain, course)
    for zone in np.unique(rows.zone):
        here = rows.zone == zone
        calendar[zone, 0] += np.log((weight * rows.value)[here].sum() / (weight * guess)[here].sum())
    return np.asarray(calendar, np.float64)
