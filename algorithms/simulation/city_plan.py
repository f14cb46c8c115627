"""The plan of a fictitious city: which district stands in each cell, how bright it is and how its light is directed."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import Constants, Generator
from .fields import smooth_field
from .light_curves import FLAT, LOW, MIDDLE, TOWER
from .window import TileWindow

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]
Place = tuple[float, float]  # km east and north of the window's centre


@dataclass(frozen=True)
class DistrictType:
    code: int
    name: str
    curve: int
    colour: tuple[int, int, int]


COUNTRYSIDE, LOW_HOUSES, MID_RISE, MIXED, CBD, SECONDARY, HOUSING, PARK, PORT, STADIUM, ROAD, TOWN, RIVER, HISTORIC, \
    BELOW_HILLS = range(15)
DISTRICT_TYPES = (
    DistrictType(COUNTRYSIDE, "countryside", FLAT, (34, 42, 34)),
    DistrictType(LOW_HOUSES, "low houses", LOW, (222, 196, 132)),
    DistrictType(MID_RISE, "mid-rise", MIDDLE, (214, 143, 84)),
    DistrictType(MIXED, "mixed roofs", FLAT, (176, 170, 160)),
    DistrictType(CBD, "central business district", TOWER, (196, 22, 42)),
    DistrictType(SECONDARY, "secondary business district", TOWER, (232, 92, 120)),
    DistrictType(HOUSING, "high-rise housing", TOWER, (142, 86, 170)),
    DistrictType(PARK, "park", FLAT, (86, 158, 86)),
    DistrictType(PORT, "port and industry", FLAT, (96, 110, 140)),
    DistrictType(STADIUM, "stadium", FLAT, (250, 240, 90)),
    DistrictType(ROAD, "road", FLAT, (110, 110, 110)),
    DistrictType(TOWN, "small town", LOW, (240, 220, 180)),
    DistrictType(RIVER, "river", FLAT, (70, 120, 190)),
    DistrictType(HISTORIC, "historic centre", TOWER, (190, 120, 60)),
    DistrictType(BELOW_HILLS, "houses below hills", TOWER, (150, 150, 70)),
)
CURVES = np.array([each.curve for each in DISTRICT_TYPES], dtype=np.uint8)

HOUSING_ESTATES = 7
PARKS = 4
TOWNS = 14
ROADS = 7
BOUNDARY_POINTS = 120


@dataclass(frozen=True)
class City:
    """Arrays of shape (rows, columns).

    districts: codes of DISTRICT_TYPES. brightness: radiance seen from straight above, nW/cm2/sr, before the sensor's
    footprint mixes it. amount: strength of the district's curve (light_curves.relative_radiance). municipality,
    built_up: masks. boundary: ring of the municipality as km east and north of the window's centre, shape (n, 2);
    business_districts: name -> their centres, likewise.
    """

    districts: NDArray[np.uint8]
    brightness: NDArray[np.float32]
    amount: NDArray[np.float32]
    municipality: Mask
    built_up: Mask
    boundary: Field
    business_districts: dict[str, Place]


def plan_city(constants: Constants, numbers: Generator, window: TileWindow) -> City:
    """Draws the city's constants and lays it out; later districts stand on top of earlier ones."""
    return _Planner(constants, numbers, window).plan()


