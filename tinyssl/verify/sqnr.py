"""What INT8 costs, layer by layer: signal-to-quantisation-noise ratio of every output.

SQNR = 10 log10(sum f^2 / sum (f - q)^2) in dB over all elements and inputs, f from the float model,
q the dequantised INT8 output; noise of earlier layers is in it. 6 dB are about one bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.spec import Samples, to_int8, to_unit
from tinyssl.frontends.tflite.skeleton import SkeletonOp, read_skeleton
from tinyssl.graph.interface import REAL, Feeds, ValueInfo
from tinyssl.graph.model import Model, Op, Value
from tinyssl.graph.passes import run_passes
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.oracle import Oracle

SILENT_DB = 200.0
"""Reported where there is no noise at all; JSON has no infinity"""


@dataclass(frozen=True)
class LayerSqnr:
    """One operator that both models have."""

    index: int
    """Position in the INT8 file"""
    kind: str
    shape: tuple[int, ...]
    sqnr_db: float


def layer_sqnr(float_data: bytes, oracle: Oracle, samples: Samples) -> tuple[LayerSqnr, ...]:
    """SQNR of every operator that both files have, of models made here.

    Args:
        float_data: Float .tflite; takes samples in [0, 1], channels last.
        oracle: The INT8 model.
        samples: (n, …), in a dtype of `FeatureSpec`.
    """
    litert = LitertInterpreter(float_data, Kernels.OPTIMISED, keep_tensors=True)
    shape = oracle.model.input.shape
    pairs = (
        (
            litert.feed(to_unit(sample).reshape(shape)),
            oracle.feed(to_int8(sample).reshape(shape)),
        )
        for sample in samples
    )
    return feeds_sqnr(float_data, litert, oracle, pairs)


def feeds_sqnr(
    float_data: bytes,
    litert: LitertInterpreter,
    oracle: Oracle,
    feeds: Iterable[tuple[Feeds, Feeds]],
) -> tuple[LayerSqnr, ...]:
    """SQNR of every operator that both files have.

    Args:
        float_data: Float .tflite of any operators.
        litert: Runs it, and keeps its tensors.
        oracle: The INT8 model.
        feeds: For each inference the inputs of the float and of the INT8 model.
    """
    rows = list(_pairs(read_skeleton(float_data).ops, run_passes(oracle.model)))
    signal, noise = np.zeros(len(rows)), np.zeros(len(rows))
    outputs = [float_op.outputs[0].index for _, float_op in rows]
    for floats, quantised in feeds:
        _, references = litert.run_keeping(floats, outputs)
        tensors = oracle.tensors(quantised)
        for number, ((op, _), values) in enumerate(zip(rows, references, strict=True)):
            reference = values.astype(np.float64).ravel()
            index = op.outputs[0]
            found = dequantised(oracle.model.tensor(index), tensors[index]).ravel()
            signal[number] += reference @ reference
            noise[number] += (reference - found) @ (reference - found)
    return tuple(
        LayerSqnr(op.index, op.kind, oracle.model.tensor(op.outputs[0]).shape, decibels(s, n))
        for (op, _), s, n in zip(rows, signal, noise, strict=True)
    )


def dequantised(tensor: Value | ValueInfo, values: NDArray[Any]) -> NDArray[np.float64]:
    """scale * (q - zero point); elements without quantisation as they are."""
    if tensor.dtype in REAL or tensor.quant is None:
        return values.astype(np.float64)
    zero, scale = tensor.quant.zero_point[0], tensor.quant.scale[0]
    return scale * (values.astype(np.float64) - zero)


def _pairs(reference: Sequence[SkeletonOp], quantised: Model) -> Iterator[tuple[Op, SkeletonOp]]:
    """(INT8 operator, float operator) in order: the longest common run of kinds and shapes.

    Names do not survive conversion, and the two graphs differ by an operator here and there.
    """
    ours = [(op.kind, quantised.tensor(op.outputs[0]).shape) for op in quantised.ops]
    theirs = [(op.kind, op.outputs[0].shape) for op in reference]
    for match in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        for step in range(match.size):
            yield quantised.ops[match.a + step], reference[match.b + step]


def decibels(signal: float, noise: float) -> float:
    """Ratio of two energies in dB, between -`SILENT_DB` and `SILENT_DB`."""
    if noise == 0 or signal == 0:
        return SILENT_DB if noise == 0 else -SILENT_DB
    return min(10 * math.log10(signal / noise), SILENT_DB)
