"""Copying by strides: what operators that only move elements come down to.

An operator gives nested loops over its elements (`CopyLoop`), with how far each steps in the input
and in the output. `copy_plan` merges them and finds the bytes that lie together; one C kernel runs
it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model, Value
from tinyssl.ops.common.constants import Arrays, Fold, input_arrays
from tinyssl.ops.common.kernel import Kernel, OpT, Placing, Spacing
from tinyssl.ops.common.overlap import SubValue
from tinyssl.ops.common.params import Constants, Fields, number_list
from tinyssl.ops.common.spec import Shape

LOOPS = 6
"""Nested loops of the C kernel"""

COPY_FILES = ("copy.h", "copy.c", "fast_copy.h")
"""What a kernel needs that copies by strides"""


@dataclass(frozen=True)
class CopyLoop:
    """One of the nested loops, from the outermost."""

    count: int
    source: int
    """Elements of the input from one round to the next: negative backwards, 0 to repeat"""
    target: int
    """The same of the output"""


@dataclass(frozen=True)
class Copy:
    """Which elements go where."""

    loops: tuple[CopyLoop, ...]
    source_start: int = 0
    """Elements of the input before the first"""
    target_start: int = 0
    run: int = 1
    """Elements that lie together in both tensors"""


def strides(shape: Sequence[int]) -> list[int]:
    """Elements from one index to the next, for each axis of a tensor in C order."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def filled(shape: Sequence[int], steps: Sequence[int], start: int = 0) -> Copy:
    """A copy that writes the whole output in its order.

    Args:
        shape: Of the output, or any shape of as many elements.
        steps: For each axis, elements of the input from one index to the next.
        start: Elements of the input before the first.
    """
    loops = map(CopyLoop, shape, steps, strides(shape))
    return merged(Copy(tuple(loops), start))


def merged(copy: Copy) -> Copy:
    """The same with the fewest loops and the longest run."""
    loops: list[CopyLoop] = []
    for loop in copy.loops:
        if loops and _continues(loops[-1], loop):
            loops.append(replace(loop, count=loops.pop().count * loop.count))
        elif loop.count > 1:
            loops.append(loop)
    run = copy.run
    if loops and loops[-1].source == loops[-1].target == run:
        run *= loops.pop().count
    return replace(copy, loops=tuple(loops), run=run)


def _continues(outer: CopyLoop, inner: CopyLoop) -> bool:
    """Whether both loops are one: the outer one steps over what the inner one walks."""
    return outer.source == inner.source * inner.count and outer.target == inner.target * inner.count


def copy_fields(copy: Copy, size: int) -> Fields:
    """Members of `struct tinyssl_copy`.

    Args:
        copy: Merged, with up to `LOOPS` loops.
        size: Bytes of an element.
    """
    loops = [CopyLoop(1, 0, 0)] * (LOOPS - len(copy.loops)) + list(copy.loops)
    return {
        "run": copy.run * size,
        "in_start": copy.source_start * size,
        "out_start": copy.target_start * size,
        "count": number_list([loop.count for loop in loops]),
        "in": number_list([loop.source * size for loop in loops]),
        "out": number_list([loop.target * size for loop in loops]),
    }


