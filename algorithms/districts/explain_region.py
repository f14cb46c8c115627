"""What a trained SemiGTX model looks at in a region: its explanation by names of features, districts and edges."""
from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from ..devices import pick_device
from ..errors import InputError
from ..execution import torch_threads
from ..progress import Progress
from ..settings import Resources
from .activation_maps import NeuronMaps, StreetPictures, activation_maps
from .explanation import Explanation, Question, explain
from .graph_columns import FLOW, PLACE, VIEW
from .network import keep_batches, make_batches, region_graph
from .region_layers import Region
from .region_models import RegionModel

GROUPS = {PLACE: "places", VIEW: "views", FLOW: "flow profiles"}
PROFILE = "flow_singular_vector_"
MOST_FIELDS = 5  # contributions of single features that the layer gets, per target


@dataclass(frozen=True)
class ExplainedRegion:
    """region: its units in the order of the model, where that has flow profiles. names: of the inputs of the network,
    the columns of explanation.inputs. shares: (targets,) of the network in the estimates. district: that was asked for,
    empty for all. rows: what the network's heads read, 'unit' or 'district'. maps: of neurons over street views, where
    pictures were given."""

    region: Region
    targets: tuple[str, ...]
    names: tuple[str, ...]
    explanation: Explanation
    shares: NDArray[np.float64]
    district: str
    rows: str
    maps: tuple[NeuronMaps, ...] = ()

    def by_district(self, target: int) -> NDArray[np.float64]:
        """Sum of the contributions of the units, (districts, inputs)."""
        found = np.zeros((len(self.region.districts), len(self.names)))
        np.add.at(found, self.region.district, self.explanation.inputs[target])
        return found

    def strongest(self, target: int) -> NDArray[np.intp]:
        """Numbers of the inputs, by the mean size of their contributions, the largest first."""
        return np.argsort(-np.abs(self.explanation.inputs[target]).mean(axis=0), kind="stable")

    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Name of each group of inputs that is there to its columns."""
        kinds = np.array([next((label for prefix, label in GROUPS.items() if name.startswith(prefix)), "other")
                          for name in self.names])
        return {label: kinds == label for label in dict.fromkeys(kinds.tolist())}

    def place_categories(self) -> list[int]:
        """Numbers of the inputs that are categories of places."""
        return [number for number, name in enumerate(self.names) if name.startswith(PLACE)]

    def unit_columns(self) -> dict[str, tuple[str, NDArray[np.float64]]]:
        """Fields of the units: contributions of each group of inputs, of each place category and of the strongest
        single inputs."""
        columns = {}
        for number, target in enumerate(self.targets):
            values = self.explanation.inputs[number].astype(np.float64)
            for label, inside in self.groups().items():
                columns[f"{target}_by_{label.replace(' ', '_')}"] = ("number", values[:, inside].sum(axis=1))
            for column in (*self.place_categories(), *self.strongest(number)[:MOST_FIELDS]):
                columns[f"{target}_by_{self.names[column]}"] = ("number", values[:, column])
        return columns

    def edge_columns(self) -> dict[str, str]:
        """Names and kinds of the fields of edges."""
        layers = (f"attention_{layer + 1}" for layer in range(len(self.explanation.attention)))
        return {"origin": "text", "destination": "text",
                **dict.fromkeys(("attention", "message", *layers), "number")}

    def edge_rows(self) -> Iterator[tuple[list[Any], bytes]]:
        """Origin, destination, attention and size of the message, means over the layers, and the attention of each
        layer, with the line between the units, in degrees."""
        names, centres = self.region.units.names, shapely.get_coordinates(shapely.centroid(self.region.shapes))
        origin, destination = self.explanation.edges
        lines = shapely.to_wkb(shapely.linestrings(np.stack((centres[origin], centres[destination]), axis=1)))
        attention, messages = self.explanation.attention, self.explanation.messages
        weights = np.vstack((attention.mean(axis=0), messages.mean(axis=0), attention)).T
        for start, end, values, line in zip(origin, destination, weights.tolist(), lines):
            yield [names[start], names[end], *values], bytes(line)

    def table_rows(self) -> Iterator[tuple[str, str, str, float]]:
        """Target, district, input and the sum of its contributions in the district's units."""
        for number, target in enumerate(self.targets):
            for district, values in zip(self.region.districts, self.by_district(number)):
                for name, value in zip(self.names, values):
                    yield target, district, name, float(value)


def explain_region(region: Region, model: RegionModel, district: str, pictures: StreetPictures | None,
                   resources: Resources, progress: Progress) -> ExplainedRegion:
    """district: whose estimate is explained, empty for the sum of all.

    Raises InputError for a district that isn't there, for a model whose network says nothing of totals, and for
    pictures that activation_maps refuses.
    """
    fitted = model.fitted
    if fitted.network is None:
        raise InputError("MODEL", "it is kernel ridge alone", "train one with a network")
    if fitted.heads:
        raise InputError("MODEL", "its network never saw totals (ALPHA was 1), so that its own estimates say nothing",
                         "train one with ALPHA below 1")
    if not fitted.shares.any():
        progress.warning("The estimates of this model come from kernel ridge alone, because the network didn't help "
                         "known districts; only the network is explained.")
    if district and district not in region.districts:
        raise InputError("DISTRICT", f"there is no district '{district}' (the first is '{region.districts[0]}')",
                         "give one of DISTRICT_FIELD, or leave it empty")
    region = model.arranged(region)
    columns, names = fitted.scaler.scale(model.features_of(region)), [model.names[at] for at in fitted.scaler.kept]
    if fitted.basis is not None:
        profile = fitted.basis.profiles(region.flows, np.arange(len(region.units)))
        columns = np.column_stack((columns, profile))
        names += [f"{PROFILE}{number + 1}" for number in range(profile.shape[1])]
    if not names:
        raise InputError("MODEL", "its network reads no features, only flows between units", "train one with features")
    asked = torch.tensor([not district or name == district for name in region.districts])
    question = Question(fitted.scale, torch.from_numpy(region.district.astype(np.int64)), asked,
                        fitted.settings.readout == "sum-of-units")
    keep_batches(region.flows, region.district, len(asked), fitted.settings, resources.max_memory, progress)
    device = pick_device(resources.device, progress)
    with torch_threads(resources), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum announces the hooks that it sets and removes
        graph = region_graph(columns, region.flows, fitted.settings.seed, progress.part(0, 0.1))
        batches = [batch.to(device) for batch in make_batches(graph, region.district, len(asked), fitted.settings)]
        network, question = fitted.network.to(device), question.to(device)
        found = explain(network, batches, question, progress.part(0.1, 0.7))
        maps = () if pictures is None else activation_maps(region, model, network, batches, found, question, pictures,
                                                           resources, progress.part(0.7, 1))
    return ExplainedRegion(region, model.targets, tuple(names), found, fitted.shares, district,
                           "unit" if question.by_units else "district", maps)
