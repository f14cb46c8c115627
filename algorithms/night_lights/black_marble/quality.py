"""Which cells the quality choices keep, from the stored flags. A fill is tested before any bit is decoded."""
from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..settings import QUALITY_CODES, BlackMarbleSettings
from .granule import Field, Granule
from .products import CLOUD_MASK, GAP_FILLED, QUALITY, SNOW_FLAG, composite_base, is_category

# QF_Cloud_Mask: bits 4-5 quality of the cloud mask (3 high), 6-7 cloud confidence (0 clear, 1 probably clear), 10 snow
MASK_QUALITY_HIGH = 0b11 << 4
CONFIDENCE = {"confident_clear": 0b11 << 6, "probably_clear": 0b10 << 6}
SNOW_BIT = 1 << 10


@dataclass(frozen=True)
class QualityChoice:
    """The flags that a layer needs and the test of their values. cloud and snow count for daily layers only."""

    layer: str
    level: str
    quality_field: str  # empty where the product has none for this layer
    codes: tuple[int, ...] | None  # None = every code but the fill
    cloud_bits: int  # that are tested
    cloud_expected: int

    def required_fields(self) -> list[str]:
        return [*([self.quality_field] if self.quality_field else []), *([CLOUD_MASK] if self.cloud_bits else [])]

    def flag_fields(self, granule: Granule) -> list[str]:
        """The required flags and those that are used where they are there."""
        snow = self.cloud_bits & SNOW_BIT and SNOW_FLAG in granule.field_names
        return [*self.required_fields(), *([SNOW_FLAG] if snow else [])]

    def accepts(self, names: list[str], fields: list[Field], stored: list[NDArray[Any]],
                shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """True for cells that the choices keep; names, fields and stored values are those of flag_fields."""
        keep: NDArray[np.bool_] = np.ones(shape, np.bool_)
        unfilled = None
        for name, field, values in zip(names, fields, stored):
            if name == self.quality_field:
                if self.layer == GAP_FILLED:
                    unfilled = field.has_data(values)
                keep &= field.has_data(values)
                if self.codes is not None:
                    keep &= reduce(np.logical_or, [values == code for code in self.codes])
            elif name == CLOUD_MASK:
                keep &= field.has_data(values) & (values & self.cloud_bits == self.cloud_expected)
            else:
                keep &= ~(field.has_data(values) & (values == 1))
        if unfilled is not None:
            # Without a retrieval the value comes from an earlier night, about which this night's flags say nothing.
            keep |= ~unfilled
        return keep


def quality_choice(layer: str, level: str, collection: int, settings: BlackMarbleSettings) -> QualityChoice:
    """The test for a layer of a product."""
    cloud_bits = cloud_expected = 0
    if level in ("A1", "A2"):
        quality_field = QUALITY if level == "A2" else ""
        if settings.cloud != "any":
            cloud_bits = MASK_QUALITY_HIGH | CONFIDENCE[settings.cloud]
            cloud_expected = MASK_QUALITY_HIGH
        if settings.snow == "exclude":
            cloud_bits |= SNOW_BIT
    else:
        base = composite_base(layer)
        quality_field = f"{base}_Quality" if base and not is_category(layer) else ""
    codes = QUALITY_CODES[level, collection][settings.quality] if quality_field else None
    return QualityChoice(layer, level, quality_field, codes, cloud_bits, cloud_expected)
