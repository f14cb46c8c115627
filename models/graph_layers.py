"""Layers of the networks that district models are compared with; all are called with nodes, edges and edge features."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GCNConv, GPSConv, ResGatedGraphConv, TransformerConv

LAYERS = ("semigtx", "semigtx-gt", "gcn", "gatedgcn", "gat", "transformer", "bigbird", "performer")
RANDOM_PARTNERS, GLOBAL_NODES = 3, 2


def make_layer(kind: str, width: int, heads: int, edge_features: int, dropout: float) -> nn.Module:
    """One layer of a network in LAYERS.

    semigtx: GAT with edge features beside Performer attention. semigtx-gt: GCN beside full attention. transformer,
    performer: attention alone. bigbird: attention over neighbours, random and global nodes (Zaheer et al. 2020).
    """
    if kind == "semigtx":
        return Gps(GPSConv(width, _gat(width, heads, edge_features), heads, dropout, attn_type="performer",
                           attn_kwargs={"head_channels": width // heads}), True)
    if kind == "semigtx-gt":
        return Gps(GPSConv(width, GCNConv(width, width), heads, dropout, attn_type="multihead"), False)
    if kind in ("transformer", "performer"):
        attention = "multihead" if kind == "transformer" else "performer"
        more = {"head_channels": width // heads} if kind == "performer" else {}
        return Gps(GPSConv(width, None, heads, dropout, attn_type=attention, attn_kwargs=more), False)
    return Local(_convolution(kind, width, heads, edge_features), width, dropout, kind in ("gat", "gatedgcn"),
                 kind == "bigbird")


def _convolution(kind: str, width: int, heads: int, edge_features: int) -> nn.Module:
    found: nn.Module
    if kind == "gcn":
        found = GCNConv(width, width)
    elif kind == "gat":
        found = _gat(width, heads, edge_features)
    elif kind == "gatedgcn":
        found = ResGatedGraphConv(width, width, edge_dim=edge_features)
    else:
        found = TransformerConv(width, width // heads, heads)
    return found


class Gps(nn.Module):
    """The library's GPS layer; edge features reach it where its convolution takes them."""

    def __init__(self, layer: GPSConv, uses_edges: bool) -> None:
        super().__init__()
        self.layer, self.uses_edges = layer, uses_edges

    def forward(self, nodes: Tensor, edges: Tensor, edge_features: Tensor) -> Tensor:
        more = {"edge_attr": edge_features} if self.uses_edges else {}
        found: Tensor = self.layer(nodes, edges, **more)
        return found


class Local(nn.Module):
    """A convolution with residual, batch norm and feed-forward part, as in a GPS layer without attention."""

    def __init__(self, convolution: nn.Module, width: int, dropout: float, uses_edges: bool, sparse: bool) -> None:
        super().__init__()
        self.convolution, self.uses_edges, self.sparse = convolution, uses_edges, sparse
        self.first, self.second, self.dropout = nn.BatchNorm1d(width), nn.BatchNorm1d(width), nn.Dropout(dropout)
        self.forward_part = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Dropout(dropout),
                                          nn.Linear(2 * width, width), nn.Dropout(dropout))

    def forward(self, nodes: Tensor, edges: Tensor, edge_features: Tensor) -> Tensor:
        if self.sparse:
            edges = sparse_pattern(edges, len(nodes))
        more = (edge_features,) if self.uses_edges else ()
        found = self.first(nodes + self.dropout(self.convolution(nodes, edges, *more)))
        result: Tensor = self.second(found + self.forward_part(found))
        return result


def sparse_pattern(edges: Tensor, nodes: int) -> Tensor:
    """Who attends to whom in bigbird: neighbours both ways, random partners, and global nodes with everybody.

    The nodes with most neighbours are global; the random partners are the same for the same number of nodes.
    """
    generator = torch.Generator().manual_seed(nodes)
    every = torch.arange(nodes)
    partners = torch.stack((torch.randint(nodes, (RANDOM_PARTNERS * nodes,), generator=generator),
                            every.repeat(RANDOM_PARTNERS)))
    degrees = torch.bincount(edges.cpu().flatten(), minlength=nodes)
    hubs = torch.argsort(degrees, descending=True, stable=True)[:GLOBAL_NODES]
    spokes = torch.stack((hubs.repeat_interleave(nodes), every.repeat(len(hubs))))
    added = torch.cat((partners, spokes, spokes.flip(0), torch.stack((every, every))), dim=1).to(edges.device)
    pattern = torch.cat((edges, edges.flip(0), added), dim=1)
    found: Tensor = torch.unique(pattern, dim=1)  # type: ignore[no-untyped-call]
    return found


def _gat(width: int, heads: int, edge_features: int) -> nn.Module:
    found: nn.Module = GATConv(width, width // heads, heads, edge_dim=edge_features, add_self_loops=False)
    return found
