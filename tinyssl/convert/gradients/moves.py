"""Operators that only move elements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tinyssl.convert.gradients.forward import Builder, Forward
from tinyssl.graph.model import DType, Model
from tinyssl.ops import spec_of
from tinyssl.ops.common.copy import strides

VIEWS = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
FOLDED = (
    "BATCH_TO_SPACE_ND", "BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE", "MIRROR_PAD", "PACK",
    "PAD", "PADV2", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK",
)  # fmt: skip
"""Where their elements come from, their folding says"""


def _moved(model: Model, op: Any) -> Forward:
    """The inputs' elements are numbered from 1; what the fold fills with 0 is `filler`."""
    filler = torch.full((1,), float(getattr(op, "value", 0.0)))
    indices = [torch.from_numpy(each) for each in _numbers(model, op)]

    def forward(*parts: Tensor) -> tuple[Tensor, ...]:
        flat = [part.reshape(-1) for part in parts]
        elements = torch.cat([filler.to(parts[0].dtype), *flat])
        return tuple(elements.index_select(0, each) for each in indices)

    return forward


def _numbers(model: Model, op: Any) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """For each output, the numbers of its elements."""
    values, last = list(model.tensors), 1
    for index in op.inputs:
        value = values[index]
        numbers = np.arange(last, last + value.elements, dtype=np.int32)
        last += value.elements
        # Of an input that stands twice the last numbers count.
        values[index] = replace(value, dtype=DType.INT32, quant=None, data=numbers.tobytes())
    fold = spec_of(op).fold
    found = fold(values, replace(op, value=0) if op.kind == "PADV2" else op) if fold else None
    if found is None:
        raise ValueError(f"{op.label} does not fold")
    return [np.ascontiguousarray(each).ravel().astype(np.int64) for each in found]


def _view(_model: Model, _op: Any) -> Forward:
    return lambda values: values


def _filled(_model: Model, op: Any) -> Forward:
    return lambda value: value.expand(op.shape)


def _gathered(_model: Model, op: Any) -> Forward:
    """GATHER; the batches that input and indices share are mapped over."""

    def forward(values: Tensor, indices: Tensor) -> Tensor:
        axis = op.axis - op.batch_dims
        found = values.index_select(axis, indices.reshape(-1))
        return found.reshape(*values.shape[:axis], *indices.shape, *values.shape[axis + 1 :])

    mapped: Forward = forward
    for _ in range(op.batch_dims):
        mapped = torch.vmap(mapped)
    return mapped


def _slices(model: Model, op: Any) -> Forward:
    """GATHER_ND."""
    shape, depth = model.tensor(op.input).shape, model.tensor(op.indices).shape[-1]
    steps = torch.tensor(strides(shape[:depth]))

    def forward(values: Tensor, indices: Tensor) -> Tensor:
        places = (indices.long() * steps).sum(-1)
        return values.reshape(-1, *shape[depth:]).index_select(0, places.reshape(-1))

    return forward


def _rows(indices: Tensor, table: Tensor) -> Tensor:
    """EMBEDDING_LOOKUP."""
    return table.index_select(0, indices)


def _updated(model: Model, op: Any) -> Forward:
    """DYNAMIC_UPDATE_SLICE: an element is the update's where it lies within it along each axis."""
    whole, part = model.tensor(op.input).shape, model.tensor(op.update).shape
    room = torch.tensor([most - count for most, count in zip(whole, part, strict=True)])

    def forward(values: Tensor, update: Tensor, starts: Tensor) -> Tensor:
        firsts = torch.minimum(starts.long().clamp(min=0), room)
        inside = torch.ones((), dtype=torch.bool)
        for axis, (most, count) in enumerate(zip(whole, part, strict=True)):
            places = torch.arange(most) - firsts[axis]
            within = (places >= 0) & (places < count)
            inside = inside & within.reshape(-1, *[1] * (len(whole) - 1 - axis))
            update = update.index_select(axis, places.clamp(0, count - 1))
        return torch.where(inside, update, values)

    return forward


MOVES: dict[str, Builder] = {
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(FOLDED, _moved),
    "DYNAMIC_UPDATE_SLICE": _updated,
    "EMBEDDING_LOOKUP": lambda _model, _op: _rows,
    "FILL": _filled,
    "GATHER": _gathered,
    "GATHER_ND": _slices,
}
