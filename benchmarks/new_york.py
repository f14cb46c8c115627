"""Reads the region graph of New York State: census tracts with places, roads and flows in 62 counties with GDP."""
from __future__ import annotations

import csv
import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "region-graph-new-york"
CURRENT_GDP, YEAR, STATE = "3", "2011", "36000"


@dataclass(frozen=True)
class NewYork:
    """features: (tracts, 18). flows: (tracts, tracts) commuters without those who stay. district: (tracts,), number of
    the county. gdp: (counties,), thousand dollars. place: (tracts, 2), longitude and latitude."""

    features: NDArray[np.float64]
    flows: sp.csr_matrix
    district: NDArray[np.intp]
    gdp: NDArray[np.float64]
    place: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.float64]:
        return np.bincount(self.district).astype(np.float64)


def read_new_york(folder: Path = SHARED) -> NewYork:
    rows = sorted(_rows(folder / "ny_tract_osm_features.csv.gz"), key=lambda row: row["GEOID"])
    ids = {row["GEOID"]: number for number, row in enumerate(rows)}
    names = [name for name in rows[0] if name != "GEOID"]
    counties, district = np.unique([row["GEOID"][:5] for row in rows], return_inverse=True)
    with zipfile.ZipFile(folder / "ny_tract_flows.csv.zip") as archive, archive.open(archive.namelist()[0]) as file:
        flows = [(ids[row["residence"]], ids[row["workplace"]], float(row["commuters"]))
                 for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"))
                 if row["residence"] in ids and row["workplace"] in ids and row["residence"] != row["workplace"]]
    origin, destination, commuters = zip(*flows)
    with (folder / "ny_county_gdp_cagdp1_2001_2019.csv").open(encoding="utf-8", newline="") as file:
        gdp = {row["GeoFIPS"].strip('" '): float(row[YEAR]) for row in csv.DictReader(file)
               if row["LineCode"] == CURRENT_GDP and row["GeoFIPS"].strip('" ') != STATE}
    places = {row["geo_code"]: (float(row["lon"]), float(row["lat"]))
              for row in _rows(folder / "ny_tract_centroids.csv.gz")}
    return NewYork(np.array([[float(row[name] or "nan") for name in names] for row in rows]),
                   sp.csr_matrix((commuters, (origin, destination)), (len(ids), len(ids))), district.astype(np.intp),
                   np.array([gdp[name] for name in counties]), np.array([places[name] for name in ids]))


def feature_names(folder: Path = SHARED) -> tuple[str, ...]:
    """Of the columns of NewYork.features."""
    return tuple(name for name in _rows(folder / "ny_tract_osm_features.csv.gz")[0] if name != "GEOID")


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
