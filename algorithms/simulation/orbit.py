"""Where the satellite stands when it passes a place by night: a sun-synchronous orbit that nearly repeats in 16 days.

Geometry of a circular orbit over a sphere; angles in degrees, arrays of any shape that broadcast.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Degrees = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0
ORBIT_HEIGHT_KM = 829.0
TRACK_SPACING = 25.374  # degrees of longitude between neighbouring tracks of one night
NIGHTLY_SHIFT = 4.757  # degrees of longitude by which the tracks move from night to night
KM_PER_DEGREE = 111.2
CROSSING_HOUR = 1.5  # local solar time under the track
SWATH_HALF_WIDTH_KM = 1520.0
OVERLAP_ZENITH = 45.0  # beyond it the neighbouring pass sees the place too
# The satellite comes down from the north-north-east, so it looks across its track from these sides.
AZIMUTH_OF_WESTERN_SENSOR = -80.0
AZIMUTH_OF_EASTERN_SENSOR = 100.0


@dataclass(frozen=True)
class View:
    """How a place is seen: zenith and azimuth of the sensor in degrees, local solar time in hours."""

    zenith: Degrees
    azimuth: Degrees
    local_solar_time: Degrees


def track_offset(first_offset: Degrees, night: int) -> Degrees:
    """Longitude of the place minus that of the nearest track, -12.687 to 12.687.

    first_offset: the phase of the orbit at the place on night 0; it grows eastwards with the longitude.
    """
    return np.mod(first_offset + NIGHTLY_SHIFT * night, TRACK_SPACING) - TRACK_SPACING / 2


def ground_distance_km(offset: Degrees, latitude: Degrees) -> Degrees:
    """Distance of the place from the track."""
    return np.asarray(np.abs(offset) * KM_PER_DEGREE * np.cos(np.radians(latitude)), dtype=np.float64)


def view(offset: Degrees, latitude: Degrees) -> View:
    """The view from a track that lies `offset` degrees of longitude west of the place (negative: east of it)."""
    arc = ground_distance_km(offset, latitude) / EARTH_RADIUS_KM
    scan = np.arctan2(EARTH_RADIUS_KM * np.sin(arc),
                      EARTH_RADIUS_KM + ORBIT_HEIGHT_KM - EARTH_RADIUS_KM * np.cos(arc))
    azimuth = np.where(offset >= 0, AZIMUTH_OF_WESTERN_SENSOR, AZIMUTH_OF_EASTERN_SENSOR)
    return View(np.degrees(scan + arc), np.broadcast_to(azimuth, arc.shape),
                np.broadcast_to(CROSSING_HOUR + offset / 15, arc.shape))


def choose_pass(offset: Degrees, latitude: Degrees, take_neighbour: bool) -> Degrees:
    """Offset of the pass that the product keeps: the nearest, or where both see the place the neighbour's."""
    if not take_neighbour:
        return offset
    neighbour = offset - np.copysign(TRACK_SPACING, offset)
    sees = ground_distance_km(neighbour, latitude) <= SWATH_HALF_WIDTH_KM
    return np.where(sees & (view(offset, latitude).zenith > OVERLAP_ZENITH), neighbour, offset)
