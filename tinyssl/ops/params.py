"""One function an operator: what goes into the C parameter struct of its kernel.

Values are numbers, or names of constant arrays that `Constants` collects for weights.c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.fixed_point import (
    activation_range,
    add_parameters,
    channel_multipliers,
    mean_multiplier,
    softmax_parameters,
)
from tinyssl.ops.operators import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Op,
    Pad,
    Padding,
    Pool2D,
    Softmax,
    WeightedOp,
)

Fields = dict[str, int | str]


@dataclass(frozen=True)
class Array:
    """A constant of weights.c."""

    name: str
    ctype: str
    values: NDArray[np.integer[Any]]
    shape: tuple[int, ...]
    comment: str
    alignment: int = 0
    """Bytes, where the kernel needs more than the type has; 0 elsewhere"""


@dataclass
class Constants:
    """Arrays by name, each once, however many operators use it."""

    model: Model
    arrays: dict[str, Array] = field(default_factory=dict)

    def tensor(self, role: str, index: int) -> str:
        """Name of the array that holds a constant tensor."""
        tensor = self.model.tensor(index)
        name = f"{role}_{index}"
        values = np.asarray(tensor.array(), dtype=tensor.dtype.value)
        ctype = f"{tensor.dtype.value}_t"
        return self.keep(Array(name, ctype, values.ravel(), tensor.shape, tensor.name))

    def table(self, name: str, ctype: str, values: list[int], comment: str) -> str:
        """Name of an array made here."""
        return self.keep(Array(name, ctype, np.array(values), (len(values),), comment))

    def keep(self, array: Array) -> str:
        """Name of the array.

        Raises:
            ValueError: Another array has this name already.
        """
        kept = self.arrays.setdefault(array.name, array)
        if kept is not array and not np.array_equal(kept.values, array.values):
            raise ValueError(f"two arrays are called {array.name}: {kept.comment}, {array.comment}")
        return array.name


def part(name: str, fields: Fields) -> Fields:
    """Members of a struct that is the member `name` of another."""
    return {f"{name}.{key}": value for key, value in fields.items()}


def parameters(model: Model, position: int, constants: Constants) -> Fields:
    """Members of the parameter struct of the operator at `position`, in the struct's order."""
    op = model.ops[position]
    for kind, build in BUILDERS.items():
        if isinstance(op, kind):
            return build(model, position, constants)
    raise TypeError(f"{op.label} has no parameters")


def _zero(model: Model, index: int) -> int:
    return model.quant(index).zero_point[0]


def _weights(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, WeightedOp):
        raise TypeError(op.label)
    channels = model.tensor(op.output).shape[-1]
    multipliers = channel_multipliers(model, op)
    if len(multipliers) == 1:
        multipliers = multipliers * channels
    values = [multiplier.value for multiplier in multipliers]
    shifts = [multiplier.shift for multiplier in multipliers]
    return {
        "weight": constants.tensor("weight", op.weight),
        "bias": "NULL" if op.bias is None else constants.tensor("bias", op.bias),
        "multiplier": constants.table(f"multiplier_{position}", "int32_t", values, op.label),
        "shift": constants.table(f"shift_{position}", "int8_t", shifts, op.label),
    }


def _quantisation(model: Model, op: Conv2D | DepthwiseConv2D | FullyConnected) -> Fields:
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "in_zero": _zero(model, op.input),
        "out_zero": _zero(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _image(prefix: str, shape: tuple[int, ...]) -> Fields:
    return {f"{prefix}_h": shape[1], f"{prefix}_w": shape[2], f"{prefix}_c": shape[3]}


def _corner(padding: Padding) -> Fields:
    return {"pad_top": padding.top, "pad_left": padding.left}


def _conv(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Conv2D | DepthwiseConv2D):
        raise TypeError(op.label)
    kernel = model.tensor(op.weight).shape
    multiplier: Fields = (
        {"channel_multiplier": op.multiplier} if isinstance(op, DepthwiseConv2D) else {}
    )
    return {
        **_weights(model, position, constants),
        **_image("in", model.tensor(op.input).shape),
        **_image("out", model.tensor(op.output).shape),
        **multiplier,
        "k_h": kernel[1],
        "k_w": kernel[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        **_corner(op.padding),
        **_quantisation(model, op),
    }


def _fully_connected(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, FullyConnected):
        raise TypeError(op.label)
    out_c, in_c = model.tensor(op.weight).shape
    return {
        **_weights(model, position, constants),
        "in_c": in_c,
        "out_c": out_c,
        **_quantisation(model, op),
    }


def _add(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Add):
        raise TypeError(op.label)
    factors = add_parameters(model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "size": model.tensor(op.output).elements,
        "left_multiplier": factors.left.value,
        "right_multiplier": factors.right.value,
        "out_multiplier": factors.output.value,
        "left_shift": factors.left.shift,
        "right_shift": factors.right.shift,
        "out_shift": factors.output.shift,
        "left_zero": _zero(model, op.left),
        "right_zero": _zero(model, op.right),
        "out_zero": _zero(model, op.output),
        "out_min": low,
        "out_max": high,
    }


def _pad(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Pad):
        raise TypeError(op.label)
    return {
        **_image("in", model.tensor(op.input).shape),
        "top": op.padding.top,
        "bottom": op.padding.bottom,
        "left": op.padding.left,
        "right": op.padding.right,
        "value": _zero(model, op.output),
    }


def _mean(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Mean):
        raise TypeError(op.label)
    _, height, width, channels = model.tensor(op.input).shape
    multiplier = mean_multiplier(model, op)
    return {
        "places": height * width,
        "channels": channels,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "in_zero": _zero(model, op.input),
        "out_zero": _zero(model, op.output),
    }


def _pool(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Pool2D):
        raise TypeError(op.label)
    _, in_h, in_w, channels = model.tensor(op.input).shape
    low, high = activation_range(op.activation, model.quant(op.output))
    return {
        "in_h": in_h,
        "in_w": in_w,
        "channels": channels,
        "out_h": model.tensor(op.output).shape[1],
        "out_w": model.tensor(op.output).shape[2],
        "k_h": op.size[0],
        "k_w": op.size[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        **_corner(op.padding),
        "out_min": low,
        "out_max": high,
    }


def _softmax(model: Model, position: int, constants: Constants) -> Fields:
    op = model.ops[position]
    if not isinstance(op, Softmax):
        raise TypeError(op.label)
    factors = softmax_parameters(model, op)
    source = model.tensor(op.input)
    depth = source.shape[-1]
    return {
        "rows": source.elements // depth,
        "depth": depth,
        "multiplier": factors.multiplier.value,
        "shift": factors.multiplier.shift,
        "diff_min": factors.diff_min,
    }


BUILDERS: dict[type[Op], Callable[[Model, int, Constants], Fields]] = {
    Conv2D: _conv,
    DepthwiseConv2D: _conv,
    FullyConnected: _fully_connected,
    Add: _add,
    Pad: _pad,
    Mean: _mean,
    Pool2D: _pool,
    Softmax: _softmax,
}
"""Operator -> its struct members; RESHAPE has none"""
