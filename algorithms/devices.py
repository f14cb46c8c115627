"""The one place that knows on which devices torch can compute."""
from __future__ import annotations

from dataclasses import dataclass


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
