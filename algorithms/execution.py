"""The one thread pool: block functions run on threads, their results come back in the order of the blocks."""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Callable, TypeVar

from .progress import Progress
from .settings import Resources

Block = TypeVar("Block")
Result = TypeVar("Result")

CANCEL_POLL_SECONDS = 0.2


def thread_count(resources: Resources) -> int:
    return resources.threads or len(_usable_cores())


def _usable_cores() -> Sequence[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


def run_blocks(function: Callable[[Block], Result], blocks: Sequence[Block], resources: Resources,
               progress: Progress | None = None) -> Iterator[Result]:
    """Yields function(block) in the order of the blocks, computed by threads that release the GIL.

    At most one block per thread and one more are in flight, so memory stays bounded when the caller consumes slowly.
    Raises what the function raises, and Cancelled within CANCEL_POLL_SECONDS; a block that is under way then ends
    unheard, and blocks that have not begun never start.
    """
    progress = progress or Progress()
    threads = thread_count(resources)
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="nocturne")
    pending: deque[Future[Result]] = deque()
    try:
        started = 0
        for done in range(len(blocks)):
            while started < len(blocks) and started - done <= threads:
                pending.append(pool.submit(function, blocks[started]))
                started += 1
            future = pending.popleft()
            while not wait([future], timeout=CANCEL_POLL_SECONDS).done:
                progress.check()
            yield future.result()
            progress.report((done + 1) / len(blocks))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def blocks_in_flight(resources: Resources) -> int:
    """How many blocks run_blocks holds in memory at once: the divisor of a memory budget."""
    return thread_count(resources) + 1


@contextmanager
def torch_threads(resources: Resources) -> Iterator[None]:
    """torch computes with the run's threads inside, with its own ones again afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(thread_count(resources))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_library_thread() -> Iterator[None]:
    """OpenMP and BLAS compute on one thread inside: for small problems theirs cost more than they bring."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    with threadpool_limits(1):
        yield
