"""How well trees tell CBDs from other centres that they weren't grown from."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from ..scores import wilson_interval
from .cbd_model import least_votes
from .classification import forced_centres
from .index_names import COUNT, STRATEGIES
from .settings import TrainCbdTreeSettings
from .training import COSTS, choose_cost, decide, fields_of, fit_types, grow, types_of_centres
from .training_centres import AREA, BRIGHTNESS, TrainingCentres

TRAINING_SHARE = 0.8  # of the centres of each city type, as in Jie et al. (2024)


@dataclass(frozen=True)
class Score:
    """Counts of centres. hits: CBDs that were found. labelled: CBDs. called: centres that were taken for one.

    Counts of CBDs, of which one may have several centres. found: with a hit. known: with those that no centre with
    negative pixels covers.
    """

    hits: int
    labelled: int
    called: int
    found: int
    known: int

    @property
    def producers(self) -> float:
        """Share of the labelled centres that were found; NaN without any."""
        return self.hits / self.labelled if self.labelled else np.nan

    @property
    def users(self) -> float:
        """Share of the called centres that are CBDs; NaN without any."""
        return self.hits / self.called if self.called else np.nan

    @property
    def end_to_end(self) -> float:
        return self.found / self.known if self.known else np.nan

    def intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """95 % intervals (Wilson) of producer's and user's accuracy."""
        return wilson_interval(self.hits, self.labelled), wilson_interval(self.hits, self.called)


@dataclass(frozen=True)
class Calls:
    """What was decided about each centre by trees that its city took no part in. cost: of each centre's trees."""

    cbd: NDArray[np.bool_]
    probability: NDArray[np.float64]
    cost: NDArray[np.float64]


def score(called: NDArray[np.bool_], centres: TrainingCentres, rows: NDArray[np.bool_] | None = None) -> Score:
    """rows: the centres that count; None takes all, with the CBDs that no centre covers."""
    counted = np.ones(len(centres), bool) if rows is None else rows
    labelled, taken = centres.cbd & counted, called & counted
    pairs = centres.pairs[counted[centres.pairs[:, 0]]]
    found = len(np.unique(pairs[taken[pairs[:, 0]], 1]))
    known = centres.known if rows is None else len(np.unique(pairs[:, 1]))
    return Score(int((taken & labelled).sum()), int(labelled.sum()), int(taken.sum()), found, known)


def one_per_city(calls: Calls, centres: TrainingCentres) -> NDArray[np.bool_]:
    """With the most probable centre of each city that would have none."""
    forced = forced_centres(calls.cbd, calls.probability, centres.columns[COUNT], centres.city)
    return calls.cbd | (forced > 0)


def leave_cities_out(centres: TrainingCentres, fields: Sequence[str], settings: TrainCbdTreeSettings,
                     progress: Progress) -> Calls:
    """Every city by trees, types and a cost that were found on the other cities."""
    calls = Calls(np.zeros(len(centres), bool), np.zeros(len(centres)), np.zeros(len(centres)))
    for number, city in enumerate(centres.cities):
        progress.report(number / len(centres.cities))
        outside = centres.city == city
        if len(np.unique(centres.cbd[~outside])) < 2:
            continue
        cost = choose_cost(centres, ~outside, fields, settings, progress)
        trees = grow(centres, ~outside, fields, settings, cost)
        calls.cbd[outside], calls.probability[outside] = decide(trees, centres, outside, fields, cost)
        calls.cost[outside] = cost
    return calls


def frontier(centres: TrainingCentres, fields: Sequence[str], settings: TrainCbdTreeSettings,
             progress: Progress) -> dict[float, Score]:
    """Scores on cities left out, by the cost of a missed CBD."""
    if settings.trials > 1:  # the cost only says how many votes make a CBD
        calls = leave_cities_out(centres, fields, replace(settings, cost=1), progress)
        return {cost: score(calls.probability > least_votes(cost), centres) for cost in COSTS}
    scores = {}
    for number, cost in enumerate(COSTS):
        part = progress.part(number / len(COSTS), (number + 1) / len(COSTS))
        calls = leave_cities_out(centres, fields, replace(settings, cost=cost), part)
        scores[cost] = score(calls.cbd, centres)
    return scores


def random_splits(centres: TrainingCentres, attributes: Sequence[str], settings: TrainCbdTreeSettings,
                  progress: Progress) -> dict[str, NDArray[np.float64]]:
    """The paper's own protocol, repeated: strategy to producer's and user's accuracy on the test centres and on the
    training centres, shape (settings.repeats, 4).

    As published there are single trees without costs. Centres of one city stand on both sides, so these figures say
    how well the trees know cities that they have seen; types are fitted to the mean radiance of the training centres.
    """
    found = {strategy: np.full((settings.repeats, 4), np.nan) for strategy, (fields, _) in STRATEGIES.items()
             if all(field in centres.columns for field in fields)}
    for repeat, inside in enumerate(splits(centres, settings)):
        progress.report(repeat / settings.repeats)
        if len(np.unique(centres.cbd[inside])) < 2:
            continue
        types = fit_types(centres, inside, settings)
        for strategy, values in found.items():
            own = replace(settings, strategy=strategy, trials=1)
            fields = fields_of(own, attributes)
            trees = grow(centres, inside, fields, own, 1.0, types)
            called = np.zeros(len(centres), bool)
            for rows in (inside, ~inside):
                called[rows], _ = decide(trees, centres, rows, fields, 1.0)
            test, trained = score(called, centres, ~inside), score(called, centres, inside)
            values[repeat] = test.producers, test.users, trained.producers, trained.users
    return found


def splits(centres: TrainingCentres, settings: TrainCbdTreeSettings) -> Iterator[NDArray[np.bool_]]:
    """Whether each centre is for training: so many of the centres of each city type."""
    every = np.ones(len(centres), bool)
    types = types_of_centres(centres, fit_types(centres, every, settings))
    numbers = np.random.default_rng(settings.seed)
    for _ in range(settings.repeats):
        inside = np.zeros(len(centres), bool)
        for name in sorted({str(each) for each in types}):
            rows = numbers.permutation(np.flatnonzero(types == name))
            inside[rows[:round(TRAINING_SHARE * len(rows))]] = True
        yield inside


def floors(centres: TrainingCentres) -> dict[str, NDArray[np.bool_]]:
    """What needs no tree: one centre of each city."""
    by = {"most negative pixels of the city": COUNT, "brightest centre of the city": BRIGHTNESS,
          "largest centre of the city": AREA}
    return {name: _highest(centres.columns[field], centres.city) for name, field in by.items()
            if field in centres.columns}


def _highest(values: NDArray[np.float64], city: NDArray[np.intp]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(values), bool)
    for each in np.unique(city):
        rows = np.flatnonzero(city == each)
        chosen[rows[np.argmax(np.nan_to_num(values[rows], nan=-np.inf))]] = True
    return chosen
