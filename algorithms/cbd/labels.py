"""Which centres are CBDs, by a field of the layer or by reference outlines."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import area

from ..errors import InputError
from ..feature_tables import FeatureTable
from ..geometries import crs_of, shapes_in, shapes_of
from ..overlaps import overlaps

YES = ("1", "true", "yes", "cbd")
NO = ("0", "false", "no", "non-cbd", "non_cbd", "not cbd", "other")


@dataclass(frozen=True)
class Labels:
    """cbd: whether each row is a CBD, shape (rows,). known: number of CBDs there are, also those that no row covers.

    remarks: sentences about what isn't one centre to one CBD. pairs: row and number of the CBD that it covers, of shape
    (pairs, 2); None where each of these rows is a CBD of its own.
    """

    cbd: NDArray[np.bool_]
    known: int
    remarks: tuple[str, ...] = ()
    pairs: NDArray[np.intp] | None = None


def read_labels(table: FeatureTable, field: str, reference: FeatureTable | None, min_overlap: float) -> Labels:
    """By the field, or by the outlines where it is empty. Raises InputError where both or none are given."""
    if bool(field) == (reference is not None):
        raise InputError("LABEL_FIELD", "it is given, and REFERENCE too" if field else "it is empty, and REFERENCE too",
                         "give one of them")
    if reference is None:
        return labels_of_field(table, field)
    return labels_of_reference(table, reference, min_overlap)


def labels_of_field(table: FeatureTable, field: str, parameter: str = "LABEL_FIELD") -> Labels:
    """0 and 1, true and false, yes and no, or cbd and non-cbd. Raises InputError for anything else and empty rows."""
    values = [None if text is None else text.strip().lower() for text in table.texts(field, parameter)]
    values = [text[:-2] if text is not None and text.endswith(".0") else text for text in values]
    strange = next((text for text in values if text not in YES + NO), "")
    if strange != "":
        found = "an empty row" if strange is None else f"'{strange}'"
        raise InputError(parameter, f"the field '{field}' has {found}",
                         "give 1 or 0, true or false, yes or no, cbd or non-cbd in every row")
    cbd = np.array([text in YES for text in values], dtype=bool)
    return Labels(cbd, int(cbd.sum()))


def labels_of_reference(table: FeatureTable, reference: FeatureTable, min_overlap: float) -> Labels:
    """A centre is a CBD if it shares at least min_overlap of the smaller of the two areas with a reference outline.

    Raises InputError where no outline overlaps any centre.
    """
    centres, outlines = shapes_of(table), shapes_in(reference, crs_of(table))
    rows, others, shared = overlaps(centres, outlines)
    if not len(rows):
        raise InputError(reference.parameter, f"none of its {len(outlines)} outlines overlaps a centre",
                         "choose outlines of the same cities")
    enough = shared >= min_overlap * np.minimum(area(centres[rows]), area(outlines[others]))
    rows, others = rows[enough], others[enough]
    cbd = np.zeros(len(centres), dtype=bool)
    cbd[rows] = True
    lost = sorted(set(range(len(outlines))) - set(others.tolist()))
    remarks = [
        _remark(lost, "has no centre", "have no centre"),
        _remark(_repeated(others), "has several centres, all of which count as CBD",
                "have several centres, all of which count as CBD")]
    double = _repeated(rows)
    if double:
        remarks.append(f"{len(double)} of {len(centres)} centres lie on several reference CBDs (rows "
                       f"{_listed(double)}); each counts once.")
    return Labels(cbd, len(outlines), tuple(remark for remark in remarks if remark),
                  np.column_stack((rows, others)))


def _repeated(numbers: NDArray[np.intp]) -> list[int]:
    values, counts = np.unique(numbers, return_counts=True)
    return [int(value) for value in values[counts > 1]]


def _remark(outlines: Sequence[int], one: str, several: str) -> str:
    if not outlines:
        return ""
    if len(outlines) == 1:
        return f"Reference CBD {outlines[0] + 1} {one}."
    return f"{len(outlines)} reference CBDs ({_listed(outlines)}) {several}."


def _listed(numbers: Sequence[int], most: int = 10) -> str:
    listed = ", ".join(str(number + 1) for number in numbers[:most])
    return listed if len(numbers) <= most else f"{listed}, ..."
