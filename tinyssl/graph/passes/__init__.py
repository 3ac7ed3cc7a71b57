"""Rewrites of a graph: each takes a model and returns a new one that computes the same bytes.

The patterns name the operators they are about; elsewhere only `ops/` and `targets/` do.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyssl.graph.model import Model
from tinyssl.graph.moves import join_moves
from tinyssl.graph.passes.activations import fuse_activations
from tinyssl.graph.passes.canonical import drop_idle_reshapes, plain_options, renumber
from tinyssl.graph.passes.constants import place_constants
from tinyssl.graph.passes.dilations import fuse_dilations, split_borders
from tinyssl.graph.passes.given import write_given
from tinyssl.graph.passes.pads import fold_pads
from tinyssl.graph.passes.tables import compose_tables
from tinyssl.graph.passes.transposes import merge_transposes, view_transposes
from tinyssl.graph.passes.unread import drop_unread
from tinyssl.graph.states import settle_variables

PASSES: tuple[Callable[[Model], Model], ...] = (
    write_given,
    place_constants,
    merge_transposes,
    view_transposes,
    drop_unread,
    fuse_dilations,
    split_borders,
    fold_pads,
    fuse_activations,
    compose_tables,
    settle_variables,
    join_moves,
)
"""In the order in which they run"""


def run_passes(model: Model) -> Model:
    """All passes of `PASSES`, in order."""
    for run in PASSES:
        model = run(model)
    return model


__all__ = [
    "PASSES",
    "compose_tables",
    "drop_idle_reshapes",
    "drop_unread",
    "fold_pads",
    "fuse_activations",
    "fuse_dilations",
    "merge_transposes",
    "place_constants",
    "plain_options",
    "renumber",
    "run_passes",
    "split_borders",
    "view_transposes",
    "write_given",
]
