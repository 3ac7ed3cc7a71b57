"""Broadcasting of inputs as numpy and TFLite do it: dimensions of 1 are repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.params import Fields, number_list
from tinyssl.ops.common.spec import Shape

LOOPS = 4
"""Nested loops of the C kernels"""


@dataclass(frozen=True)
class BroadcastLoop:
    """One of the nested loops over the output, from the outermost."""

    count: int
    steps: tuple[int, ...]
    """Elements of each input from one round to the next; 0: it is repeated"""


def broadcast_shape(shapes: Sequence[Shape]) -> Shape | None:
    """Shape of the output; None where the inputs do not fit."""
    rank = max(map(len, shapes))
    columns = list(zip(*(_padded(shape, rank) for shape in shapes), strict=True))
    if any(len({1, *sizes}) > 2 for sizes in columns):
        return None
    return tuple(map(max, columns))


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def broadcast_loops(shapes: Sequence[Shape], output: Shape) -> list[BroadcastLoop]:
    """The fewest loops that walk all inputs in the output's order; one where nothing repeats."""
    padded = [_padded(shape, len(output)) for shape in shapes]
    loops: list[BroadcastLoop] = []
    for at, count in enumerate(output):
        if count == 1:
            continue
        loop = BroadcastLoop(
            count, tuple(prod(shape[at + 1 :]) * (shape[at] > 1) for shape in padded)
        )
        if loops and _contiguous(loops[-1], loop):
            loop = BroadcastLoop(loops.pop().count * loop.count, loop.steps)
        loops.append(loop)
    return loops or [BroadcastLoop(1, (0,) * len(shapes))]


def _contiguous(outer: BroadcastLoop, inner: BroadcastLoop) -> bool:
    """Whether both loops are one: the outer one steps over what the inner one walks."""
    return outer.steps == tuple(step * inner.count for step in inner.steps)


def input_shapes(model: Model, op: Op) -> list[Shape]:
    """Shapes of all inputs."""
    return [model.tensor(index).shape for index in op.inputs]


def broadcast(check: OpCheck[Op]) -> None:
    """The inputs fit each other, and the C has loops enough."""
    shapes = input_shapes(check.model, check.op)
    text = " and ".join(str(list(shape)) for shape in shapes)
    shape = broadcast_shape(shapes)
    if shape is None:
        raise check.violation(f"shapes {text} do not fit each other")
    count = len(broadcast_loops(shapes, shape))
    if count > LOOPS:
        raise check.unsupported(
            f"broadcasting {text} takes {count} loops; up to {LOOPS} are supported"
        )


def broadcast_shapes(model: Model, op: Op) -> tuple[Shape, ...]:
    """Shape of the output, of inputs that fit."""
    shapes = input_shapes(model, op)
    return (broadcast_shape(shapes) or shapes[0],)


def broadcast_fields(inputs: Mapping[str, Shape], output: Shape) -> Fields:
    """Members of `struct tinyssl_broadcast`, the member `loops` of a parameter struct.

    Args:
        inputs: Name of the member with the steps of an input -> shape.
        output: Shape of the output.
    """
    loops = broadcast_loops(list(inputs.values()), output)
    loops = [BroadcastLoop(1, (0,) * len(inputs))] * (LOOPS - len(loops)) + loops
    steps = {
        f"loops.{name}": number_list([loop.steps[at] for loop in loops])
        for at, name in enumerate(inputs)
    }
    return {"loops.count": number_list([loop.count for loop in loops]), **steps}
