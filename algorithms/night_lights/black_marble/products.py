"""What the Black Marble products are: names, levels, platforms, layers, tiles."""
from __future__ import annotations

import re

Tile = tuple[int, int]  # horizontal 0 to 35 from 180 W eastwards, vertical 0 to 17 from 90 N southwards

TILE_DEGREES = 10
TILE_CELLS = 2400
CELLS_PER_DEGREE = 240  # cells of 15 arc-seconds

SHORT_NAME = re.compile(r"(VNP|VJ1|VJ2)46(A[1-4])")
GRANULE_NAME = re.compile(r"(VNP|VJ1|VJ2)46(A[1-4])\.A(\d{7})\.h(\d\d)v(\d\d)\.(\d{3})\.(\d{13})")

PLATFORM_OF_PREFIX = {"VNP": "snpp", "VJ1": "noaa20", "VJ2": "noaa21"}
PLATFORM_TITLES = {"snpp": "Suomi NPP", "noaa20": "NOAA-20", "noaa21": "NOAA-21"}
COLLECTIONS = (1, 2)
LEVELS = {"daily": ("A1", "A2"), "monthly": ("A3",), "annual": ("A4",)}

RADIANCE = "DNB_BRDF-Corrected_NTL"
GAP_FILLED = "Gap_Filled_DNB_BRDF-Corrected_NTL"
AT_SENSOR = ("DNB_At_Sensor_Radiance", "DNB_At_Sensor_Radiance_500m")  # collection 2, collection 1
ZENITH = "Sensor_Zenith"
QUALITY = "Mandatory_Quality_Flag"
CLOUD_MASK = "QF_Cloud_Mask"
SNOW_FLAG = "Snow_Flag"
DEFAULT_LAYERS = {"daily": RADIANCE, "monthly": "AllAngle_Composite_Snow_Free",
                  "annual": "AllAngle_Composite_Snow_Free"}

# A data set without which a file isn't what its short name says.
KEY_FIELDS = {"A1": re.compile(ZENITH), "A2": re.compile(QUALITY), "A3": re.compile(r".*_Composite_.*"),
              "A4": re.compile(r".*_Composite_.*")}
COMPOSITE_LAYER = re.compile(r"(.*_Composite_Snow_(?:Free|Covered))(_Std|_Num|_Quality)?")
UNIT = "nW/cm2/sr"


def tile_name(tile: Tile) -> str:
    return f"h{tile[0]:02d}v{tile[1]:02d}"


def composite_base(layer: str) -> str:
    """The composite that a layer belongs to: its _Num and _Quality stand beside it; empty for other layers."""
    match = COMPOSITE_LAYER.fullmatch(layer)
    return match[1] if match else ""


def is_category(layer: str) -> bool:
    """Whether values of the layer are codes or counts, between which nothing can be interpolated."""
    match = COMPOSITE_LAYER.fullmatch(layer)
    return not match or match[2] in ("_Num", "_Quality")


def is_radiance(layer: str) -> bool:
    return layer in (RADIANCE, GAP_FILLED, *AT_SENSOR) or (bool(composite_base(layer)) and not is_category(layer))
