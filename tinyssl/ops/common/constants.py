"""Results of operators from constants: what `OpSpec.fold` of several operators shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Op, Value

Arrays = Sequence[NDArray[Any]]
Fold = Callable[[Sequence[Value], Any], Arrays | None]
"""Outputs of an operator whose inputs are constants, from all values of the graph; None where it
does not compute this one. They are no larger than the graph says"""
Numbers = NDArray[np.int64]
Codes = Callable[[Model, Any, Sequence[Numbers]], Numbers | None]
"""What an operator of a verified model stores for what its inputs store, which numpy broadcasts; to
the byte, or None where it does not compute this one"""


def input_arrays(values: Sequence[Value], op: Op) -> list[NDArray[Any]]:
    """Constants that an operator reads, in order."""
    return [values[index].array() for index in op.inputs]


def fold_view(values: Sequence[Value], op: Op) -> Arrays:
    """The same elements in the output's shape."""
    (array,) = input_arrays(values, op)
    return [array.reshape(values[op.outputs[0]].shape)]


def always_folded(check: OpCheck[Op]) -> None:
    """The rule of operators without a kernel: their inputs are constants, so they are gone by now.

    Raises:
        UnsupportedModel: Always.
    """
    raise check.unsupported(
        "it is computed where its inputs are constants, and one of them is not",
        "convert the model with fixed input sizes",
    )
