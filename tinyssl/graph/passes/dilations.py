"""Dilated convolutions that a file says by SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import Model, Op, Value
from tinyssl.ops import spec_of
from tinyssl.ops.batch_to_space_nd import BatchToSpaceNd
from tinyssl.ops.common.batch_blocks import border_amounts
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.window import NO_PADDING, Padding
from tinyssl.ops.pad import Pad
from tinyssl.ops.reshape import Reshape
from tinyssl.ops.space_to_batch_nd import SpaceToBatchNd


@dataclass(frozen=True)
class _Chain:
    """A convolution between the two, with views on the way."""

    start: SpaceToBatchNd
    before: tuple[Op, ...]
    """Views"""
    conv: Convolution
    behind: tuple[Op, ...]
    end: BatchToSpaceNd

    @property
    def ops(self) -> tuple[Op, ...]:
        return (self.start, *self.before, self.conv, *self.behind, self.end)


def fuse_dilations(model: Model) -> Model:
    """Puts one dilated convolution in the place of three operators.

    The blocks of an image that SPACE_TO_BATCH_ND makes hold every n-th row and column, so a
    convolution of steps of 1 over them is one with a dilation of n over the image. Exact: both fill
    the border with the zero point. What is cropped afterwards must have come of the border.
    """
    gone: list[Op] = []
    while (found := next(_chains(model), None)) is not None:
        chain, padding = found
        model = _fused(model, chain, padding)
        gone += [chain.start, chain.end]
    return replace(model, changes=(*model.changes, *changed(ChangeKind.DILATED, gone)))


def _chains(model: Model) -> Iterator[tuple[_Chain, Padding]]:
    """What can be fused, with the padding of the convolution."""
    for op in model.ops:
        if isinstance(op, SpaceToBatchNd):
            chain = _chain(model, op)
            padding = None if chain is None else _padding(model, chain)
            if chain is not None and padding is not None:
                yield chain, padding


def _chain(model: Model, start: SpaceToBatchNd) -> _Chain | None:
    before, conv = _follow(model, start)
    if not isinstance(conv, Convolution) or conv.input != [start, *before][-1].outputs[0]:
        return None
    behind, end = _follow(model, conv)
    if not isinstance(end, BatchToSpaceNd) or end.block != start.block:
        return None
    return _Chain(start, before, conv, behind, end)


def _follow(model: Model, op: Op) -> tuple[tuple[Op, ...], Op | None]:
    """The views behind an operator, and what reads the last of them; None where several do."""
    views: list[Op] = []
    while True:
        value = op.outputs[0]
        readers = [other for other in model.ops if value in other.inputs]
        if len(readers) != 1 or value in model.outputs:
            return tuple(views), None
        op = readers[0]
        if not spec_of(op).is_view:
            return tuple(views), op
        views.append(op)


def _padding(model: Model, chain: _Chain) -> Padding | None:
    """Padding of the dilated convolution; None where there is none."""
    conv = chain.conv
    if conv.stride != (1, 1) or conv.dilation != (1, 1) or conv.padding != NO_PADDING:
        return None
    blocks, images = model.tensor(chain.start.output).shape, model.tensor(conv.input).shape
    parts, whole = model.tensor(conv.output).shape, model.tensor(chain.end.input).shape
    sides = [
        (added[0] - cropped[0], added[1] - cropped[1])
        for added, cropped in zip(chain.start.border, chain.end.border, strict=True)
    ]
    if min(number for pair in sides for number in pair) < 0:
        return None
    if len(blocks) == 4:
        same = blocks == images and parts == whole
        return Padding(*sides[0], *sides[1]) if same else None
    batch, length, channels = blocks
    across = images == (batch, 1, length, channels) and parts == (batch, 1, *whole[1:])
    return Padding(0, 0, *sides[0]) if across else None


def _fused(model: Model, chain: _Chain, padding: Padding) -> Model:
    values = list(model.tensors)
    conv, (source, target) = chain.conv, (chain.start.input, chain.end.output)
    flat = len(chain.start.block) == 1
    dilation = (1, chain.start.block[0]) if flat else (chain.start.block[0], chain.start.block[1])
    ops: list[Op] = []
    if flat:
        values += [_image(values[source]), _image(values[target])]
        image, made = len(values) - 2, len(values) - 1
        ops.append(Reshape(index=chain.start.index, input=source, output=image))
    else:
        image, made = source, target
    ops.append(replace(conv, input=image, output=made, dilation=dilation, padding=padding))
    if flat:
        ops.append(Reshape(index=chain.end.index, input=made, output=target))
    kept = [
        other
        for op in model.ops
        for other in (ops if op is conv else () if op in chain.ops else (op,))
    ]
    return replace(model, tensors=tuple(values), ops=tuple(kept))


def _image(value: Value) -> Value:
    """A sequence (batch, length, channels) as images of one row."""
    batch, length, channels = value.shape
    return replace(value, name=f"{value.name} as an image", shape=(batch, 1, length, channels))


def split_borders(model: Model) -> Model:
    """Puts a PAD before each SPACE_TO_BATCH_ND that adds a border: its kernel only moves."""
    values, ops = list(model.tensors), list[Op]()
    number = model.next_index
    for op in model.ops:
        if not isinstance(op, SpaceToBatchNd) or not op.has_border:
            ops.append(op)
            continue
        value = model.tensor(op.input)
        amounts = border_amounts(op.border, len(value.shape))
        shape = tuple(sum(pair) + size for pair, size in zip(amounts, value.shape, strict=True))
        ops.append(Pad(index=number, input=op.input, output=len(values), amounts=amounts))
        none = ((0, 0),) * len(op.border)
        ops.append(replace(op, input=len(values), border=none))
        values.append(Value(f"{value.name} padded", shape, value.dtype, value.quant))
        number += 1
    return replace(model, tensors=tuple(values), ops=tuple(ops))
