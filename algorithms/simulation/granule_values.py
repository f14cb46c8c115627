"""What stands in the simulated granules: physical values of every data set, by name."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .black_marble_fields import Values
from .city_plan import RIVER, City
from .composites import Composite
from .nights import EPHEMERAL, HIGH, NO_RETRIEVAL, POOR, Night
from .sky import glint_angle, lunar_irradiance

FieldValues = dict[str, Values]

LAND_WITHOUT_DESERT, INLAND_WATER = 1, 2
MASK_QUALITY_HIGH = 3
SNOW_BIT = 10
# Kelvin, by cloud confidence from clear to cloudy; cloud tops and snow are colder than bare ground.
TEMPERATURES = np.array([284.0, 281.0, 266.0, 246.0])
SNOW_COOLING = 10.0
BAND_WARMING = {"M12": 1.0, "M13": 0.8, "M15": 0.0, "M16": -0.5}
POOR_IN_COLLECTION_2 = 1


def _cloud_mask(night: Night, city: City) -> NDArray[np.uint16]:
    mask = (_background(city).astype(np.uint16) << 1) | (MASK_QUALITY_HIGH << 4)
    mask |= night.confidence.astype(np.uint16) << 6
    return np.asarray(mask | (night.snow.astype(np.uint16) << SNOW_BIT), dtype=np.uint16)


def _background(city: City) -> NDArray[np.uint8]:
    return np.where(city.districts == RIVER, INLAND_WATER, LAND_WITHOUT_DESERT).astype(np.uint8)


def at_sensor_values(night: Night, city: City) -> FieldValues:
    """VNP46A1 of either collection. Sun and moon are those of the window's centre."""
    sky, rows, columns = night.sky, *night.radiance.shape
    middle = rows // 2, columns // 2
    temperature = TEMPERATURES[night.confidence] - SNOW_COOLING * night.snow
    values: FieldValues = {
        "DNB_At_Sensor_Radiance": night.at_sensor, "DNB_At_Sensor_Radiance_500m": night.at_sensor,
        "Radiance_M10": 0.0, "Radiance_M11": 0.0,
        "Sensor_Zenith": night.view.zenith, "Sensor_Azimuth": night.view.azimuth,
        "Solar_Zenith": sky.solar_zenith, "Solar_Azimuth": sky.solar_azimuth,
        "Lunar_Zenith": sky.lunar_zenith, "Lunar_Azimuth": sky.lunar_azimuth,
        "Glint_Angle": glint_angle(sky, float(night.view.zenith[middle]), float(night.view.azimuth[middle])),
        "Moon_Phase_Angle": sky.moon_phase_angle, "Moon_Illumination_Fraction": sky.moon_illumination,
        "Granule": np.uint8(night.day.toordinal() % 255), "QF_Cloud_Mask": _cloud_mask(night, city),
        "UTC_Time": np.broadcast_to(night.utc_hour, (rows, columns)),
        **{f"BrightnessTemperature_{band}": temperature + warming for band, warming in BAND_WARMING.items()},
    }
    return {**values, "QF_DNB": np.uint16(0),
            **{f"QF_VIIRS_M{band}": np.uint16(0) for band in (10, 11, 12, 13, 15, 16)}}


def corrected_values(night: Night, city: City, collection: int) -> FieldValues:
    """VNP46A2. Quality codes are those of the collection: 2 knows no ephemeral lights, and its 1 means poor."""
    quality = night.quality
    if collection == 2:
        quality = np.select([quality <= EPHEMERAL, quality == POOR], [HIGH, POOR_IN_COLLECTION_2],
                            NO_RETRIEVAL).astype(np.uint8)
    return {"DNB_BRDF-Corrected_NTL": night.radiance, "Gap_Filled_DNB_BRDF-Corrected_NTL": night.gap_filled,
            "Mandatory_Quality_Flag": quality, "Latest_High_Quality_Retrieval": night.days_since_retrieval,
            "Snow_Flag": night.snow.astype(np.uint8), "QF_Cloud_Mask": _cloud_mask(night, city),
            "DNB_Lunar_Irradiance": lunar_irradiance(night.sky)}


def composite_values(composites: Mapping[str, Composite], city: City) -> FieldValues:
    """VNP46A4 of either collection."""
    values: FieldValues = {"DNB_Platform": np.uint8(0), "Land_Water_Mask": _background(city)}
    for name, composite in composites.items():
        values[name], values[f"{name}_Std"] = composite.mean, composite.deviation
        values[f"{name}_Num"], values[f"{name}_Quality"] = composite.number, composite.quality
    return values
