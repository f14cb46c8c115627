"""What is known about factories beside their light: zone, size and sector."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1


@dataclass(frozen=True)
class FactoryTraits:
    """zone: shape (factories,), index into the zones of the labels, NOWHERE outside all. size: (factories,), any
    measure of relative size such as employees, NaN where unknown, None where there is none. sector: (factories,), index
    into sectors, UNKNOWN where it isn't given."""

    zone: NDArray[np.int32]
    size: NDArray[np.float64] | None = None
    sector: NDArray[np.int32] | None = None
    sectors: tuple[str, ...] = ()

    @property
    def has_sizes(self) -> bool:
        return self.size is not None and bool(np.isfinite(self.size).any())

    def groups(self, sectors: tuple[str, ...]) -> NDArray[np.intp]:
        """Index of each factory's sector among those of a model, (factories,); those of no sector are a group more,
        and all are one where sectors is empty."""
        if not sectors or self.sector is None:
            return np.zeros(len(self.zone), np.intp)
        place = {name: index for index, name in enumerate(sectors)}
        numbers = np.array([place.get(name, len(sectors)) for name in (*self.sectors, "")], np.intp)
        return np.asarray(numbers[np.where(self.sector == UNKNOWN, len(self.sectors), self.sector)], np.intp)
