"""`convolution.c`: plain C for every layer whose outputs are sums of weights times inputs.

It takes what the faster kernels do not: several images, groups, transposed convolutions, int16 and
float32 activations, and sums that may pass int32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common import weights
from tinyssl.ops.common.activation import float_range
from tinyssl.ops.common.kernel import Kernel, output_spacing
from tinyssl.ops.common.params import Array, Constants, Fields, c_type, float_literal
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.common.window import Size


@dataclass(frozen=True, kw_only=True)
class LayerGeometry:
    """Which inputs the outputs of a layer are made of."""

    taps: tuple[int, ...]
    """Shape of the weights: channels, rows, columns, inputs of a group"""
    source: tuple[int, ...]
    """Shape of the input, NHWC"""
    target: tuple[int, ...]
    """Shape of the output, NHWC"""
    stride: Size = (1, 1)
    dilation: Size = (1, 1)
    spread: Size = (1, 1)
    """Distance of the input's elements, zeros between"""
    corner: Size = (0, 0)
    """Padding above and to the left, in elements of the spread input"""


@dataclass(frozen=True, kw_only=True)
class Sums(LayerGeometry):
    """The same, and the weights."""

    taps: tuple[int, ...] = ()
    """Shape of `filters`, whatever is given"""
    filters: NDArray[Any]
    """Weights in the kernel's order"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taps", self.filters.shape)


GetSums = Callable[[Model, Any], Sums]

FORMS = {
    "s8": (DType.INT8, (DType.INT32,)),
    "s16": (DType.INT16, (DType.INT64, None)),
    "s16_s32": (DType.INT16, (DType.INT32,)),
    "f32": (DType.FLOAT32, (DType.FLOAT32, None)),
}
"""Ending of the C function -> type of the activations, types of the bias (None: there is none)"""


DSP_FORMS = ("s8", "s16")


def sum_kernels_dsp(get_sums: GetSums) -> tuple[Kernel[Any], ...]:
    """The same on the DSP extension, four channels at a time; without groups."""
    return tuple(
        Kernel(
            f"convolution_{form}_dsp",
            "tinyssl_convolution",
            ("convolution.h", "spread.h", "lanes_dsp.h", "rows4_dsp.h", "rows4.h", "dsp.h"),
            source="convolution_dsp",
            supports=partial(_ungrouped, get_sums, form),
            make_params=partial(_params, get_sums),
            spacing=output_spacing(partial(_params, get_sums)),
            scratch=partial(_window_bytes, get_sums),
        )
        for form in DSP_FORMS
    )


def _window_bytes(get_sums: GetSums, model: Model, op: WeightedOp) -> int:
    """Of one window's inputs. A spread input is read in place, and so one element is enough."""
    sums, element = get_sums(model, op), model.tensor(op.input).dtype.bytes
    return element * (prod(sums.filters.shape[1:]) if sums.spread == (1, 1) else 1)


def _ungrouped(get_sums: GetSums, form: str, model: Model, op: WeightedOp) -> bool:
    sums = get_sums(model, op)
    return _supports(form, model, op) and sums.filters.shape[3] == sums.source[3]


def sum_kernels(get_sums: GetSums) -> tuple[Kernel[Any], ...]:
    """The kernels, by element type, for an operator whose sums a function gives."""
    return tuple(
        Kernel(
            f"convolution_{form}",
            "tinyssl_convolution",
            ("product_f32.h", "spread.h"),
            source="convolution",
            supports=partial(_supports, form),
            make_params=partial(_params, get_sums),
            spacing=output_spacing(partial(_params, get_sums)),
        )
        for form in FORMS
    )


def _supports(form: str, model: Model, op: WeightedOp) -> bool:
    dtype, biases = FORMS[form]
    if model.tensor(op.input).dtype is not dtype:
        return False
    bias = None if op.bias is None else model.tensor(op.bias).dtype
    return dtype is DType.INT8 or bias in biases


def _params(get_sums: GetSums, model: Model, op: WeightedOp, constants: Constants) -> Fields:
    """Members of `struct tinyssl_convolution`."""
    sums = get_sums(model, op)
    return {
        "weight": filter_array(model, op, sums.filters, constants),
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
        **_scales(model, op, sums.taps[0], constants),
        **geometry_fields(sums),
        **_clamp(model, op),
    }


def geometry_fields(layer: LayerGeometry) -> Fields:
    """Members `batch` to `pad_left` of `struct tinyssl_convolution`."""
    channels, height, width, depth = layer.taps
    groups = layer.source[3] // depth
    return {
        "batch": layer.source[0],
        **_pair("in", layer.source[1:3]),
        "in_c": layer.source[3],
        **_pair("out", layer.target[1:3]),
        "out_c": channels,
        "out_pitch": channels,
        "group_in": depth,
        "group_out": channels // groups,
        **_pair("k", (height, width)),
        **_pair("stride", layer.stride),
        **_pair("dilation", layer.dilation),
        **_pair("up", layer.spread),
        "pad_top": layer.corner[0],
        "pad_left": layer.corner[1],
    }


def _pair(name: str, size: tuple[int, ...]) -> Fields:
    return {f"{name}_h": size[0], f"{name}_w": size[1]}


def filter_array(model: Model, op: WeightedOp, filters: NDArray[Any], constants: Constants) -> str:
    """Name of the filters' array: the tensor's own where its order is the same."""
    tensor = model.tensor(op.weight)
    if np.array_equal(filters.ravel(), tensor.array().ravel()):
        return constants.tensor("weight", op.weight)
    ctype, name = c_type(tensor.dtype), f"filters_{op.weight}"
    return constants.intern(Array(name, ctype, filters.ravel(), filters.shape, tensor.name))


def _scales(model: Model, op: WeightedOp, channels: int, constants: Constants) -> Fields:
    if model.tensor(op.input).dtype is DType.FLOAT32:
        return {"multiplier": "NULL", "shift": "NULL"}
    return weights.scale_fields(model, op, channels, constants)


def _clamp(model: Model, op: WeightedOp) -> Fields:
    if model.tensor(op.input).dtype is not DType.FLOAT32:
        return {**weights.quant_fields(model, op), "real_min": 0, "real_max": 0}
    low, high = float_range(op.activation)
    integers = dict.fromkeys(("in_zero", "out_zero", "out_min", "out_max"), 0)
    return {**integers, "real_min": float_literal(low), "real_max": float_literal(high)}
