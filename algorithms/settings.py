"""Settings of science functions: default, unit, bounds and help stand once, in the metadata of a frozen dataclass.

Processing parameters are built from them, and every instance checks itself. Standard library only.
"""
from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from .errors import InputError

Bounds = tuple[float, float, float, float]  # west, south, east, north


def number(default: float | None, label: str, help: str, *, unit: str = "", minimum: float | None = None,
           maximum: float | None = None, advanced: bool = False) -> Any:
    """A float, or an int where the field is annotated so; optional where the default is None."""
    return _field(default, "number", label, help, advanced, unit=unit, minimum=minimum, maximum=maximum)


def choice(default: str, options: Sequence[str], label: str, help: str, *, advanced: bool = False) -> Any:
    return _field(default, "choice", label, help, advanced, options=tuple(options))


def text(default: str, label: str, help: str, *, unit: str = "", advanced: bool = False) -> Any:
    return _field(default, "text", label, help, advanced, unit=unit)


def flag(default: bool, label: str, help: str, *, advanced: bool = False) -> Any:
    return _field(default, "flag", label, help, advanced)


def day(label: str, help: str) -> Any:
    """An optional calendar date."""
    return _field(None, "day", label, help, False)


def extent(label: str, help: str) -> Any:
    """Optional Bounds in WGS 84 degrees."""
    return _field(None, "extent", label, help, False)


def crs(label: str, help: str) -> Any:
    """Optional coordinate reference system as WKT or an authority code; empty = none given."""
    return _field("", "crs", label, help, False)


def _field(default: Any, kind: str, label: str, help: str, advanced: bool, **more: Any) -> Any:
    return field(default=default, metadata={"kind": kind, "label": label, "help": help, "advanced": advanced, **more})


def borrowed(settings: type[Settings], name: str, *, advanced: bool | None = None) -> Any:
    """The field of other settings with its default, bounds and help; advanced: None = as there."""
    lent = next(each for each in fields(settings) if each.name == name)
    metadata = {**lent.metadata, **({} if advanced is None else {"advanced": advanced})}
    return field(default=lent.default, metadata=metadata)


def parameter_name(setting: dataclasses.Field) -> str:  # type: ignore[type-arg]
    """The Processing parameter of a setting: max_zenith is MAX_ZENITH."""
    return setting.name.upper()


@dataclass(frozen=True)
class Settings:
    """Base of all settings. Raises InputError for a value outside the bounds or options of its field."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            _check(parameter_name(setting), getattr(self, setting.name), setting.metadata)


def _check(name: str, value: Any, metadata: Any) -> None:
    if value is None:
        return
    if metadata["kind"] == "number":
        low, high, unit = metadata["minimum"], metadata["maximum"], metadata["unit"]
        if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise InputError(name, f"{value:g} was given", f"give a number {_range(low, high, unit)}")
    elif metadata["kind"] == "choice" and value not in metadata["options"]:
        raise InputError(name, f"'{value}' was given", f"choose one of {', '.join(metadata['options'])}")
    elif metadata["kind"] == "day" and not isinstance(value, date):
        raise InputError(name, f"'{value}' is not a date", "give it as YYYY-MM-DD")
    elif metadata["kind"] == "extent" and not (value[0] < value[2] and value[1] < value[3]):
        raise InputError(name, f"the extent {value} is empty", "give west, east, south and north in this order")


def _range(low: float | None, high: float | None, unit: str) -> str:
    suffix = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}{suffix}"
    if low is not None:
        return f"of at least {low:g}{suffix}"
    return f"of at most {high:g}{suffix}" if high is not None else f"that is finite{suffix}"


@dataclass(frozen=True)
class Resources(Settings):
    """What a run may use of the machine."""

    max_memory: int = number(
        1024, "Memory", "Memory that the run may take on top of the loaded libraries.", unit="MiB", minimum=64,
        advanced=True)
    threads: int = number(0, "Threads", "Threads to compute with; 0 takes all cores.", minimum=0, maximum=1024,
                          advanced=True)
    device: str = text("auto", "Device", "auto takes a GPU if one works, else the CPU. Otherwise cpu, mps, cuda, or "
                       "cuda:1 for the second GPU.", advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", self.device):
            raise InputError("DEVICE", f"'{self.device}' was given", "give auto, cpu, mps, cuda or cuda:N")

    @property
    def max_bytes(self) -> int:
        return self.max_memory * 2**20
