"""What totals do besides calendar and light: a course with memory, read from the totals of other months.

Openings of factories that nobody lists, a crisis that light shows late or not at all: what a total lacks in one month
it mostly lacks in the next. So logarithms of totals are a calendar, light and a first-order autoregression, by best
linear unbiased prediction (kriging in time); its spread and memory are those under which the totals are likeliest
(Rasmussen and Williams 2006, sections 2.2 and 5.4).
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import expit, logit

from .swing_gains import Rows

LEVEL_SPREAD, GROWTH_SPREAD, SEASON_SPREAD = 1.5, 0.06, 0.16  # of the logarithm: level, growth per year, each wave
USUAL_SPREAD, USUAL_MEMORY, USUAL_NOISE = 0.04, 0.9, 0.03  # of the logarithm; correlation of a month with the next
VAGUE = 0.7  # standard deviation of the logarithms, and of the memory's logit, around the usual
GAIN_SPREAD, FREE_GAIN_SPREAD = 0.1, 10.0  # of the factor on the gain of light, around 1


@dataclass(frozen=True)
class Course:
    """values: logarithm of output over calendar and light in every month from first on. memory: correlation of a month
    with the next."""

    first: int
    values: NDArray[np.float64]
    memory: float

    def at(self, months: NDArray[np.int32]) -> NDArray[np.float64]:
        """Shape (months,): beyond the ends it returns to 0 as memory fades."""
        inside = np.clip(months - self.first, 0, len(self.values) - 1)
        return np.asarray(self.values[inside] * self.memory**np.abs(months - self.first - inside), np.float64)


NO_COURSE = Course(0, np.zeros(1), 0.0)


def courses_at(courses: tuple[Course, ...], months: NDArray[np.int32]) -> NDArray[np.float64]:
    """Those of zones with the region's, which is the last, and the region's alone, (zones + 1, months)."""
    region = courses[-1].at(months)
    return np.array([*(each.at(months) + region for each in courses[:-1]), region])


def fit_course(rows: Rows, months: NDArray[np.int32], light: NDArray[np.float64], gain_spread: float,
               weight: NDArray[np.float64]) -> tuple[Course, float]:
    """The course from the first to the last month that rows cover, and the gain of light.

    months: those of rows.weights. light: what it adds to each row at gain 1, (rows,); gains are 1 +- gain_spread.
    weight: of each row, (rows,).
    """
    covered = (rows.weights > 0).any(axis=0)
    span = np.arange(months[covered][0], months[covered][-1] + 1)
    over = np.zeros((len(rows.zone), len(span)))
    over[:, months[covered] - span[0]] = rows.weights[:, covered]
    apart = np.abs(span[:, None] - span)
    spread = np.array([GROWTH_SPREAD, *(SEASON_SPREAD,) * (rows.terms.shape[1] - 2)])
    terms = (rows.terms[:, 1:] - rows.terms[:, 1:].mean(axis=0)) * spread
    known = (LEVEL_SPREAD**2 * (rows.zone[:, None] == rows.zone) + terms @ terms.T
             + gain_spread**2 * np.outer(light, light))
    target = rows.target - light
    target = target - target.mean()

    def covariance(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
        """And what it changes by each number."""
        spread, memory, noise = np.exp(numbers[0]), expit(numbers[1]), np.exp(numbers[2])
        fading = memory**apart
        lasting = over @ (spread**2 * fading) @ over.T
        random = np.diag(noise**2 / weight)
        return known + lasting + random, [2 * lasting, over @ (spread**2 * (1 - memory) * apart * fading) @ over.T,
                                          2 * random]

    def unlikely(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, changes = covariance(numbers)
        factor = cho_factor(total, lower=True)
        pull, inverse = cho_solve(factor, target), cho_solve(factor, np.eye(len(target)))
        away = (numbers - usual) / VAGUE**2
        slope = np.array([0.5 * ((inverse * each).sum() - pull @ each @ pull) for each in changes])
        return (float(0.5 * target @ pull + np.log(np.diag(factor[0])).sum() + 0.5 * away @ (numbers - usual)),
                slope + away)

    usual = np.array([np.log(USUAL_SPREAD), logit(USUAL_MEMORY), np.log(USUAL_NOISE)])
    numbers = minimize(unlikely, usual, method="L-BFGS-B", jac=True, bounds=[(each - 4, each + 4) for each in usual],
                       options={"ftol": 1e-13, "gtol": 1e-9}).x
    numbers = np.round(numbers, 2)  # what the last digits of sums do mustn't change a model
    pull = cho_solve(cho_factor(covariance(numbers)[0]), target)
    memory = float(expit(numbers[1]))
    values = np.exp(2 * numbers[0]) * memory**apart @ over.T @ pull
    return Course(int(span[0]), values, memory), float(1 + gain_spread**2 * light @ pull)
