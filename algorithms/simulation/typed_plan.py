"""The plan of a city of a given type: its high-rise centres follow the ranges published for cities of its type."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .centre_uses import centres_alike, centres_by_use
from .cities import CitySpecification
from .city_plan import (
    CBD,
    COUNTRYSIDE,
    LOW_HOUSES,
    MID_RISE,
    MIXED,
    PARK,
    PORT,
    ROAD,
    STADIUM,
    TOWN,
    City,
    Place,
    inside_ring,
    polar,
)
from .constants import Generator
from .fields import smooth_field
from .light_curves import TOWER, relative_radiance, through_footprint
from .ranges import Draws
from .truth import MAX_ZENITH

PARKS, TOWNS, ROADS, WAVES, RING_POINTS = 4, 10, 6, 8, 120
APART_KM = 5.0  # first try; centres come closer where they don't find room
TRIES = 300
RING_OF_CBD = 48
COUNTRY_LIGHT = 0.5  # nW/cm2/sr
DARKEST_CENTRE = 45.0  # nW/cm2/sr; centres outshine the light around them
FADING = 0.35  # share of a centre's radiance that is lost at its edge
ANGLES = np.linspace(0, MAX_ZENITH, 13)  # over which a centre's radiance is the drawn one
LARGEST_SHARE = 0.085  # of the city that centres cover; the footprint spreads them to 15 %
BOUNDARY = 1.25  # radius of the municipality over that of the city

Field = NDArray[np.float64]


@dataclass(frozen=True)
class TypedCity:
    """city: the plan. centres: places of the negative high-rise centres. cbds: rings of the reference CBDs, km east and
    north, each of shape (n, 2) and not closed."""

    city: City
    centres: list[Place]
    cbds: list[Field]


def plan_typed_city(draws: Draws, numbers: Generator, specification: CitySpecification) -> TypedCity:
    """Draws the constants of the plan and lays it out; later districts stand on top of earlier ones."""
    return _Planner(draws, numbers, specification).plan()


class _Planner:
    def __init__(self, draws: Draws, numbers: Generator, specification: CitySpecification) -> None:
        self.draws, self.numbers, self.specification = draws, numbers, specification
        window = specification.window
        self.latitude = window.centre[1]
        self.x, self.y = window.plane()
        self.shape = (window.rows, window.columns)
        reach = min(-self.x[0, 0], self.y[0, 0]) / BOUNDARY * 0.97
        self.radius = min(draws.one("radius of the city"), float(reach))
        self.rough = smooth_field(numbers, self.shape, 5)
        self.mottle = smooth_field(numbers, self.shape, 1.6)
        self.grain = smooth_field(numbers, self.shape, 2.5)
        self.districts = np.full(self.shape, COUNTRYSIDE, dtype=np.uint8)
        self.brightness = COUNTRY_LIGHT * (1 + 0.25 * self.rough)
        self.amount = np.zeros(self.shape)

    def plan(self) -> TypedCity:
        draws, kind = self.draws, self.specification.kind
        # The two numbers of Table 6 go into the truth with the range of the city's type.
        constants = draws.constants
        radiance = constants.draw("mean radiance of the centres", *kind.radiance, "nW/cm2/sr")
        if self.specification.uses:
            radiance *= kind.brightness
        lowest, highest = kind.centres
        negative = self.specification.centres or min(
            highest, int(constants.draw("negative centres", lowest, highest + 1 - 1e-6, "count")))
        self._countryside()
        built_up = self._body(draws.one("light at the centre") * radiance, draws.one("decay of light"))
        self._flat_places()
        self._curves_of_low_buildings()
        cbds = min(self.specification.cbds, negative)
        if self.specification.uses:
            planned = centres_by_use(draws, self.numbers, negative, cbds, kind.other_size)
        else:
            planned = centres_alike(draws, negative, cbds)
        count, codes, losses = len(planned.codes), planned.codes, planned.losses
        radii = planned.radii * min(1.0, self.radius * np.sqrt(LARGEST_SHARE / (planned.radii**2).sum()))
        off = "distance of CBDs off the centre" if self.specification.uses else "distance of the CBD off the centre"
        first = polar(draws.one(off), draws.one("bearing of the CBD off the centre"))
        places = self._places(first, count, kind.spread)
        elongation, bearing = draws.one("elongation of the CBD"), draws.one("bearing of the CBD")
        rings: list[Field] = []
        for index in range(count)[::-1]:  # the CBD last, on top
            stretch, turn = (elongation, bearing) if codes[index] == CBD else (1.0, 0.0)
            self._tower(places[index], radii[index], stretch, turn, int(codes[index]),
                        max(DARKEST_CENTRE, radiance * planned.factors[index]), losses[index])
            if codes[index] == CBD:
                rings.insert(0, self._ring(places[index], radii[index], stretch, turn))
        boundary = self._boundary()
        bright = np.maximum(self.brightness * np.exp(0.08 * self.mottle), 0)
        centres = [(float(x), float(y)) for x, y in places[:negative]]
        names = {f"negative centre {index + 1}": place for index, place in enumerate(centres)}
        city = City(self.districts, bright.astype(np.float32), self.amount.astype(np.float32),
                    inside_ring(self.x, self.y, boundary), built_up, boundary, names)
        return TypedCity(city, centres, rings)

    def _countryside(self) -> None:
        east, north = self.draws.many("places of towns", 2 * TOWNS).reshape(2, TOWNS)
        radiance = self.draws.many("radiance of towns", TOWNS)
        for place, peak in zip(zip(east, north), radiance):
            distance = self._distance(place) * (1 + 0.15 * self.mottle)
            self._build(distance < 1.1, TOWN, peak * np.exp(-distance / 2.2))
        brightness = self.draws.one("radiance of roads")
        for index in range(ROADS):
            angle = 2 * np.pi * (index + 0.3) / ROADS
            along = self.x * np.cos(angle) + self.y * np.sin(angle)
            across = self.x * np.sin(angle) - self.y * np.cos(angle) + 0.9 * np.sin(along / 7 + index)
            self._build((np.abs(across) < 0.28) & (along > 0), ROAD, brightness * (1 + 0.2 * self.mottle))

    def _body(self, peak: float, decay: float) -> NDArray[np.bool_]:
        distance = self._distance((0.0, 0.0))
        reach = distance / self.radius * (1 + 0.16 * self.rough)
        body = np.asarray(reach < 1)
        light = peak * np.exp(-distance / decay) * np.clip(1.9 - 1.1 * reach, 0.35, 1)
        self._build(body, LOW_HOUSES, light)
        self._build(body & (reach < 0.55 + 0.18 * self.grain), MID_RISE, light)
        self._build(body & (self.grain < -0.4), MIXED, light * 0.9)
        return body

    def _flat_places(self) -> None:
        draws = self.draws
        for angle, distance, radius in zip(*(draws.many(f"{what} of parks", PARKS)
                                             for what in ("bearing", "distance", "radius"))):
            self._build(self._distance(polar(distance, angle)) < radius, PARK, np.full(self.shape, 6.0))
        angle = draws.one("bearing of the port")
        self._build(self._distance(polar(0.75 * self.radius, angle)) < 1.7, PORT,
                    np.full(self.shape, draws.one("radiance of the port")))
        self._build(self._distance(polar(0.45 * self.radius, angle + 90)) < 0.55, STADIUM,
                    np.full(self.shape, draws.one("radiance of the stadium")))

    def _curves_of_low_buildings(self) -> None:
        share = np.clip(0.5 + self.grain / 4, 0, 1)
        for codes, name in (((LOW_HOUSES, TOWN), "facades of low houses"), ((MID_RISE,), "depth of mid-rise")):
            low, high = self.draws.between(name)
            self.amount = np.where(np.isin(self.districts, codes), low + (high - low) * share, self.amount)

    def _places(self, first: Place, count: int, spread: float) -> list[Place]:
        """The first place and others within spread of the radius, as far apart as there is room."""
        places, apart = [first], APART_KM
        while len(places) < count:
            for _ in range(TRIES):
                distance, angle = np.sqrt(self.numbers.random()), 360 * self.numbers.random()
                place = polar(spread * self.radius * distance, angle)
                if all(np.hypot(place[0] - x, place[1] - y) >= apart for x, y in places):
                    places.append(place)
                    break
            else:
                apart *= 0.9
        return places

    def _tower(self, place: Place, radius: float, stretch: float, turn: float, code: int, radiance: float,
               loss: float) -> None:
        """A high-rise centre that is as bright behind the footprint, on average over the angles, as was drawn."""
        reach = self._reach(place, radius, stretch, turn)
        here = reach < 1
        if not here.any():
            return
        shape = np.where(here, 1 - FADING * reach**2, 0)
        own = through_footprint(shape.astype(np.float32), self.latitude)[here].mean()
        around = through_footprint(np.where(here, 0, self.brightness).astype(np.float32), self.latitude)[here].mean()
        seen = relative_radiance(np.array(TOWER, np.uint8), np.array(loss, np.float32), ANGLES).mean()
        self._build(here, code, max(radiance - around, 0.3 * radiance) / own / seen * shape)
        self.amount = np.where(here, np.clip(loss + 0.03 * self.grain, 0, 0.95), self.amount)

    def _ring(self, place: Place, radius: float, stretch: float, turn: float) -> Field:
        angles = np.linspace(0, 2 * np.pi, RING_OF_CBD, endpoint=False)
        along, across = radius * np.sqrt(stretch) * np.cos(angles), radius / np.sqrt(stretch) * np.sin(angles)
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        return np.column_stack((place[0] + along * cosine - across * sine, place[1] + along * sine + across * cosine))

    def _boundary(self) -> Field:
        angles = np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False)
        waves = self.draws.many("waves of the boundary", WAVES)
        ripple = sum(wave * np.cos((order + 2) * angles + order) for order, wave in enumerate(waves)) * 0.3
        radius = BOUNDARY * self.radius * (1 + ripple)
        return np.column_stack((radius * np.cos(angles), radius * np.sin(angles)))

    def _build(self, where: NDArray[np.bool_], code: int, brightness: Field) -> None:
        self.districts[where] = code
        self.brightness[where] = brightness[where]

    def _distance(self, place: Place) -> Field:
        return np.asarray(np.hypot(self.x - place[0], self.y - place[1]), dtype=np.float64)

    def _reach(self, place: Place, radius: float, stretch: float, turn: float) -> Field:
        """1 on the outline of the centre: an ellipse as large as a circle of the radius."""
        east, north = self.x - place[0], self.y - place[1]
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        return np.asarray(np.hypot((east * cosine + north * sine) / np.sqrt(stretch),
                                   (east * sine - north * cosine) * np.sqrt(stretch)) / radius, dtype=np.float64)
