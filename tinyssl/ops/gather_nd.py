"""GATHER_ND: slices by the indices of their first axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common.copy import strides
from tinyssl.ops.common.gather import GatherOp, gather_kernels, same_elements
from tinyssl.ops.common.params import Fields, number_list
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, TfliteFormat

DEPTH_MAX = 5
"""Indices of a slice: of TFLM's kernel"""


@dataclass(frozen=True, kw_only=True)
class GatherNd(GatherOp):
    """The last axis of the indices names a slice."""

    kind: ClassVar[str] = "GATHER_ND"


def _shapes(model: Model, op: GatherNd) -> tuple[Shape, ...]:
    shape, indices = model.tensor(op.input).shape, model.tensor(op.indices).shape
    return ((*indices[:-1], *shape[indices[-1] :]),)


def _check_depth(check: OpCheck[GatherNd]) -> None:
    shape, indices = check.tensor(check.op.input), check.tensor(check.op.indices)
    rank = len(shape.shape)
    if not indices.shape or indices.shape[-1] > rank:
        raise check.violation(f"indices of shape {list(indices.shape)} for {rank} dimensions")
    depth = indices.shape[-1]
    if depth > DEPTH_MAX:
        raise check.unsupported(f"{depth} indices a slice; up to {DEPTH_MAX} are supported")
    if indices.constant:
        rows = indices.array().reshape(-1, depth).astype(np.int64)
        starts = rows @ np.array(strides(shape.shape)[:depth], np.int64)
        if np.any(starts < 0) or np.any(starts > shape.elements - prod(shape.shape[depth:])):
            raise check.violation(f"the indices leave the shape {list(shape.shape)}")


def _members(model: Model, op: GatherNd) -> Fields:
    """Members of `struct tinyssl_gather_nd`."""
    source, indices = model.tensor(op.input), model.tensor(op.indices).shape
    depth, size = indices[-1], source.dtype.bytes
    steps = [step * size for step in strides(source.shape)[:depth]]
    run = prod(source.shape[depth:]) * size
    return {
        "picks": prod(indices[:-1]),
        "depth": depth,
        "step": number_list(steps + [0] * (DEPTH_MAX - depth)),
        "last": source.bytes - run,
        "run": run,
    }


def _index_ends(model: Model, op: GatherNd) -> dict[int, int]:
    """The shortest of the axes that are indexed."""
    depth = model.tensor(op.indices).shape[-1]
    return {op.indices: min(model.tensor(op.input).shape[:depth])}


SPEC = OpSpec(
    op=GatherNd,
    shapes=_shapes,
    index_ends=_index_ends,
    checks=(same_elements, _check_depth),
    kernels=gather_kernels("gather_nd", "tinyssl_gather_nd", _members),
    tflite=TfliteFormat(
        read=lambda op: GatherNd(
            index=op.index, input=op.inputs[0], indices=op.inputs[1], output=op.output
        ),
        write=lambda op, _: FileOp(op.kind, 1, op.inputs, op.outputs, "GatherNdOptions", {}),
        inputs=(2, 2),
    ),
    tflm=TflmNames("AddGatherNd", "gather_nd"),
)