def spaced(copy: Copy, pixel: int, pitch: int) -> Copy | None:
    """The same with pixels of the output further apart; None where loops cut across pixels.

    Args:
        copy: Merged; its output begins with the first element.
        pixel: Elements of a pixel of the output.
        pitch: Elements from one to the next.
    """
    loops = [*copy.loops, CopyLoop(copy.run, 1, 1)]
    parts = [part for loop in loops for part in _per_pixel(loop, pixel)]
    inside = [loop.target * (loop.count - 1) for loop in parts if loop.target % pixel]
    if copy.target_start or min(inside, default=0) < 0 or sum(inside) >= pixel:
        return None
    moved = [
        replace(loop, target=loop.target // pixel * pitch + loop.target % pixel) for loop in parts
    ]
    found = merged(replace(copy, loops=tuple(moved), run=1))
    return found if len(found.loops) <= LOOPS else None


def _per_pixel(loop: CopyLoop, pixel: int) -> list[CopyLoop]:
    """A loop as one over pixels, and one inside a pixel."""
    inner = pixel // loop.target if loop.target and pixel % loop.target == 0 else 0
    if not 1 < inner < loop.count or loop.count % inner:
        return [loop]
    outer = CopyLoop(loop.count // inner, loop.source * inner, pixel)
    return [outer, replace(loop, count=inner)]


def copy_kernel(plan: Callable[[Model, OpT], Copy]) -> Kernel[OpT]:
    """The kernel of an operator with one input and one output of any element type.

    Args:
        plan: What it copies, merged.
    """

    def make_params(model: Model, op: OpT, _constants: Constants) -> Fields:
        return copy_fields(plan(model, op), model.tensor(op.outputs[0]).dtype.bytes)

    def values(model: Model, op: OpT) -> tuple[int, ...]:
        pixel = model.tensor(op.outputs[0]).shape[-1:]
        return op.outputs if pixel and spaced(plan(model, op), pixel[0], pixel[0] + 1) else ()

    def params(model: Model, op: OpT, _constants: Constants, placing: Placing) -> Fields:
        output = model.tensor(op.outputs[0])
        pitch = placing.pitches[op.outputs[0]] // output.dtype.bytes
        found = spaced(plan(model, op), output.shape[-1], pitch)
        assert found is not None  # `values` says so
        return copy_fields(found, output.dtype.bytes)

    spacing = Spacing(values, params)
    return Kernel(
        "copy",
        "tinyssl_copy",
        ("fast_copy.h",),
        make_params=make_params,
        any_type=True,
        spacing=spacing,
    )


def copy_parts(plan: Callable[[Model, OpT], Copy]) -> Callable[[Model, OpT], tuple[SubValue, ...]]:
    """Place of the output in the input, where it lies there in one piece, or is some channels."""

    def parts(model: Model, op: OpT) -> tuple[SubValue, ...]:
        copy, target = plan(model, op), model.tensor(op.outputs[0])
        place = SubValue(op.outputs[0], op.inputs[0], copy.source_start * target.dtype.bytes)
        if not copy.loops:
            return (place,)
        pixel = model.tensor(op.inputs[0]).shape[-1]
        rows = CopyLoop(target.elements // copy.run, pixel, copy.run)
        inside = copy.source_start % pixel + copy.run <= pixel
        if copy.loops != (rows,) or copy.run != target.shape[-1] or not inside:
            return ()
        return (replace(place, pitch=pixel * target.dtype.bytes),)

    return parts


def fold_copy(plan: Callable[[Model, Any], Copy]) -> Fold:
    """What an operator with one input and one output copies from a constant."""

    def fold(values: Sequence[Value], op: Any) -> Arrays:
        (array,) = input_arrays(values, op)
        copy = plan(Model("", tuple(values), (op,), (), ()), op)
        result = np.empty(values[op.outputs[0]].shape, array.dtype)
        result.flat[_places(copy, "target")] = array.ravel()[_places(copy, "source")]
        return [result]

    return fold


def _places(copy: Copy, side: str) -> NDArray[np.int64]:
    """Elements of one side, `source` or `target`, in the order in which they are copied."""
    found = np.array([getattr(copy, f"{side}_start")])
    for loop in copy.loops:
        found = np.add.outer(found, np.arange(loop.count) * getattr(loop, side))
    places: NDArray[np.int64] = np.add.outer(found, np.arange(copy.run)).ravel()
    return places


def permuted(shape: Shape, order: Sequence[int]) -> Shape:
    """A shape whose axis `i` is axis `order[i]` of the given one."""
    return tuple(shape[axis] for axis in order)
