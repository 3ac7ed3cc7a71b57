"""Constants where kernels read activations, operators of constants alone, and outputs so given."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, SAME, Flatfile


def _drawn(shape, dtype="int8"):
    return np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)


def added(kind, constants, found=(1, 3, 5), **options):
    """What an operator makes of int8 constants, added to the input."""
    file = Flatfile()
    start = file.activation((1, 3, 5), 0.05, 3)
    inputs = [
        file.constant(values, [0.07], [-4]) if values.dtype == np.int8 else file.constant(values)
        for values in constants
    ]
    quant = (1 / 256, -128) if kind == "SOFTMAX" else (0.07, -4)
    made, output = file.activation(found, *quant), file.activation((1, 3, 5), 0.1, 1)
    file.operator(kind, inputs, [made], **options)
    file.operator("ADD", [start, made], [output], 2, fusedActivationFunction=NONE)
    return file.data()


def dequantised():
    """A constant in int8, which is read as float32."""
    file = Flatfile()
    start, made = file.activation((1, 15), dtype="float32"), file.activation((15,), dtype="float32")
    output = file.activation((1, 15), dtype="float32")
    file.operator("DEQUANTIZE", [file.constant(_drawn(15), [0.0371], [-4])], [made], 2)
    file.operator("MUL", [start, made], [output], fusedActivationFunction=NONE)
    return file.data()


def given(operators=True):
    """Outputs that no operator writes: the input, twice, and a constant."""
    file = Flatfile()
    start = file.activation((1, 7), 0.05, 3)
    constant = file.constant(_drawn((2, 3)), [0.07], [-4])
    outputs = [start, constant, start]
    if operators:
        outputs.insert(1, file.activation((1, 7), 0.05, 3))
        file.operator("RELU", [start], [outputs[1]])
    return file.data([start], outputs)


def of_scale_zero(kind, constant, scales, shape, dtype="int8", output=None, **options):
    """An operator whose constant has a scale of 0, in all channels or in one, then a sum."""
    file = Flatfile()
    zero = 0 if dtype == "int16" else 3
    start = file.activation(shape, 0.05, zero, dtype)
    made, other, found = (file.activation(output or shape, 0.1, -zero, dtype) for _ in range(3))
    file.operator(kind, [start, file.constant(constant, scales)], [made], **options)
    file.operator("ADD", [made, other], [found], fusedActivationFunction=NONE)
    return file.data([start, other])


CASES = {
    "constant softmax": partial(added, "SOFTMAX", [_drawn((1, 3, 5))], beta=1.0),
    "constants added": partial(
        added, "ADD", [_drawn((1, 3, 5)), _drawn((5,))], fusedActivationFunction=NONE
    ),
    "constants multiplied": partial(
        added, "MUL", [_drawn((1, 1, 5)), _drawn((3, 1))], fusedActivationFunction=NONE
    ),
    "constant reshaped": partial(added, "RESHAPE", [_drawn((15,))]),
    "constant dequantised": dequantised,
    "given outputs": given,
    "no operators": partial(given, operators=False),
    "zero scale mul": partial(of_scale_zero, "MUL", _drawn((7,)), [0.0], (1, 7)),
    "zero scale mul int16": partial(
        of_scale_zero, "MUL", _drawn((), "int16"), [0.0], (1, 7), "int16"
    ),
    "zero scale matmul": partial(
        of_scale_zero, "BATCH_MATMUL", _drawn((1, 7, 3)), [0.0], (1, 2, 7), output=(1, 2, 3)
    ),
    "zero scale prelu": partial(of_scale_zero, "PRELU", _drawn((1, 7)), [0.0], (1, 7)),
    "zero scale dense": partial(
        of_scale_zero, "FULLY_CONNECTED", _drawn((3, 7)), [0.0], (1, 7), output=(1, 3)
    ),
    "zero scale channel": partial(
        of_scale_zero,
        "CONV_2D",
        _drawn((3, 2, 2, 2)),
        [0.01, 0.0, 0.02],
        (1, 4, 4, 2),
        output=(1, 4, 4, 3),
        padding=SAME,
        strideW=1,
        strideH=1,
        dilationWFactor=1,
        dilationHFactor=1,
    ),
}

RANDOM: dict[str, object] = {}
