"""The data sets of Black Marble files, collections 1 and 2: names, stored types, fill values, scales and texts.

Source: a real VNP46A2 granule of collection 1, and public dumps of the others.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

Values = Union["NDArray[np.generic]", np.generic, float]  # of a window, or one number for all its cells

FLOAT_FILL = float(np.float32(-999.9))
RADIANCE_STEP = 1 / 128
RADIANCE_UNITS = "nWatts/(cm^2 sr)"
CLOUD_BITS = (
    "bit\tmeaning\n0\tday or night: 0 = night, 1 = day\n1-3\tbackground: 0 = land and desert, 1 = land without desert, "
    "2 = inland water, 3 = sea water, 5 = coastal\n4-5\tquality of the cloud mask: 0 = poor, 1 = low, 2 = medium, "
    "3 = high\n6-7\tcloud confidence: 0 = confident clear, 1 = probably clear, 2 = probably cloudy, "
    "3 = confident cloudy\n8\tshadow\n9\tcirrus\n10\tsnow or ice\n")
QUALITY_OF_COLLECTION = {
    1: "00\tHigh-Quality\tlights that persist\n01\tHigh-Quality\tephemeral lights\n"
       "02\tPoor-Quality\toutlier or suspected cloud\n255\tNo Retrieval\tfill value\n",
    2: "00\tHigh-Quality\tmain algorithm\n01\tPoor-Quality\toutlier or suspected cloud\n"
       "02\tPoor-Quality\thigh solar zenith angle\n03\tPoor-Quality\tlunar eclipse\n04\tPoor-Quality\taurora\n"
       "05\tPoor-Quality\tglint\n255\tNo Retrieval\tfill value\n"}
COMPOSITE_QUALITY = ("00\tGood\tmore than 3 observations\n01\tPoor\t3 observations or fewer\n"
                     "02\tGap filled\tfrom earlier values\n255\tFill value\n")
THERMAL_SCALES = {"M12": (0.0025, 203.0), "M13": (0.0025, 203.0), "M15": (0.0041, 111.0), "M16": (0.0043, 103.0)}


@dataclass(frozen=True)
class Field:
    """One data set: value = stored * scale + offset.

    kind: numpy's code of the stored type. step: what floats are rounded to, so that they deflate well; 0 = nothing.
    """

    name: str
    kind: str
    fill: float
    long_name: str
    units: str = "Unitless"
    scale: float = 1.0
    offset: float = 0.0
    valid: tuple[float, float] | None = None
    description: str = ""
    step: float = 0.0

    def encode(self, values: Values) -> NDArray[np.generic]:
        """Stored numbers of physical values; NaN becomes the fill value, too large ones the largest storable."""
        array = np.asarray(values)
        kind = np.dtype(self.kind)
        if array.dtype.kind != "f":
            return array.astype(kind)
        stored = (array.astype(np.float64) - self.offset) / self.scale
        if kind.kind != "f":
            limits = np.iinfo(kind)
            lowest = limits.min if self.fill != limits.min else limits.min + 1
            highest = limits.max if self.fill != limits.max else limits.max - 1
            stored = np.where(np.isnan(stored), self.fill, np.clip(np.rint(stored), lowest, highest))
        elif self.step:
            stored = np.rint(stored / self.step) * self.step
        return np.where(np.isnan(stored), self.fill, stored).astype(kind)


def _radiance(name: str, collection: int, long_name: str, units: str = RADIANCE_UNITS) -> Field:
    if collection == 1:
        return Field(name, "<u2", 65535, long_name, units, 0.1, valid=(0, 65534))
    return Field(name, "<f4", FLOAT_FILL, long_name, units, step=RADIANCE_STEP)


def _flags(name: str, long_name: str, description: str = "") -> Field:
    return Field(name, "<u2", 65535, long_name, valid=(0, 65534), description=description)


def _angle(name: str, largest: int, smallest: int = 0) -> Field:
    return Field(name, "<i2", -32768, name.replace("_", " "), "degrees", 0.01, valid=(100 * smallest, 100 * largest))


def at_sensor_fields(collection: int) -> list[Field]:
    """VNP46A1: 26 data sets."""
    name = "DNB_At_Sensor_Radiance_500m" if collection == 1 else "DNB_At_Sensor_Radiance"
    thermal = [Field(f"BrightnessTemperature_{band}", "<u2", 65535, f"Brightness temperature of band {band}", "K",
                     scale, offset, (0, 65534)) for band, (scale, offset) in THERMAL_SCALES.items()]
    reflective = [Field(f"Radiance_{band}", "<u2", 65535, f"Radiance of band {band}", "Watts/(m^2 micrometer sr)",
                        scale, offset, (0, 65534)) for band, scale, offset in (("M10", 0.0013, -0.04),
                                                                               ("M11", 0.00058, -0.02))]
    angles = [_angle(f"{body}_Azimuth", 180, -180) for body in ("Lunar", "Sensor", "Solar")]
    angles += [_angle("Lunar_Zenith", 180), _angle("Solar_Zenith", 180), _angle("Sensor_Zenith", 90),
               _angle("Glint_Angle", 180, -180), _angle("Moon_Phase_Angle", 180)]
    moon = Field("Moon_Illumination_Fraction", "<i2", -32768, "Illuminated share of the moon", "percent", 0.01,
                 valid=(0, 10000))
    granule = Field("Granule", "|u1", 255, "Number of the granule", valid=(0, 254))
    time = Field("UTC_Time", "<f4", FLOAT_FILL, "Time of the observation", "decimal hours", valid=(0, 24))
    quality = [_flags(f"QF_{band}", f"Quality flag of {band}") for band in (
        "DNB", *(f"VIIRS_M{number}" for number in (10, 11, 12, 13, 15, 16)))]
    return [_radiance(name, collection, "At-sensor DNB radiance"), *thermal, *reflective, *angles, moon, granule,
            _flags("QF_Cloud_Mask", "Cloud Mask Status", CLOUD_BITS), *quality, time]


def corrected_fields(collection: int) -> list[Field]:
    """VNP46A2: 7 data sets."""
    return [
        _radiance("DNB_BRDF-Corrected_NTL", collection, "BRDF Corrected DNB Radiance"),
        _radiance("Gap_Filled_DNB_BRDF-Corrected_NTL", collection, "Gap Filled BRDF Corrected DNB Radiance"),
        Field("Mandatory_Quality_Flag", "|u1", 255, "Mandatory quality flag of the corrected DNB radiance",
              valid=(0, 3 if collection == 1 else 5), description=QUALITY_OF_COLLECTION[collection]),
        Field("Latest_High_Quality_Retrieval", "|u1", 255, "Age of the latest high-quality retrieval",
              "Number of Days", valid=(0, 254)),
        Field("Snow_Flag", "|u1", 255, "Snow/Ice Status", valid=(0, 1), description="0 = no snow or ice\n"
              "1 = snow or ice\n"),
        _flags("QF_Cloud_Mask", "Cloud Mask Status", CLOUD_BITS),
        _radiance("DNB_Lunar_Irradiance", collection, "Lunar Irradiance", "nWatts/cm^2"),
    ]


def composite_fields(collection: int) -> list[Field]:
    """VNP46A4: 26 data sets."""
    fields = []
    for angle, angle_text in (("AllAngle", "all"), ("NearNadir", "near-nadir"), ("OffNadir", "off-nadir")):
        for state, state_text in (("Snow_Covered", "snow-covered"), ("Snow_Free", "snow-free")):
            name, text = f"{angle}_Composite_{state}", f"{angle_text} observations of the {state_text} period"
            fields += [
                _radiance(name, collection, f"Radiance composite of {text}"),
                Field(f"{name}_Num", "<u2", 65535, f"Number of {text}", "number of observations", valid=(0, 65534)),
                Field(f"{name}_Quality", "|u1", 255, f"Quality flag of the composite of {text}",
                      "quality flag, no units", valid=(0, 254), description=COMPOSITE_QUALITY),
                _radiance(f"{name}_Std", collection, f"Standard deviation of {text}")]
    platform = Field("DNB_Platform", "|u1", 255, "Platform of the observations", valid=(0, 254),
                     description="0 = Suomi NPP\n1 = NOAA-20\n2 = NOAA-21\n3 = NOAA-20 and NOAA-21\n")
    land = Field("Land_Water_Mask", "|u1", 255, "Background", valid=(0, 254),
                 description="0 = land and desert\n1 = land without desert\n2 = inland water\n3 = sea water\n"
                 "5 = coast\n")
    return [*fields, platform, land]
