"""MUL of an image by one number for each channel, as squeeze-and-excitation has it: DSP and MVE.

Four channels of all pixels at a time, so that the gate is read once.
"""

from __future__ import annotations

from functools import partial

from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import activation_range
from tinyssl.ops.common.fixed_point import INT8_MIN
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.mul import Mul, mul_multiplier
from tinyssl.targets.pairs import mul_fits

LANES = 4
"""Channels at a time"""
CHANNELS_MAX = 2**16 - 1


def _image_and_gate(model: Model, op: Mul) -> tuple[int, int]:
    """The larger input first."""
    left, right = op.left, op.right
    larger = model.tensor(left).elements >= model.tensor(right).elements
    return (left, right) if larger else (right, left)


def gate_fits(positive: bool, model: Model, op: Mul) -> bool:
    """An activation of one number for each channel; `positive`: no product is below 0."""
    if not mul_fits(False, model, op):
        return False
    image, gate = _image_and_gate(model, op)
    channels = model.tensor(image).shape[-1:]
    dense = channels and LANES <= channels[0] <= CHANNELS_MAX
    one_each = model.tensor(gate).elements == channels[0] if dense else False
    is_gate = one_each and model.tensor(gate).shape[-1:] == channels
    below = any(zero_point(model, index) != INT8_MIN for index in op.inputs)
    return is_gate and image != gate and not (positive and below)


def gate_params(model: Model, op: Mul, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_gate`."""
    image, gate = _image_and_gate(model, op)
    multiplier = mul_multiplier(model, op)
    low, high = activation_range(op.activation, model.quant(op.output))
    channels = model.tensor(image).shape[-1]
    return {
        "pixels": model.tensor(image).elements // channels,
        "multiplier": multiplier.value,
        "channels": channels,
        "shift": multiplier.shift,
        "image_zero": zero_point(model, image),
        "gate_zero": zero_point(model, gate),
        "out_zero": zero_point(model, op.output),
        "out_min": low,
        "out_max": high,
        "gate_first": int(image == op.right),
    }


def _same_place(model: Model, op: Mul) -> tuple[Overlap, ...]:
    """Channel by channel: the output lies where the image is, or clear of it."""
    image, _ = _image_and_gate(model, op)
    return (Overlap(image, exact=True),)


def gate_kernels(ending: str, *headers: str) -> tuple[Kernel[Mul], ...]:
    """Of products that are never negative, and of others."""
    return tuple(
        Kernel(
            f"{name}_s8_{ending}",
            "tinyssl_gate",
            ("gate_s8.h", *headers),
            source=f"gate_s8_{ending}",
            supports=partial(gate_fits, positive),
            make_params=gate_params,
            overlaps=_same_place,
        )
        for name, positive in (("gate_positive", True), ("gate", False))
    )
