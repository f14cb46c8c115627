"""How rows are divided into training and test: at random, by place, or by region (checkerboards)."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..distances import nearest_km, unwrapped
from ..errors import InputError
from .site_days import SiteDays

OFFSETS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))  # of a checkerboard, in cells, east and north


@dataclass(frozen=True)
class Fold:
    """Rows to train on and to test on. name: such as 'checkerboard 8 degrees, offset 2, black'."""

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def random_rows(site_days: SiteDays, folds: int, seed: int) -> list[Fold]:
    """Rows with targets, dealt at random: a place stands on both sides."""
    rows = site_days.measured
    return _deal("random rows", rows, np.arange(len(rows)), folds, seed)


def random_places(site_days: SiteDays, folds: int, seed: int) -> list[Fold]:
    """Positions dealt at random: no position stands on both sides, whatever its site numbers are."""
    rows = site_days.measured
    return _deal("random places", rows, site_days.place()[rows], folds, seed)


def held_out_places(site_days: SiteDays, share: float, seed: int) -> list[Fold]:
    """One division that holds out a share of the positions."""
    rows = site_days.measured
    places = site_days.place()[rows]
    unique = np.random.default_rng(seed).permutation(np.unique(places))
    test = np.isin(places, unique[:max(1, round(share * len(unique)))])
    _check_sides("random places", test)
    return [Fold("held-out places", rows[~test], rows[test])]


def checkerboard(site_days: SiteDays, cell_degrees: float, offset: int = 0, buffer_km: float = 0) -> list[Fold]:
    """Both colours of a checkerboard in turn; training places within the buffer of a test place are left out.

    The board's corner is the south-western corner of all measured places, moved by OFFSETS[offset] cells. Raises
    InputError where a colour is empty.
    """
    rows = site_days.measured
    longitude, latitude = site_days.longitude[site_days.site[rows]], site_days.latitude[site_days.site[rows]]
    east, north = OFFSETS[offset]
    eastward = unwrapped(longitude)
    column = np.floor((eastward - eastward.min()) / cell_degrees + east).astype(int)
    row = np.floor((latitude - latitude.min()) / cell_degrees + north).astype(int)
    black = (column + row) % 2 == 1
    if black.all() or not black.any():
        raise InputError("CELL_DEGREES", f"with {cell_degrees:g} degrees one colour has no measured place",
                         "take smaller cells")
    folds = []
    for name, test in (("black", black), ("white", ~black)):
        train = ~test
        if buffer_km > 0:
            train &= ~_near(longitude, latitude, test, buffer_km)
            if not train.any():
                raise InputError("BUFFER_KM", f"within {buffer_km:g} km of the test places lie all the others",
                                 "take a smaller buffer")
        folds.append(Fold(f"checkerboard {cell_degrees:g} degrees, offset {offset + 1}, {name}", rows[train],
                          rows[test]))
    return folds


def _near(longitude: NDArray[np.float64], latitude: NDArray[np.float64], test: NDArray[np.bool_],
          kilometres: float) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = nearest_km(longitude, latitude, longitude[test], latitude[test]) < kilometres
    return near


def _deal(name: str, rows: NDArray[np.intp], groups: NDArray[np.intp], folds: int, seed: int) -> list[Fold]:
    unique, which = np.unique(groups, return_inverse=True)
    if len(unique) < folds:
        raise InputError("FOLDS", f"{folds} folds were asked for, there are {len(unique)} places",
                         f"give at most {len(unique)}")
    number = np.empty(len(unique), dtype=int)
    number[np.random.default_rng(seed).permutation(len(unique))] = np.arange(len(unique)) % folds
    return list(_folds(name, rows, number[which.ravel()], folds))


def _folds(name: str, rows: NDArray[np.intp], number: NDArray[np.intp], folds: int) -> Iterator[Fold]:
    for fold in range(folds):
        test = number == fold
        yield Fold(f"{name}, fold {fold + 1}", rows[~test], rows[test])


def _check_sides(name: str, test: NDArray[np.bool_]) -> None:
    if test.all() or not test.any():
        raise InputError("FOLDS", f"{name} leave nothing on one side", "give more places")
