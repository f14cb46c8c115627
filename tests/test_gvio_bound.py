"""The script about how far light can go: its linear prediction, and its readers on a small region."""
from __future__ import annotations

import numpy as np
from nocturne.algorithms.simulation.region import simulate_region
from nocturne.benchmarks import gvio_bound
from nocturne.benchmarks.gvio_bound import Reader, read, skills
from nocturne.benchmarks.gvio_region import region_case


def test_predictions_are_those_of_the_whole_covariance():
    numbers = np.random.default_rng(3)
    months, spread, memory = 7, np.array([0.2, 0.1, 0.3]), np.array([0.8, 0.9, 0.5])
    response = numbers.normal(size=(4, 3))
    seen, noise = numbers.normal(size=(4, months)), numbers.uniform(0.1, 1, (4, months))
    seen[1, 2] = seen[3, 6] = np.nan
    apart = np.abs(np.subtract.outer(np.arange(months), np.arange(months)))
    prior = np.zeros((3 * months, 3 * months))  # by state, then by month
    for state in range(3):
        here = slice(state * months, (state + 1) * months)
        prior[here, here] = spread[state]**2 * memory[state]**apart
    known = np.isfinite(seen).ravel()
    shown = np.kron(response, np.eye(months))[known]
    gain = prior @ shown.T @ np.linalg.inv(shown @ prior @ shown.T + np.diag(noise.ravel()[known]))
    np.testing.assert_allclose(gvio_bound._predict(response, seen, noise, spread, memory),
                               (gain @ seen.ravel()[known]).reshape(3, months), atol=1e-10)


def test_readers_know_ever_less():
    region = simulate_region(3, months=48, cells=48)
    case = region_case(region)
    output = skills(region, case, Reader(light=False))["blocked"]
    assert 0 < output < 1
    share, swings = read(region, Reader(every=False, traits=False))
    assert share.shape == swings.shape == (len(share), 48)
    assert len(share) < region.plan.factories
    truth = gvio_bound.calendar_departures(region, region.output.series[region.plan.kind == gvio_bound.LIT])
    seen = read(region, Reader())[1][region.plan.kind[:region.plan.factories] == gvio_bound.LIT]
    there = np.isfinite(truth)
    assert np.corrcoef(truth[there], seen[there])[0, 1] > 0.3, "swings are seen in light"
