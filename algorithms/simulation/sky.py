"""Sun and moon over a place, to about a degree: the low-precision series of the Astronomical Almanac."""
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

J2000 = datetime(2000, 1, 1, 12)
OBLIQUITY = math.radians(23.439)


@dataclass(frozen=True)
class Sky:
    """Degrees; azimuths clockwise from north, -180 to 180. Phase angle 0 = full moon. Illuminated share in percent."""

    solar_zenith: float
    solar_azimuth: float
    lunar_zenith: float
    lunar_azimuth: float
    moon_phase_angle: float
    moon_illumination: float


def sky_at(moment: datetime, longitude: float, latitude: float) -> Sky:
    """moment: UTC without a zone; the place in degrees."""
    days = (moment - J2000).total_seconds() / 86400
    sun_longitude = _sun_longitude(days)
    moon_longitude, moon_latitude = _moon(days)
    sidereal = math.radians(280.46062 + 360.98564737 * days + longitude)
    solar = _horizontal(sun_longitude, 0.0, sidereal, math.radians(latitude))
    lunar = _horizontal(moon_longitude, moon_latitude, sidereal, math.radians(latitude))
    elongation = math.acos(math.cos(moon_latitude) * math.cos(moon_longitude - sun_longitude))
    return Sky(*solar, *lunar, 180 - math.degrees(elongation), 50 * (1 - math.cos(elongation)))


def _sun_longitude(days: float) -> float:
    anomaly = math.radians(357.528 + 0.9856003 * days)
    return math.radians(280.460 + 0.9856474 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))


def _moon(days: float) -> tuple[float, float]:
    anomaly = math.radians(134.963 + 13.064993 * days)
    node_distance = math.radians(93.272 + 13.229350 * days)
    longitude = math.radians(218.316 + 13.176396 * days + 6.289 * math.sin(anomaly))
    return longitude, math.radians(5.128 * math.sin(node_distance))


def _horizontal(longitude: float, latitude: float, sidereal: float, place_latitude: float) -> tuple[float, float]:
    """Zenith and azimuth in degrees of ecliptic coordinates in radians."""
    y = math.sin(longitude) * math.cos(OBLIQUITY) - math.tan(latitude) * math.sin(OBLIQUITY)
    right_ascension = math.atan2(y, math.cos(longitude))
    declination = math.asin(math.sin(latitude) * math.cos(OBLIQUITY)
                            + math.cos(latitude) * math.sin(OBLIQUITY) * math.sin(longitude))
    hour_angle = sidereal - right_ascension
    cosine = (math.sin(place_latitude) * math.sin(declination)
              + math.cos(place_latitude) * math.cos(declination) * math.cos(hour_angle))
    azimuth = math.atan2(-math.sin(hour_angle) * math.cos(declination),
                         math.cos(place_latitude) * math.sin(declination)
                         - math.sin(place_latitude) * math.cos(declination) * math.cos(hour_angle))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine)))), math.degrees(azimuth)


def glint_angle(sky: Sky, view_zenith: float, view_azimuth: float) -> float:
    """Degrees between the line of sight and moonlight mirrored by level water."""
    view, moon = math.radians(view_zenith), math.radians(sky.lunar_zenith)
    cosine = (math.cos(view) * math.cos(moon)
              - math.sin(view) * math.sin(moon) * math.cos(math.radians(view_azimuth - sky.lunar_azimuth)))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def lunar_irradiance(sky: Sky) -> float:
    """Rough moonlight on level ground in the day/night band, nW/cm2; 0 with the moon down."""
    full_moon = 130.0
    return full_moon * (sky.moon_illumination / 100) ** 2 * max(0.0, math.cos(math.radians(sky.lunar_zenith)))
