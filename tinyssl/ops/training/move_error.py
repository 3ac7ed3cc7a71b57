"""MOVE_ERROR: each error back to the element that was copied, for all operators that only copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from tinyssl.graph.model import Model, Op, Operand
from tinyssl.ops.common.bases import PairOp
from tinyssl.ops.common.copy import COPY_FILES, Copy, CopyLoop, copy_fields, filled, strides
from tinyssl.ops.common.gradient import FLOAT, Backward, Gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class MoveError(Op):
    """Elements that were copied several times get the sum, in the order of the copies; others 0."""

    kind: ClassVar[str] = "MOVE_ERROR"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("error", FLOAT),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", FLOAT),)

    error: int
    """Of what was written"""
    output: int
    """Error of what was read"""
    copy: Copy
    """Of the forward pass"""


def _params(model: Model, op: MoveError, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_move_error`."""
    forward = op.copy
    back = Copy(
        tuple(CopyLoop(loop.count, loop.target, loop.source) for loop in forward.loops),
        forward.target_start,
        forward.source_start,
        forward.run,
    )
    size = model.tensor(op.output).elements
    return {"size": size, **prefix_fields("copy", copy_fields(back, 1))}


SPEC = training_spec(
    MoveError,
    (Kernel("move_error_f32", "tinyssl_move_error", COPY_FILES[:1], make_params=_params),),
)


def move_gradient(plan: Callable[[Model, Any], Copy]) -> Gradient[Any]:
    """The backward pass of an operator with one input that copies as a function says."""

    def gradient(graph: Backward, op: Any) -> None:
        error = graph.error(op.output)
        graph.pass_back(op.input, moved_back(graph, error, plan(graph.model, op)))

    return gradient


def pass_repeated(graph: Backward, op: PairOp, value: int, error: int) -> None:
    """The error of an output for an input that is repeated to its shape, as numpy does it."""
    source, target = (graph.model.tensor(index).shape for index in (value, op.output))
    if source == target:
        graph.share_error(value, error)
        return
    source = (1,) * (len(target) - len(source)) + source
    pairs = zip(source, strides(source), strict=True)
    copy = filled(target, [step if length > 1 else 0 for length, step in pairs])
    graph.pass_back(value, moved_back(graph, error, copy))


def moved_back(graph: Backward, error: int, copy: Copy) -> Callable[[int], Op]:
    """What `Backward.pass_back` takes, of errors that lie where a copy wrote."""
    return lambda found: MoveError(index=graph.next_index, error=error, output=found, copy=copy)
