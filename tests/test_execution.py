"""The thread pool: order, errors, laziness, and how fast a cancel is heard."""
from __future__ import annotations

import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nocturne.algorithms.errors import Cancelled
from nocturne.algorithms.execution import blocks_in_flight, run_blocks, thread_count
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources


class Recording(Progress):
    """Cancels once stop is set, and keeps the fractions."""

    def __init__(self):
        self.stop = threading.Event()
        self.fractions = []

    def set_fraction(self, fraction):
        self.fractions.append(fraction)

    def is_cancelled(self):
        return self.stop.is_set()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 8))
def test_results_come_in_the_order_of_the_blocks(delays, threads):
    def slow(index):
        time.sleep(delays[index] / 2000)
        return index

    assert list(run_blocks(slow, range(len(delays)), Resources(threads=threads))) == list(range(len(delays)))


def test_blocks_run_on_as_many_threads_as_asked_for():
    together = threading.Barrier(3, timeout=10)
    found = list(run_blocks(lambda _: together.wait() or threading.get_ident(), range(3), Resources(threads=3)))
    assert len(found) == 3  # else the barrier would have broken


def test_zero_threads_are_all_usable_cores():
    assert thread_count(Resources(threads=0)) == len(os.sched_getaffinity(0))
    assert thread_count(Resources(threads=7)) == 7
    assert blocks_in_flight(Resources(threads=7)) == 8


def test_an_error_of_a_block_is_raised_as_it_is_after_the_blocks_before_it():
    def fails_at_two(index):
        if index == 2:
            raise KeyError("two")
        return index

    results = run_blocks(fails_at_two, range(50), Resources(threads=2))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(KeyError, match="two"):
        next(results)


def test_no_more_blocks_are_begun_than_the_consumer_keeps_up_with():
    begun = []
    results = run_blocks(lambda index: begun.append(index) or index, range(100), Resources(threads=2))
    assert begun == []  # nothing before somebody asks
    for done in range(5):
        next(results)
        time.sleep(0.02)
        assert len(begun) <= done + blocks_in_flight(Resources(threads=2))
    results.close()
    time.sleep(0.05)
    assert len(begun) <= 8


def test_a_consumer_that_leaves_stops_the_blocks_that_have_not_begun():
    begun = []
    for _ in run_blocks(lambda index: begun.append(index), range(1000), Resources(threads=2)):
        break
    time.sleep(0.05)
    assert len(begun) <= 3


def test_progress_ends_at_one_and_never_goes_back():
    progress = Recording()
    list(run_blocks(lambda index: index, range(7), Resources(threads=3), progress))
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1


def test_a_cancel_is_heard_while_a_block_is_under_way_and_the_rest_never_starts():
    progress, release, begun = Recording(), threading.Event(), []

    def endless(index):
        begun.append(index)
        progress.stop.set()
        release.wait(20)

    start = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            list(run_blocks(endless, range(100), Resources(threads=2), progress))
        assert time.monotonic() - start < 1
    finally:
        release.set()
    time.sleep(0.05)
    assert len(begun) <= 2


def test_a_cancel_that_is_pressed_between_two_blocks_is_heard():
    progress = Recording()
    results = run_blocks(lambda index: index, range(10), Resources(threads=1), progress)
    next(results)
    progress.stop.set()
    with pytest.raises(Cancelled):
        next(results)


def test_no_blocks_give_no_results():
    assert list(run_blocks(lambda index: index, [], Resources())) == []


def test_a_part_of_the_progress_is_told_to_the_whole():
    whole = Recording()
    part = whole.part(0.2, 0.6)
    part.report(0.5)
    part.part(0.5, 1.0).report(0.5)
    assert whole.fractions == pytest.approx([0.4, 0.5])
    whole.stop.set()
    with pytest.raises(Cancelled):
        part.report(1.0)
