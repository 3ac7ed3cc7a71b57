"""What INT8 costs, layer by layer: signal-to-quantisation-noise ratio of every output.

SQNR = 10 log10(sum f^2 / sum (f - q)^2) in dB over all elements and inputs, f from the float model,
q the dequantised INT8 output; noise of earlier layers is in it. 6 dB are about one bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.spec import Samples, to_int8, to_unit
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import REAL, ValueInfo
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
    """SQNR of every operator that both files have.

    Args:
        float_data: Float .tflite; takes samples in [0, 1], channels last.
        oracle: The INT8 model.
        samples: (n, …), in a dtype of `FeatureSpec`.
    """
    litert = LitertInterpreter(float_data, Kernels.OPTIMISED, keep_tensors=True)
    pairs = list(_pairs(run_passes(read_model(float_data)), run_passes(oracle.model)))
    signal, noise = np.zeros(len(pairs)), np.zeros(len(pairs))
    outputs = [theirs.outputs[0] for _, theirs in pairs]
    for sample in samples:
        shape = oracle.model.input.shape
        scaled = to_unit(sample).reshape(shape)
        _, floats = litert.run_keeping(litert.feed(scaled), outputs)
        quantised = oracle.tensors(oracle.feed(to_int8(sample).reshape(shape)))
        for number, ((ours, _), values) in enumerate(zip(pairs, floats, strict=True)):
            reference = values.astype(np.float64).ravel()
            index = ours.outputs[0]
            found = dequantised(oracle.model.tensor(index), quantised[index]).ravel()
            signal[number] += reference @ reference
            noise[number] += (reference - found) @ (reference - found)
    return tuple(
        LayerSqnr(op.index, op.kind, oracle.model.tensor(op.outputs[0]).shape, _decibels(s, n))
        for (op, _), s, n in zip(pairs, signal, noise, strict=True)
    )


def dequantised(tensor: Value | ValueInfo, values: NDArray[Any]) -> NDArray[np.float64]:
    """scale * (q - zero point); elements without quantisation as they are."""
    if tensor.dtype in REAL or tensor.quant is None:
        return values.astype(np.float64)
    zero, scale = tensor.quant.zero_point[0], tensor.quant.scale[0]
    return scale * (values.astype(np.float64) - zero)


def _pairs(reference: Model, quantised: Model) -> Iterator[tuple[Op, Op]]:
    """(INT8 operator, float operator) in order: the longest common run of kinds and shapes.

    Names do not survive conversion, and the two graphs differ by an operator here and there.
    """
    keys = [
        [(op.kind, model.tensor(op.outputs[0]).shape) for op in model.ops]
        for model in (quantised, reference)
    ]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for match in matcher.get_matching_blocks():
        for step in range(match.size):
            yield quantised.ops[match.a + step], reference.ops[match.b + step]


def _decibels(signal: float, noise: float) -> float:
    if noise == 0 or signal == 0:
        return SILENT_DB if noise == 0 else -SILENT_DB
    return min(10 * math.log10(signal / noise), SILENT_DB)
