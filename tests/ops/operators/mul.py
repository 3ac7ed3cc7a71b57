"""MUL."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, VALID, Flatfile


def mul(seed=0, left=(1, 5, 6, 4), right=(1, 5, 6, 4), **given):
    """MUL of the input's halves, each pooled to its shape; or of the input and a constant."""
    values: dict[str, Any] = {"scales": (0.04, 0.07, 0.05), "zeros": (-3, 5, 8), "activation": NONE}
    given = values | {"constant": None} | given
    scales, zeros = given["scales"], given["zeros"]
    source = np.random.default_rng(seed)
    file = Flatfile()
    out = np.broadcast_shapes(left, right)
    if given["constant"]:
        start = file.activation(left, scales[0], zeros[0])
        values = source.integers(-128, 128, right).astype(np.int8)
        inputs = [start, file.constant(values, [scales[1]], [zeros[1]])]
        inputs = inputs[::-1] if given["constant"] == "left" else inputs
    else:
        start = file.activation((1, 10, 12, 4), scales[0], zeros[0])
        inputs = [_brought(file, start, shape, *q) for shape, q in _mul_sides(left, right, given)]
    output = file.activation(out, scales[2], zeros[2])
    file.operator("MUL", inputs, [output], 3, fusedActivationFunction=given["activation"])
    return file.data(inputs=(start,))


def _mul_sides(left, right, given):
    quants = zip(given["scales"], given["zeros"], strict=True)
    return list(zip((left, right), quants, strict=False))


def _brought(file, start, shape, scale, zero):
    """An activation of a shape (1, h, w, c), made of the (1, 10, 12, 4) input by a convolution."""
    _, height, width, channels = shape
    stride = (10 // height, 12 // width)
    values = np.zeros((channels, 1, 1, 4), np.int8)
    for channel in range(channels):
        values[channel, 0, 0, channel % 4] = 127
    sizes = {"strideH": stride[0], "strideW": stride[1]}
    weight = file.constant(values, [np.float32(1 / 127)])
    found = file.activation(shape, scale, zero)
    ones = {"dilationHFactor": 1, "dilationWFactor": 1}
    file.operator("CONV_2D", [start, weight], [found], 3, padding=VALID, **sizes, **ones)
    return found


def wide(left=(1, 5, 6, 4), right=(1, 5, 6, 4), constant=False, activation=NONE):
    """MUL of two int16 inputs of the model, or of one and a constant."""
    file = Flatfile()
    start = file.activation(left, 0.0005, 0, "int16", "left")
    other = None
    if constant:
        values = np.random.default_rng(1).integers(-32768, 32768, right).astype(np.int16)
        inputs = [start, file.constant(values, [0.0007])]
    else:
        other = file.activation(right, 0.0007, 0, "int16", "right")
        inputs = [start, other]
    output = file.activation(np.broadcast_shapes(left, right), 0.003, 0, "int16")
    file.operator("MUL", inputs, [output], 4, fusedActivationFunction=activation)
    return file.data(inputs=[start] if other is None else inputs)


CASES = {
    "mul": mul,
    "mul relu": partial(mul, activation=RELU, zeros=(-128, -128, -128)),
    "mul relu6": partial(mul, activation=RELU6, scales=(0.1, 0.09, 0.03)),
    "mul gate": partial(mul, right=(1, 1, 1, 4)),
    "mul gate of odd channels": partial(mul, left=(1, 5, 6, 7), right=(1, 1, 1, 7)),
    "mul gate first": partial(mul, left=(1, 1, 1, 6), right=(1, 5, 6, 6), activation=RELU),
    "mul gate from zero": partial(
        mul, left=(1, 5, 6, 11), right=(1, 1, 1, 11), zeros=(-128, -128, -100)
    ),
    "mul gate from zero first": partial(
        mul,
        left=(1, 1, 1, 4),
        right=(1, 10, 12, 4),
        zeros=(-128, -128, -128),
        scales=(0.02, 1 / 256, 0.003),
        activation=RELU6,
    ),
    "mul map": partial(mul, left=(1, 5, 6, 1), right=(1, 5, 6, 4)),
    "mul outer": partial(mul, left=(1, 5, 1, 4), right=(1, 1, 6, 4)),
    "mul cross": partial(mul, left=(1, 5, 1, 4), right=(1, 1, 6, 1)),
    "mul up": partial(mul, scales=(0.9, 0.8, 0.002)),
    "mul down": partial(mul, scales=(0.004, 0.003, 0.05), zeros=(-128, -100, 0)),
    "mul constant": partial(mul, constant="right"),
    "mul constant channels": partial(mul, constant="right", right=(4,)),
    "mul constant first": partial(mul, constant="left", right=(1, 1, 6, 1)),
    "mul constant scalar": partial(mul, constant="right", right=(), zeros=(3, -128, -7)),
    "mul int16": wide,
    "mul int16 gate": partial(wide, right=(1, 1, 1, 4), activation=RELU),
    "mul int16 constant": partial(wide, right=(4,), constant=True, activation=RELU6),
}


def _random_mul(seed):
    source = np.random.default_rng(seed)
    sides = ((1, 5, 6, 4), (1, 1, 6, 4), (1, 5, 1, 1), (1, 1, 1, 4), (1, 2, 3, 4))
    pairs = [(a, b) for a in sides[:4] for b in sides[:4]] + [(sides[4], sides[4])]
    left, right = pairs[source.integers(len(pairs))]
    return mul(
        seed,
        left=left,
        right=right,
        scales=tuple(np.exp(source.uniform(-4, -1, 3)).tolist()),
        zeros=(-128, -128, -90) if seed % 3 == 0 else tuple(source.integers(-128, 128, 3).tolist()),
        activation=int(source.choice([NONE, RELU, RELU6])),
        constant=(None, "left", "right")[source.integers(3)],
    )


RANDOM = {"mul": _random_mul}
