"""Broadcasting of two inputs as numpy and TFLite do it: dimensions of 1 are repeated."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.params import Fields, number_list
from tinyssl.ops.common.spec import Shape

LOOPS = 4
"""Nested loops of the C kernels"""


@dataclass(frozen=True)
class Loop:
    """One of the nested loops over the output, from the outermost."""

    count: int
    left: int
    """Elements of the left input from one round to the next; 0: it is repeated"""
    right: int


def broadcast_shape(left: Shape, right: Shape) -> Shape | None:
    """Shape of the output; None where the two do not fit."""
    rank = max(len(left), len(right))
    pairs = list(zip(_padded(left, rank), _padded(right, rank), strict=True))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return None
    return tuple(max(a, b) for a, b in pairs)


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def broadcast_loops(left: Shape, right: Shape, output: Shape) -> list[Loop]:
    """The fewest loops that walk both inputs in the output's order; one where nothing repeats."""
    rank = len(output)
    a, b = _padded(left, rank), _padded(right, rank)
    loops: list[Loop] = []
    for at in range(rank):
        if output[at] == 1:
            continue
        inner_a, inner_b = prod(a[at + 1 :]), prod(b[at + 1 :])
        loop = Loop(output[at], inner_a * (a[at] > 1), inner_b * (b[at] > 1))
        if loops and _contiguous(loops[-1], loop):
            loop = Loop(loops.pop().count * loop.count, loop.left, loop.right)
        loops.append(loop)
    return loops or [Loop(1, 0, 0)]


def _contiguous(outer: Loop, inner: Loop) -> bool:
    """Whether both loops are one: the outer one steps over what the inner one walks."""
    return outer.left == inner.left * inner.count and outer.right == inner.right * inner.count


def broadcast(check: OpCheck[BinaryOp]) -> None:
    """The inputs fit each other, and the C has loops enough."""
    left, right = (check.tensor(index).shape for index in (check.op.left, check.op.right))
    shape = broadcast_shape(left, right)
    if shape is None:
        raise check.violation(f"shapes {list(left)} and {list(right)} do not fit each other")
    count = len(broadcast_loops(left, right, shape))
    if count > LOOPS:
        raise check.unsupported(
            f"broadcasting {list(left)} and {list(right)} takes {count} loops; up to {LOOPS} are "
            "supported"
        )


def broadcast_shapes(model: Model, op: BinaryOp) -> tuple[Shape, ...]:
    """Shape of the output, of inputs that fit."""
    left, right = model.tensor(op.left).shape, model.tensor(op.right).shape
    return (broadcast_shape(left, right) or left,)


def broadcast_fields(left: Shape, right: Shape, output: Shape) -> Fields:
    """Members of `struct tinyssl_broadcast`, the member `loops` of a parameter struct."""
    loops = broadcast_loops(left, right, output)
    loops = [Loop(1, 0, 0)] * (LOOPS - len(loops)) + loops
    return {
        "loops.count": number_list([loop.count for loop in loops]),
        "loops.left": number_list([loop.left for loop in loops]),
        "loops.right": number_list([loop.right for loop in loops]),
    }
