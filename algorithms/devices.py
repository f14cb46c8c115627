"""The one place that knows on which devices torch can compute, picks one, and lives with their memory."""
from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, TypeVar

from .errors import InputError
from .progress import Progress

Result = TypeVar("Result")

# What the drivers of NVIDIA, AMD and the Windows subsystem for Linux leave where the system runs.
LINUX_GPUS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


@dataclass(frozen=True)
class Device:
    """name as the parameter DEVICE takes it."""

    name: str
    description: str


def available_devices() -> list[Device]:
    """The best one first; the CPU is always there. Raises ImportError without torch."""
    import torch

    found = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            found.append(Device(f"cuda:{index}", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    return [*found, Device("cpu", f"{torch.get_num_threads()} threads")]


def may_take_gpu(wanted: str) -> bool:
    """Whether DEVICE asks for a GPU, or is auto where a driver shows that there may be one.

    Importing torch takes seconds, so the driver's files are looked for first.
    """
    if wanted != "auto":
        return wanted != "cpu"
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvcuda.dll").exists()
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(os.path.exists(path) for path in LINUX_GPUS)


def pick_device(wanted: str, progress: Progress, double: bool = False) -> str:
    """The name of the device to compute on, as torch takes it; says which one auto takes, and why.

    wanted: as DEVICE. double: it must compute in double precision, which Apple's GPUs can't. torch is only imported
    where may_take_gpu() says so. Raises InputError where a GPU that was asked for doesn't work.
    """
    if wanted == "cpu":
        return "cpu"
    reasons = []
    if may_take_gpu(wanted):
        try:
            gpus = [device for device in available_devices() if device.name != "cpu"]
        except Exception as error:  # a broken torch raises other errors than ImportError
            gpus, reasons = [], [f"torch can't be used: {error}"]
        for gpu in gpus:
            if wanted != "auto" and gpu.name != ("cuda:0" if wanted == "cuda" else wanted):
                continue
            reason = _failure(gpu.name, double)
            if not reason:
                why = "the first GPU that works" if wanted == "auto" else "as DEVICE asks"
                progress.message(f"Computing on {gpu.name} ({gpu.description}), {why}.")
                return gpu.name
            reasons.append(f"{gpu.name}: {reason}")
    why = "; ".join(reasons) or "none was found"
    if wanted != "auto":
        raise InputError("DEVICE", f"'{wanted}' can't be used ({why})", "choose auto or cpu")
    progress.message(f"Computing on the CPU, because no GPU works ({why}).")
    return "cpu"


def _failure(name: str, double: bool) -> str:
    """Why a small sum can't be computed there; empty where it can."""
    import torch

    if double and name == "mps":
        return "it has no double precision"
    try:
        total = torch.arange(10, device=name, dtype=torch.float64 if double else torch.float32).sum().item()
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        return str(error).split("\n")[0]
    return "" if total == 45 else f"it computes {total} instead of 45"


class DeviceMemoryError(MemoryError):
    """Not even a single item fits into the device's memory."""


class Batches:
    """Walks along a length in ranges that are halved for good when the device's memory runs out."""

    def __init__(self) -> None:
        self._largest = sys.maxsize

    def run(self, function: Callable[[range], Result], length: int) -> Iterator[Result]:
        """function(range) for ranges that cover 0 to length, in order; a range that failed is tried again in halves.

        The function must leave nothing behind when it fails. Raises DeviceMemoryError where a single item fails.
        """
        begin = 0
        while begin < length:
            size = min(self._largest, length - begin)
            try:
                result = function(range(begin, begin + size))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                if size == 1:
                    raise DeviceMemoryError(str(error).split("\n")[0]) from error
                self._largest = size // 2
            else:
                begin += size
                yield result
                continue
            _release_memory()  # after the except clause, which holds the failed call's tensors


def _is_out_of_memory(error: RuntimeError) -> bool:
    """torch has a class of its own for CUDA only, and that not in all versions."""
    return "out of memory" in str(error).lower()


def _release_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
