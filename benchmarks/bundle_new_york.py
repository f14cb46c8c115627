"""Fits and judges the bundled model of New York's counties: python -m nocturne.benchmarks.bundle_new_york

Places and spacing alone, without flows and the network, so that it can map other regions. Lengths and areas of the data
have no unit and stay out.
"""
from __future__ import annotations

import json
from typing import Any

import numpy as np
from nocturne.algorithms.districts.evaluation import Evaluation
from nocturne.algorithms.districts.graph_columns import PLACE, SPACING
from nocturne.algorithms.districts.judge_semigtx import OURS, interval_widths
from nocturne.algorithms.districts.region_models import BUNDLED, RegionModel, save_region_model
from nocturne.algorithms.districts.settings import SemiGtxSettings
from nocturne.algorithms.districts.training import fit_semigtx, out_of_fold_region
from nocturne.algorithms.districts.unit_shares import unit_spacing
from nocturne.benchmarks import inside_counties
from nocturne.benchmarks.district_evidence import METHODS, layouts, paired, scores
from nocturne.benchmarks.new_york import NewYork, feature_names, read_new_york
from nocturne.models.registry import bundled_path

SHUFFLES = (13, 14, 15, 16, 17)  # the features were chosen on 0 to 2
SETTINGS = SemiGtxSettings(network=False, profiles=False)
TARGET = "target_gdp"
CARD = {
    "title": "GDP of New York's counties, shared among census tracts",
    "what": "GDP of districts and of their units from places of five kinds and the spacing of units: kernel ridge on "
            "districts, and shares of units by counts and spacing.",
    "warning": "The bundled model knows the 62 counties of New York State in 2011: elsewhere its levels (thousand US "
               "dollars of 2011) mean little, and its shares of known totals a bit more.",
    "licence": "Open Database License 1.0, as it is made from OpenStreetMap; attribution: (c) OpenStreetMap "
               "contributors",
    "data": {"gdp": "US Bureau of Economic Analysis, table CAGDP1, current GDP of 2011, public domain",
             "tracts": "US Census Bureau, 2010, centroids, public domain",
             "places": "(c) OpenStreetMap contributors, ODbL 1.0; counted per tract by Simini et al. (2021), A Deep "
                       "Gravity model for mobility flows generation, Nature Communications 12, 6576, CC BY 4.0"},
    "units": {"place_*_point": "places per unit that OpenStreetMap has as points",
              "place_*_poly": "places per unit that it has as polygons",
              SPACING: "km, mean distance between the centres of a unit and of its five nearest neighbours",
              TARGET: "thousand US dollars of 2011"}}


def metrics(region: NewYork, spacing: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """What the card says about districts left out, and the half width of their intervals."""
    rounds = [{layout: out_of_fold_region(region.features, None, region.gdp, folds, SETTINGS, region.district,
                                          spacing=spacing)
               for layout, folds in layouts(region, shuffle).items()} for shuffle in SHUFFLES]
    districts = {layout: np.array([each[layout].districts[:, 0] for each in rounds]) for layout in rounds[0]}
    inside = np.mean([inside_counties.rank_correlations(region, each["shuffled"].units[:, 0]) for each in rounds],
                     axis=0)
    by_places = inside_counties.rank_correlations(region, inside_counties.number_of_places(region, [], 0))
    widths = interval_widths(Evaluation({OURS: districts["shuffled"][:, :, None]}, region.gdp[:, None], region.counts,
                                        (TARGET,)))
    return {
        "how": "10 folds of counties at random (shuffled), and of neighbouring counties (blocks), mean of 5 shuffles "
               "that nothing was chosen on; the floor is ridge regression on the number of tracts; gains are means "
               "over counties with their 95 % intervals",
        **{layout: _beside_floor(region, found, layout) for layout, found in districts.items()},
        "inside": "mean Spearman over 48 counties against workers arriving in tracts, which measure jobs, not value "
                  "added; in half of the counties they served to choose the form of the model",
        "spearman_inside": _rounded(inside.mean()), "spearman_inside_number_of_places": _rounded(by_places.mean()),
        "gain_inside": [_rounded(value) for value in inside_counties.paired(inside - by_places)[:3]]}, widths


def _beside_floor(region: NewYork, districts: np.ndarray, layout: str) -> dict[str, Any]:
    floor = np.array([METHODS["floor: tracts"](region, layouts(region, shuffle)[layout], SETTINGS)
                      for shuffle in SHUFFLES])
    total, per_tract = scores(region, districts)
    floor_total, floor_per_tract = scores(region, floor)
    gain = paired(region, districts, floor)
    return {"r2_log_gdp": _rounded(total.mean()), "r2_log_gdp_floor": _rounded(floor_total.mean()),
            "r2_log_gdp_per_tract": _rounded(per_tract.mean()),
            "r2_log_gdp_per_tract_floor": _rounded(floor_per_tract.mean()),
            "gain_in_squared_error_over_floor": [_rounded(value) for value in gain],
            "certainly_above_floor": gain[1] > 0}


def main() -> None:
    whole = read_new_york()
    spacing = unit_spacing(whole.place)
    counts = [number for number, name in enumerate(feature_names()) if name.endswith(("_point", "_poly"))]
    names = (*(PLACE + feature_names()[number] for number in counts), SPACING)
    region = NewYork(np.column_stack((whole.features[:, counts], spacing)), whole.flows, whole.district, whole.gdp,
                     whole.place)
    about, widths = metrics(region, spacing)
    fitted = fit_semigtx(region.features, None, region.gdp, region.district, SETTINGS, spacing=spacing)
    save_region_model(bundled_path(BUNDLED), RegionModel(fitted, names, region.features.min(axis=0),
                                                         region.features.max(axis=0), (TARGET,), widths),
                      {**CARD, "training": {"tracts": len(region.district), "counties": len(region.gdp)},
                       "metrics": about})
    print(json.dumps(about, indent=1))


def _rounded(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
