"""Settings of the industry algorithms."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ..errors import InputError
from ..settings import Settings, borrowed, choice, day, flag, number, text

FESTIVAL = "spring_festival"
DAYS = {FESTIVAL: ("spring_festival_days",), "working_days": ("working_days",),
        "both": ("working_days", "spring_festival_days"), "none": ()}  # which covariates of months enter the calendar
LINEAR, TRAINED = "linear", "trained"  # how light is read
MOST_RINGS = 6


@dataclass(frozen=True)
class LabelSettings(Settings):
    """How statistics are published."""

    form: str = choice(
        "periods", ("periods", "year_to_date"), "Form of the statistics",
        "periods: each row is the sum of its month, group of months, quarter or year. year_to_date: each row is the "
        "sum from January to its month; it is differenced.")


@dataclass(frozen=True)
class SamplingSettings(Settings):
    """What is read around factories."""

    buffers: str = text(
        "500,1000,1500", "Buffers", "Outer radii of the rings around each factory, rising, separated by commas.",
        unit="m")
    start: date | None = day("Start", "First month, given by any of its days; empty takes all.")
    end: date | None = day("End", "Last month, included; empty takes all.")
    duplicates: str = choice(
        "refuse", ("refuse", "one", "share"), "Factories at one place",
        "refuse: factories less than a metre apart are an error that names two. one: the first of them is kept. "
        "share: they share the light of their place, as factories of a park do.")
    cell_size: float = number(
        500, "Cell size", "Light in degrees, or with other cells, is brought onto square cells of this size (bilinear "
        "from valid cells, UTM zone of the centre).", unit="m", minimum=50, maximum=5000, advanced=True)
    flare_deviations: float = number(
        3, "Flares: deviations", "Values that lie so many robust standard deviations (1.4826 times the median absolute "
        "deviation) above their cell's median over time, and above FLARE_QUANTILE, are cut to the higher of both; 0 "
        "cuts nothing.", minimum=0, maximum=100, advanced=True)
    flare_quantile: float = number(
        0.999, "Flares: quantile", "Values up to this quantile of all cells and months are never cut.", minimum=0.5,
        maximum=1, advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start and self.end and self.start > self.end:
            raise InputError("START", f"{self.start} lies after END {self.end}", "exchange the two dates")
        self.radii()

    def radii(self) -> tuple[float, ...]:
        """Outer radii of the rings in metres. Raises InputError for what isn't a rising list."""
        try:
            radii = tuple(float(each) for each in self.buffers.split(","))
        except ValueError:
            radii = ()
        rising = all(low < high for low, high in zip((0.0, *radii), radii))
        if not radii or not rising or len(radii) > MOST_RINGS or radii[-1] > 20 * self.cell_size:
            raise InputError("BUFFERS", f"'{self.buffers}' was given", f"give one to {MOST_RINGS} rising radii in "
                             "metres, at most 20 cells, such as 500,1000,1500")
        return radii


@dataclass(frozen=True)
class GvioSettings(Settings):
    """How the estimator of output is fitted."""

    seed: int = number(1, "Seed", "Of all random choices: the same seed gives the same model.", minimum=0,
                       maximum=2**31 - 1)
    days: str = choice(
        FESTIVAL, tuple(DAYS), "Days that count", "What enters the calendar beside growth and season where totals are "
        "monthly: the days of the Spring Festival in each month, its working days (Mondays to Fridays), both or none.")
    reading: str = choice(
        LINEAR, (LINEAR, TRAINED), "Reading of light", "linear: best linear prediction by a usual elasticity, which "
        "has learnt nowhere. trained: the same, corrected by networks that have learnt on simulated regions to tell "
        "what industry does from lamps, building and the sensor.", advanced=True)
    members: int = number(5, "Ensemble members", "Models that differ by their seeds; their mean is the estimate.",
                          minimum=1, maximum=50, advanced=True)
    region_statistics: bool = flag(
        True, "Urban and rural statistics", "Take what a month does to all light (airglow, snow) off the light of "
        "factories, and tell the network of town and country.", advanced=True)
    network: bool = flag(
        True, "Network", "Train the network on patches. It counts as far as held-out years ask for.", advanced=True)
    land_use: bool = flag(True, "Land use", "Tell the network the land use of each factory's cell where LANDUSE is "
                          "given.", advanced=True)
    light_sharing: bool = flag(
        True, "Light sharing", "Without sizes, a factory counts by its share of its cell's light; turned off, by all "
        "of it.", advanced=True)
    masking: bool = flag(True, "Masking", "Leave out cells that were not observed; without, they count as dark.",
                         advanced=True)
    shrinkage: bool = flag(
        True, "Shrinkage", "Draw the gain of light towards that of a usual elasticity as far as labels are few; "
        "without, it is fitted freely.", advanced=True)


@dataclass(frozen=True)
class EstimationSettings(SamplingSettings):
    """How estimates of factories become maps."""

    relation: str = choice(
        "factory", ("factory", "month", "pooled"), "Relation",
        "The straight line between the radiance of factory areas and estimates, by which estimates are laid on cells. "
        "factory: each factory and month has its own, through 0, so that the map holds every estimate. month: one line "
        "for all factories of a zone, each month. pooled: one for all months.")
    preserve_totals: bool = flag(
        False, "Preserve totals", "Scales the map and the factories so that sums over zones are MONTHLY_TOTALS in the "
        "months that it has, and have their level in the others. Where a sum is known, no interval is given.")
    compare: str = text(
        "", "Zones to compare", "Names of two zones, parted by a semicolon; empty takes the two with the largest "
        "output.")
    form: str = borrowed(LabelSettings, "form")


@dataclass(frozen=True)
class TrainingSettings(SamplingSettings, GvioSettings):
    """What is read, and how the estimator is fitted to it."""

    form: str = borrowed(LabelSettings, "form")
