"""The rules of the IR, run between stages. An error names operator, tensor and broken rule."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinyssl.errors import ModelError, UnsupportedModel
from tinyssl.ir.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    add_parameters,
    channel_multipliers,
    mean_multiplier,
    softmax_parameters,
)
from tinyssl.ir.model import DType, Model, Quant, Tensor
from tinyssl.ir.ops import (
    OPS,
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    MaxPool2D,
    Mean,
    Op,
    Pad,
    Pool2D,
    Reshape,
    Softmax,
    WeightedOp,
)
from tinyssl.ir.shapes import output_shape

BIAS_SCALE_TOLERANCE = 1e-6
"""Relative difference of a bias scale to input scale * weight scale: float32 rounding"""

GEOMETRY_MAX = 2**15 - 1
"""Sizes, strides and paddings are int16 in the generated C"""


def verify(model: Model) -> None:
    """Checks that the generated C computes what the model says.

    Raises:
        ModelError: A rule is broken: the model contradicts itself.
        UnsupportedModel: The model is sound, but floating point, too large for int32 arithmetic,
            batched, or has more than one input or output.
    """
    _check_ends(model)
    _check_order(model)
    for op in model.ops:
        _Rules(model, op).check()


def _check_ends(model: Model) -> None:
    for what, indices in (("input", model.inputs), ("output", model.outputs)):
        if len(indices) != 1:
            raise UnsupportedModel(
                f"the model has {len(indices)} {what}s; exactly one is supported"
            )
        tensor = model.tensor(indices[0])
        if tensor.constant:
            raise ModelError(f"the {what} {tensor.name} is a constant")


def _check_order(model: Model) -> None:
    """Every activation is written once, before it is read."""
    written = set(model.inputs)
    for op in model.ops:
        for index in op.inputs:
            tensor = model.tensor(index)
            if index not in written and not tensor.constant:
                raise ModelError(
                    f"{op.label}: input {index} ({tensor.name}) is read before it is written"
                )
        if op.output in written or model.tensor(op.output).constant:
            name = model.tensor(op.output).name
            raise ModelError(f"{op.label}: output {op.output} ({name}) is written twice")
        written.add(op.output)
    if model.outputs[0] not in written:
        raise ModelError(f"output {model.outputs[0]} ({model.output.name}) is never written")


class _Rules:
    """The rules of one operator."""

    def __init__(self, model: Model, op: Op) -> None:
        self.model = model
        self.op = op

    def check(self) -> None:
        rules = RULES.get(type(self.op))
        if rules is None:
            raise UnsupportedModel(
                f"{self.op.label}: operator is not supported", hint="supported: " + ", ".join(OPS)
            )
        self.activations()
        for rule in rules:
            rule(self)

    # Messages.

    def broken(self, rule: str) -> ModelError:
        return ModelError(f"{self.op.label}: {rule}", hint="convert the model again")

    def unsupported(self, what: str, hint: str = "") -> UnsupportedModel:
        return UnsupportedModel(f"{self.op.label}: {what}", hint=hint)

    def quant(self, index: int) -> Quant:
        """The per-tensor quantisation of an activation (checked by `activations`)."""
        quant = self.model.tensor(index).quant
        if quant is None:
            raise self.broken(f"{self.model.tensor(index).name} has no quantisation")
        return quant

    # Rules of all operators.

    def activations(self) -> None:
        op = self.op
        weights = op.inputs[1:] if isinstance(op, WeightedOp) else ()
        for index in (*op.inputs[: len(op.inputs) - len(weights)], op.output):
            self._activation(self.model.tensor(index))
        self._geometry()

    def _activation(self, tensor: Tensor) -> None:
        if tensor.dtype is DType.FLOAT32:
            raise self.unsupported(
                f"{tensor.name} is float32: the model is not quantised",
                hint="run `tinyssl convert` to quantise it to int8",
            )
        if tensor.dtype is not DType.INT8:
            raise self.unsupported(f"{tensor.name} is {tensor.dtype.value}; int8 is supported")
        if tensor.constant:
            raise self.unsupported(f"{tensor.name} is a constant where an activation is expected")
        if not tensor.shape or tensor.shape[0] != 1:
            raise self.unsupported(
                f"{tensor.name} has shape {list(tensor.shape)}; the batch must be 1",
                hint="convert the model with a batch of one",
            )
        self._legal_quant(tensor)
        if len(self.quant_of(tensor).scale) != 1:
            raise self.broken(f"{tensor.name} is an activation with more than one scale")

    def quant_of(self, tensor: Tensor) -> Quant:
        if tensor.quant is None:
            raise self.broken(f"{tensor.name} has no quantisation")
        return tensor.quant

    def _legal_quant(self, tensor: Tensor) -> None:
        quant = self.quant_of(tensor)
        if len(quant.scale) != len(quant.zero_point):
            raise self.broken(
                f"{tensor.name} has {len(quant.scale)} scales, {len(quant.zero_point)} zero points"
            )
        for scale, zero in zip(quant.scale, quant.zero_point, strict=True):
            if not (math.isfinite(scale) and scale > 0):
                raise self.broken(f"{tensor.name} has scale {scale}; it must be positive")
            if not -128 <= zero <= 127:
                raise self.broken(f"{tensor.name} has zero point {zero}; int8 has -128 to 127")

    def _geometry(self) -> None:
        for index in (*self.op.inputs, self.op.output):
            tensor = self.model.tensor(index)
            if any(size > GEOMETRY_MAX for size in tensor.shape) and len(tensor.shape) == 4:
                raise self.unsupported(
                    f"{tensor.name} has shape {list(tensor.shape)}; up to {GEOMETRY_MAX} a dimension"
                )

    # Rules that operators choose from.

    def ranks(self) -> None:
        for index in (self.op.inputs[0],):
            if len(self.model.tensor(index).shape) != 4:
                shape = list(self.model.tensor(index).shape)
                raise self.unsupported(
                    f"input has shape {shape}; four dimensions (NHWC) are needed"
                )

    def window(self) -> None:
        op = self.op
        if isinstance(op, Conv2D | DepthwiseConv2D):
            numbers = (*op.stride, *op.dilation)
        elif isinstance(op, Pool2D):
            numbers = (*op.stride, *op.size)
        else:
            raise TypeError(op.label)
        if min(numbers) < 1 or max(numbers) > GEOMETRY_MAX:
            raise self.broken(f"strides, dilations and sizes {numbers} must be 1 to {GEOMETRY_MAX}")

    def paddings(self) -> None:
        op = self.op
        if not isinstance(op, Conv2D | DepthwiseConv2D | Pool2D | Pad):
            raise TypeError(op.label)
        pad = op.padding
        numbers = (pad.top, pad.bottom, pad.left, pad.right)
        if min(numbers) < 0 or max(numbers) > GEOMETRY_MAX:
            raise self.broken(f"paddings {numbers} must be 0 to {GEOMETRY_MAX}")
        if isinstance(op, Pool2D) and (
            max(pad.top, pad.bottom) >= op.size[0] or max(pad.left, pad.right) >= op.size[1]
        ):
            raise self.broken(f"paddings {numbers} leave windows of {op.size} without an element")

    def shape(self) -> None:
        found = self.model.tensor(self.op.output).shape
        expected = output_shape(self.model, self.op)
        if found != expected:
            raise self.broken(f"output has shape {list(found)}, inputs give {list(expected)}")
        if any(size < 1 for size in expected):
            raise self.broken(f"output of shape {list(expected)} is empty")

    def same_quant(self) -> None:
        for index in self.op.inputs[:1]:
            if self.quant(index) != self.quant(self.op.output):
                source, target = self.quant(index), self.quant(self.op.output)
                raise self.broken(
                    f"input (scale {source.scale[0]:g}, zero point {source.zero_point[0]}) and "
                    f"output (scale {target.scale[0]:g}, zero point {target.zero_point[0]}) "
                    "must have the same quantisation"
                )

    def same_elements(self) -> None:
        source, target = self.model.tensor(self.op.inputs[0]), self.model.tensor(self.op.output)
        if source.elements != target.elements:
            raise self.broken(f"{source.elements} elements become {target.elements}")

    def conv_weights(self) -> None:
        op = _weighted(self.op)
        shape = self.model.tensor(op.weight).shape
        if len(shape) != 4:
            raise self.broken(f"weights have shape {list(shape)}; four dimensions are needed")
        channels = self.model.tensor(op.input).shape[3]
        if isinstance(op, DepthwiseConv2D):
            expected = (1, *shape[1:3], channels * op.multiplier)
        else:
            expected = (*shape[:3], channels)
        if shape != expected:
            raise self.unsupported(
                f"weights have shape {list(shape)}, expected {list(expected)} for {channels} "
                "input channels; grouped convolutions are not supported"
            )
        self._weight_quant(op, channel_axis=3 if isinstance(op, DepthwiseConv2D) else 0)

    def dense_weights(self) -> None:
        op = _weighted(self.op)
        shape = self.model.tensor(op.weight).shape
        elements = self.model.tensor(op.input).elements
        if len(shape) != 2 or shape[1] != elements:
            raise self.broken(f"weights have shape {list(shape)}, the input {elements} elements")
        self._weight_quant(op, channel_axis=0)

    def _weight_quant(self, op: WeightedOp, channel_axis: int) -> None:
        weight = self.model.tensor(op.weight)
        if not weight.constant or weight.dtype is not DType.INT8:
            raise self.unsupported(
                f"weights {weight.name} must be an int8 constant, not {weight.dtype.value}",
                hint="quantise weights and activations to int8 with `tinyssl convert`",
            )
        self._legal_quant(weight)
        quant = self.quant_of(weight)
        if any(quant.zero_point):
            raise self.broken(f"weights {weight.name} have a zero point other than 0")
        channels = weight.shape[channel_axis]
        if quant.per_channel and (len(quant.scale) != channels or quant.axis != channel_axis):
            raise self.broken(
                f"weights {weight.name} have {len(quant.scale)} scales on axis {quant.axis}; "
                f"{channels} on axis {channel_axis} are expected"
            )
        if op.bias is not None:
            self._bias(op, op.bias, channels)

    def _bias(self, op: WeightedOp, index: int, channels: int) -> None:
        bias = self.model.tensor(index)
        if not bias.constant or bias.dtype is not DType.INT32 or bias.elements != channels:
            raise self.broken(
                f"bias {bias.name} ({bias.dtype.value}, {bias.elements} elements) must be an int32 "
                f"constant of {channels} elements"
            )
        if bias.quant is None:
            return  # by definition input scale * weight scale; canonical files leave it out
        expected = self.quant(op.input).scale[0] * np.array(self.quant(op.weight).scale)
        found = np.array(bias.quant.scale)
        if any(bias.quant.zero_point) or (found.size > 1 and found.size != channels):
            raise self.broken(f"bias {bias.name} has a zero point, or {found.size} scales")
        error = np.max(np.abs(found / expected - 1.0))
        if not error <= BIAS_SCALE_TOLERANCE:
            raise self.broken(
                f"bias {bias.name} has a scale that differs by {error:.1e} (relative) from input "
                f"scale * weight scale; {BIAS_SCALE_TOLERANCE:g} is allowed"
            )

    def accumulator(self) -> None:
        """The int32 sum cannot overflow, whatever the input and the order of addition."""
        op = _weighted(self.op)
        low, high = accumulator_bounds(self.model, op)
        shifts = np.array([max(m.shift, 0) for m in channel_multipliers(self.model, op)])
        if shifts.max() > 30:
            raise self.unsupported(f"multiplier of 2^{shifts.max()} is beyond int32 arithmetic")
        for bound, limit in ((low.min(), INT32_MIN), (high.max(), INT32_MAX)):
            if not INT32_MIN <= bound <= INT32_MAX:
                raise self.unsupported(
                    f"the accumulator can reach {bound}; int32 ends at {limit}",
                    hint="use fewer input channels or smaller biases in this layer",
                )
        scaled = max(int((np.maximum(-low, high) << shifts).max()), 0)
        if scaled > INT32_MAX:
            raise self.unsupported(
                f"accumulator times 2^{shifts.max()} can reach {scaled}; int32 ends at {INT32_MAX}",
                hint="the output scale is too small for this layer: calibrate on more images",
            )

    def add(self) -> None:
        op = self.op
        if not isinstance(op, Add):
            raise TypeError(op.label)
        left, right = self.model.tensor(op.left).shape, self.model.tensor(op.right).shape
        if left != right:
            raise self.unsupported(
                f"shapes {list(left)} and {list(right)}: broadcasting is not supported"
            )
        if add_parameters(self.model, op).output.shift > 0:
            raise self.broken("output scale is 2^-19 of the inputs' or less")

    def mean(self) -> None:
        op = self.op
        if not isinstance(op, Mean):
            raise TypeError(op.label)
        _, height, width, _ = self.model.tensor(op.input).shape
        # Largest sum of (q - zero point); the multiplier's left shift comes on top.
        bound = 255 * height * width << max(mean_multiplier(self.model, op).shift, 0)
        if bound > INT32_MAX:
            raise self.unsupported(f"the sum can reach {bound}; int32 ends at {INT32_MAX}")

    def softmax(self) -> None:
        op = self.op
        if not isinstance(op, Softmax):
            raise TypeError(op.label)
        quant = self.quant(op.output)
        if quant != Quant((1 / 256,), (-128,)):
            raise self.broken(
                f"output has scale {quant.scale[0]:g}, zero point {quant.zero_point[0]}; "
                "they must be 1/256 and -128"
            )
        # Sums of exponentials are Q12.19: 2^12 of them fit.
        depth = self.model.tensor(op.input).shape[-1]
        if depth >= 2**12:
            raise self.unsupported(f"{depth} elements; up to {2**12 - 1} are supported")
        if not op.beta > 0 or softmax_parameters(self.model, op).multiplier.shift < 1:
            raise self.unsupported(f"beta {op.beta:g} times the input scale is too small")


def _weighted(op: Op) -> WeightedOp:
    if not isinstance(op, WeightedOp):
        raise TypeError(op.label)
    return op


def accumulator_bounds(model: Model, op: WeightedOp) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Smallest and largest sum of each output channel over all int8 inputs.

    Partial sums stay inside too, in any order: only terms of one sign are added up.

    Returns:
        Two int64 arrays (channels,), low not above 0, high not below 0.
    """
    weight = model.tensor(op.weight).array().astype(np.int64)
    axis = 3 if isinstance(op, DepthwiseConv2D) else 0
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    quant = model.tensor(op.input).quant
    zero = quant.zero_point[0] if quant else 0
    ends = np.stack([rows * (-128 - zero), rows * (127 - zero)])
    low, high = ends.min(0).clip(max=0).sum(1), ends.max(0).clip(min=0).sum(1)
    if op.bias is not None:
        bias = model.tensor(op.bias).array().astype(np.int64).ravel()
        low, high = low + bias.clip(max=0), high + bias.clip(min=0)
    return low, high


Rule = Callable[[_Rules], None]

_CONV: tuple[Rule, ...] = (
    _Rules.ranks,
    _Rules.window,
    _Rules.paddings,
    _Rules.conv_weights,
    _Rules.shape,
    _Rules.accumulator,
)
_POOL: tuple[Rule, ...] = (
    _Rules.ranks,
    _Rules.window,
    _Rules.paddings,
    _Rules.shape,
    _Rules.same_quant,
)

RULES: dict[type[Op], tuple[Rule, ...]] = {
    Conv2D: _CONV,
    DepthwiseConv2D: _CONV,
    FullyConnected: (_Rules.dense_weights, _Rules.shape, _Rules.accumulator),
    Add: (_Rules.add, _Rules.shape),
    Pad: (_Rules.ranks, _Rules.paddings, _Rules.shape, _Rules.same_quant),
    Mean: (_Rules.ranks, _Rules.shape, _Rules.mean),
    AveragePool2D: _POOL,
    MaxPool2D: _POOL,
    Reshape: (_Rules.same_elements, _Rules.same_quant),
    Softmax: (_Rules.shape, _Rules.softmax),
}
"""What each operator must keep, in the order in which it is checked"""