class _Planner:
    def __init__(self, constants: Constants, numbers: Generator, window: TileWindow) -> None:
        self.constants = constants
        self.x, self.y = window.plane()
        self.shape = (window.rows, window.columns)
        self.rough = smooth_field(numbers, self.shape, 5)
        self.mottle = smooth_field(numbers, self.shape, 1.6)
        self.grain = smooth_field(numbers, self.shape, 2.5)
        self.districts = np.full(self.shape, COUNTRYSIDE, dtype=np.uint8)
        self.brightness = np.zeros(self.shape)

    def plan(self) -> City:
        draw, many = self.constants.draw, self.constants.draw_many
        first_angle = draw("bearing of the secondary business district", 0, 360, "degrees")
        secondary = polar(draw("distance of the secondary business district", 5.0, 6.5, "km"), first_angle)
        northwards = 90 if np.sin(np.radians(first_angle)) < 0 else -90
        second_city = polar(draw("distance of the second city", 20, 23, "km"),
                            northwards + draw("bearing of the second city off the meridian", -18, 18, "degrees"))
        self._countryside_and_towns(many("longitude of towns", -29, 29, TOWNS, "km"),
                                    many("latitude of towns", -34, 34, TOWNS, "km"))
        self._roads(many("bearing of roads off even spacing", -16, 16, ROADS, "degrees"), second_city)
        urban = self._urban_body((0, 0), draw("radius of the city", 13, 15.5, "km"), draw(
            "brightness of the city at its centre", 62, 76, "nW/cm2/sr"), draw("decay of brightness", 9, 11, "km"))
        second_urban = self._urban_body(second_city, draw("radius of the second city", 4.5, 5.5, "km"), draw(
            "brightness of the second city at its centre", 26, 34, "nW/cm2/sr"), 5.0)
        self._flat_places(first_angle)
        self._river(draw("bearing of the river", 0, 180, "degrees"), draw("distance of the river", 3.2, 4.2, "km"))
        self._avenue(secondary)
        self._towers(first_angle, secondary, second_city)
        boundary = self._boundary(many("waves of the boundary", -0.02, 0.02, 8))
        return City(self.districts, self._with_mottle(), self._amounts(), inside_ring(self.x, self.y, boundary),
                    urban | second_urban, boundary, {
                        "central business district": (0.0, 0.0), "secondary business district": secondary,
                        "second city's business district": second_city})

    def _countryside_and_towns(self, east: Field, north: Field) -> None:
        self.brightness += 0.45 + 0.12 * self.rough
        radii = self.constants.draw_many("radius of towns", 0.6, 1.5, TOWNS, "km")
        peaks = self.constants.draw_many("brightness of towns", 8, 26, TOWNS, "nW/cm2/sr")
        for place, radius, peak in zip(zip(east, north), radii, peaks):
            distance = self._distance(place) * (1 + 0.15 * self.mottle)
            self._build(distance < radius, TOWN, peak * np.exp(-distance / (2 * radius)))

    def _roads(self, deviations: Field, second_city: Place) -> None:
        brightness = self.constants.draw("brightness of roads", 4, 8, "nW/cm2/sr")
        bearings = [*(np.arange(ROADS) * 360 / ROADS + deviations), bearing(second_city)]
        for degrees in bearings:
            angle = np.radians(degrees)
            along = self.x * np.cos(angle) + self.y * np.sin(angle)
            across = self.x * np.sin(angle) - self.y * np.cos(angle) + 0.9 * np.sin(along / 7 + degrees)
            self._build((np.abs(across) < 0.28) & (along > 0), ROAD, brightness * (1 + 0.2 * self.mottle))

    def _urban_body(self, centre: Place, radius: float, peak: float, decay: float) -> Mask:
        distance = self._distance(centre)
        reach = distance / radius * (1 + 0.16 * self.rough)
        body = reach < 1
        light = peak * np.exp(-distance / decay) * np.clip(1.9 - 1.1 * reach, 0.35, 1)
        self._build(body, LOW_HOUSES, light)
        self._build(body & (reach < 0.62 + 0.18 * self.grain), MID_RISE, light * 1.1)
        self._build(body & (self.grain < -0.5), MIXED, light * 0.9)
        return body

    def _avenue(self, secondary: Place) -> None:
        """A bright avenue between both business districts: above the threshold their centres are one."""
        length = np.hypot(*secondary)
        along = (self.x * secondary[0] + self.y * secondary[1]) / length
        across = (self.x * secondary[1] - self.y * secondary[0]) / length
        avenue = (np.abs(across) < 0.9) & (along > 0) & (along < length)
        brightness = self.constants.draw("brightness of the avenue", 62, 72, "nW/cm2/sr")
        self._build(avenue, MID_RISE, np.full(self.shape, brightness))

    def _flat_places(self, first_angle: float) -> None:
        draw, many = self.constants.draw, self.constants.draw_many
        angles = many("bearing of parks", 0, 360, PARKS, "degrees")
        for angle, distance, radius in zip(angles, many("distance of parks", 3.6, 8, PARKS, "km"),
                                           many("radius of parks", 0.8, 1.3, PARKS, "km")):
            self._build(self._distance(polar(distance, angle)) < radius, PARK, np.full(self.shape, 6.0))
        port = polar(draw("distance of the port", 9, 10.5, "km"), first_angle + draw(
            "bearing of the port off the secondary district", 150, 210, "degrees"))
        self._build(self._ellipse(port, 2.6, 1.3, bearing(port) + 90) < 1, PORT,
                    np.full(self.shape, draw("brightness of the port", 60, 90, "nW/cm2/sr")))
        stadium = polar(draw("distance of the stadium", 3.5, 5, "km"), first_angle + 90)
        self._build(self._distance(stadium) < 0.55, STADIUM,
                    np.full(self.shape, draw("brightness of the stadium", 150, 220, "nW/cm2/sr")))

    def _river(self, degrees: float, distance: float) -> None:
        angle = np.radians(degrees)
        along = self.x * np.cos(angle) + self.y * np.sin(angle)
        across = self.x * np.sin(angle) - self.y * np.cos(angle)
        river = np.abs(across - distance - 1.2 * np.sin(along / 6) - 0.5 * np.sin(along / 2.3)) < 0.42
        self._build(river, RIVER, np.full(self.shape, 1.5))
        self.brightness[river & (self._distance((0, 0)) > 14)] = 0.3

    def _towers(self, first_angle: float, secondary: Place, second_city: Place) -> None:
        draw, many = self.constants.draw, self.constants.draw_many
        spread = 360 / (HOUSING_ESTATES + 1)  # the sector of the secondary business district holds no estate
        angles = first_angle + spread * np.arange(1, HOUSING_ESTATES + 1) + many(
            "bearing of housing estates off even spacing", -12, 12, HOUSING_ESTATES, "degrees")
        distances = many("distance of housing estates", 5.6, 10.5, HOUSING_ESTATES, "km")
        radii = many("radius of housing estates", 0.95, 1.3, HOUSING_ESTATES, "km")
        peaks = many("brightness of housing estates", 42, 78, HOUSING_ESTATES, "nW/cm2/sr")
        for angle, distance, radius, peak in zip(angles, distances, radii, peaks):
            reach = self._distance(polar(distance, angle)) / radius
            self._build(reach < 1, HOUSING, peak * (1 - 0.25 * reach**2))
        for place, name, peak in ((secondary, "secondary business district", draw(
                "brightness of the secondary business district", 105, 145, "nW/cm2/sr")),
                (second_city, "second city's business district", draw(
                    "brightness of the second city's business district", 85, 115, "nW/cm2/sr"))):
            reach = self._distance(place) / draw(f"radius of the {name}", 1.35, 1.75, "km")
            self._build(reach < 1, SECONDARY, peak * (1 - 0.4 * reach**2))
        reach = self._ellipse((0, 0), draw("length of the CBD", 2.6, 3.2, "km"), draw(
            "width of the CBD", 1.8, 2.3, "km"), draw("bearing of the CBD", 0, 180, "degrees"))
        self._build(reach < 1, CBD, draw("brightness of the CBD", 300, 380, "nW/cm2/sr") * (1 - 0.55 * reach**2))

    def _with_mottle(self) -> NDArray[np.float32]:
        """Brightness with the variation from block to block."""
        return np.asarray(np.maximum(self.brightness * np.exp(0.09 * self.mottle), 0), dtype=np.float32)

    def _amounts(self) -> NDArray[np.float32]:
        """Strength of the curve in every cell: by district type, between the bounds drawn for it."""
        amount = np.zeros(self.shape)
        for code, low, high, unit in (
                (CBD, 0.72, 0.9, "share of intensity lost at 60 degrees"),
                (SECONDARY, 0.7, 0.85, "share of intensity lost at 60 degrees"),
                (HOUSING, 0.66, 0.82, "share of intensity lost at 60 degrees"),
                (MID_RISE, 0.1, 0.4, "depth of the minimum"), (LOW_HOUSES, 0.1, 0.6, "gain of radiance at 60 degrees"),
                (TOWN, 0.1, 0.6, "gain of radiance at 60 degrees")):
            ends = np.sort(self.constants.draw_many(f"curve of {DISTRICT_TYPES[code].name}", low, high, 2, unit))
            share = np.clip(0.5 + self.grain / 4, 0, 1)
            amount = np.where(self.districts == code, ends[0] + (ends[1] - ends[0]) * share, amount)
        return amount.astype(np.float32)

    def _boundary(self, waves: Field) -> Field:
        angles = np.linspace(0, 2 * np.pi, BOUNDARY_POINTS, endpoint=False)
        ripple = sum(wave * np.cos((order + 2) * angles + 9 * wave * 100) for order, wave in enumerate(waves))
        return np.column_stack((28.5 * (1 + ripple) * np.cos(angles), 33.0 * (1 + ripple) * np.sin(angles)))

    def _build(self, where: Mask, code: int, brightness: Field) -> None:
        self.districts[where] = code
        self.brightness[where] = brightness[where]

    def _distance(self, place: Place) -> Field:
        return np.asarray(np.hypot(self.x - place[0], self.y - place[1]), dtype=np.float64)

    def _ellipse(self, place: Place, length: float, width: float, degrees: float) -> Field:
        """1 on an ellipse with these half axes."""
        angle = np.radians(degrees)
        x, y = self.x - place[0], self.y - place[1]
        along, across = x * np.cos(angle) + y * np.sin(angle), x * np.sin(angle) - y * np.cos(angle)
        return np.asarray(np.hypot(along / length, across / width), dtype=np.float64)


def polar(distance: float, degrees: float) -> Place:
    """km east and north; degrees anticlockwise from east."""
    angle = np.radians(degrees)
    return float(distance * np.cos(angle)), float(distance * np.sin(angle))


def bearing(place: Place) -> float:
    """Degrees anticlockwise from east."""
    return float(np.degrees(np.arctan2(place[1], place[0])))


def inside_ring(x: Field, y: Field, ring: Field) -> Mask:
    """Which points lie inside a ring that is seen from the origin without folds; angles of its points ascend."""
    angles = np.arctan2(ring[:, 1], ring[:, 0])
    order = np.argsort(angles)
    point_angles = np.arctan2(y, x)
    after = np.searchsorted(angles[order], point_angles) % len(ring)
    first, second = ring[order][after - 1], ring[order][after]
    edge = second - first
    return np.asarray(edge[..., 0] * (y - first[..., 1]) - edge[..., 1] * (x - first[..., 0]) >= 0)
