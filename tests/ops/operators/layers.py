"""Layers with weights in the forms that their fastest kernels do not take."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, SAME, VALID, Flatfile

RELU_N1_TO_1 = 2
INT4 = 17
LIMITS = {"int8": 120, "int16": 32000}
STEP = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}

FORM: dict[str, Any] = {
    "shape": (1, 5, 4, 6),
    "weight": (4, 3, 3, 6),
    "out": None,
    "dtype": "int8",
    "bias": "int32",
    "activation": NONE,
    "zeros": (-5, 9),
    "per_channel": True,
    "gain": 1.0,
    "bias_value": None,
    "four_bits": False,
    "weight_zero": 0,
}
"""`out`: shape of the output without channels, where it is not the input's. `dtype`: of the
activations. `bias`: its type, empty for none; `bias_value`: all of it. `gain`: makes the output
scale smaller. `four_bits`: of the weights. `weight_zero`: their zero point"""


def _numbers(source, shape, dtype):
    if dtype == "float32":
        return source.normal(0, 0.5, shape).astype(np.float32)
    return source.integers(-127, 128, shape).astype(np.int8)


def _pack(file, index, shape):
    """Keeps the upper half of each weight, two a byte."""
    buffer = file.buffers[file.tensors[index].buffer]
    halves = np.append(np.asarray(buffer.data, np.uint8) >> 4, np.uint8(0))
    halves = halves[: len(halves) // 2 * 2].reshape(-1, 2)
    buffer.data = halves[:, 0] | halves[:, 1] << 4
    file.tensors[index].type = INT4


def _in_range(scales, dtype, taps):
    """An output scale that spreads sums of so many products over the type."""
    size = 70 if dtype == "int8" else 70 * 32000 / 120
    inputs = np.float32(0.05 if dtype == "int8" else 0.0002)
    return inputs * scales.mean() * size * np.sqrt(taps) * 60 / LIMITS.get(dtype, 1)


def layer(seed=0, kind="CONV_2D", **given):
    """A layer of one operator.

    Args:
        seed: Of the weights.
        kind: The operator.
        **given: Values of `FORM` that differ, and options of the operator.
    """
    form = FORM | {name: given.pop(name) for name in list(given) if name in FORM}
    source = np.random.default_rng(seed)
    shape, weight, dtype, bias = (form[key] for key in ("shape", "weight", "dtype", "bias"))
    real = dtype == "float32"
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    channels = weight[axis]
    each = channels if form["per_channel"] else 1
    scales = source.uniform(0.002, 0.02, each).astype(np.float32)
    in_scale = np.float32(0.05 if dtype == "int8" else 0.0002)
    zeros = form["zeros"] if dtype == "int8" else (0, 0)
    file = Flatfile()
    inputs = [
        file.activation(shape, in_scale, zeros[0], dtype),
        file.constant(
            _numbers(source, weight, dtype),
            None if real else scales,
            None if real else [form["weight_zero"]] * each,
            axis,
        ),
    ]
    if form["four_bits"]:
        _pack(file, inputs[1], weight)
    if bias:
        values = source.integers(-9000, 9000, channels) / (9000 if real else 1)
        values = values if form["bias_value"] is None else np.full(channels, form["bias_value"])
        inputs.append(file.constant(values.astype(bias), None if real else in_scale * scales))
    spread = _in_range(scales, dtype, int(np.prod(weight)) // channels) / form["gain"]
    output = file.activation((*(form["out"] or shape[:-1]), channels), spread, zeros[1], dtype)
    for index in (inputs[0], output) if real else ():
        file.tensors[index].quantization = None
    options = ({"padding": SAME, **STEP} if len(weight) == 4 else {}) | given
    if kind == "TRANSPOSE_CONV":
        size = np.array([*file.tensors[output].shape], np.int32)
        inputs = [file.constant(size), inputs[1], inputs[0], *inputs[2:]]
        options = {key: options[key] for key in options if not key.startswith("dilation")}
    version = 7 if dtype == "int16" and kind == "FULLY_CONNECTED" else 4
    options["fusedActivationFunction"] = form["activation"]
    file.operator(kind, inputs, [output], version, **options)
    return file.data()


depthwise = partial(layer, kind="DEPTHWISE_CONV_2D", weight=(1, 3, 3, 6), depthMultiplier=1)
steep = partial(
    depthwise,
    weight=(1, 3, 3, 8),
    shape=(1, 7, 6, 8),
    zeros=(-7, -128),
    activation=RELU6,
    gain=50,
    seed=1,
)
"""Some channels have multipliers of 1/2 and more"""
transposed = partial(
    layer,
    kind="TRANSPOSE_CONV",
    shape=(1, 4, 3, 5),
    weight=(4, 3, 2, 5),
    out=(1, 8, 6),
    strideH=2,
    strideW=2,
)
dense = partial(layer, kind="FULLY_CONNECTED", shape=(3, 20), weight=(7, 20))
wide = {"dtype": "int16", "bias": "int64"}
real = {"dtype": "float32", "bias": "float32"}

CASES = {
    "conv images": partial(layer, shape=(3, 5, 4, 6), activation=RELU),
    "conv weights with a zero point": partial(layer, weight_zero=3),
    "depthwise weights with a zero point": partial(depthwise, weight_zero=-9, per_channel=False),
    "transposed weights with a zero point": partial(transposed, weight_zero=5),
    "conv groups": partial(layer, weight=(4, 3, 3, 3)),
    "conv groups of one": partial(
        layer, weight=(12, 3, 2, 1), zeros=(-128, 127), per_channel=False, bias=""
    ),
    "conv groups dilated": partial(
        layer, weight=(6, 3, 3, 2), dilationHFactor=2, dilationWFactor=3, activation=RELU6
    ),
    "conv images and groups": partial(
        layer,
        shape=(2, 7, 5, 4),
        weight=(6, 3, 3, 2),
        out=(2, 3, 2),
        padding=VALID,
        strideH=2,
        strideW=2,
    ),
    "conv relu_n1_to_1": partial(layer, activation=RELU_N1_TO_1, per_channel=False),
    "dense float relu_n1_to_1": partial(dense, **real, activation=RELU_N1_TO_1),
    "depthwise images": partial(depthwise, shape=(2, 5, 4, 6)),
    "conv sums wrap": partial(layer, gain=1e6),
    "conv sums wrap above": partial(layer, weight=(4, 1, 1, 6), bias_value=2**31 - 9000),
    "depthwise sums wrap": partial(depthwise, gain=3e8, activation=RELU, zeros=(-128, -128)),
    "dense sums wrap": partial(dense, bias_value=-(2**31), per_channel=False),
    "conv int16": partial(layer, **wide),
    "conv int16 relu6": partial(layer, **wide, activation=RELU6, padding=VALID, out=(1, 3, 2)),
    "conv int16 groups": partial(layer, weight=(4, 3, 3, 3), shape=(2, 5, 4, 6), **wide),
    "conv int16 without bias": partial(layer, dtype="int16", bias="", per_channel=False),
    "conv int16 narrow": partial(layer, dtype="int16"),
    "conv int16 narrow wraps": partial(layer, dtype="int16", bias_value=2**31 - 9000),
    "conv int16 1x1": partial(
        layer, **wide, weight=(7, 1, 1, 9), shape=(1, 3, 7, 9), out=(1, 3, 4), strideW=2
    ),
    "conv int16 shallow": partial(layer, **wide, weight=(3, 1, 1, 2), shape=(1, 3, 5, 2)),
    "conv int16 up": partial(layer, **wide, gain=1e4),
    "depthwise int16": partial(depthwise, **wide, activation=RELU),
    "depthwise int16 multiplier": partial(
        depthwise, weight=(1, 2, 3, 12), depthMultiplier=2, **wide
    ),
    "depthwise steep": steep,
    "depthwise steep wide": partial(steep, shape=(1, 5, 18, 8)),
    "depthwise steep 2x2": partial(steep, shape=(1, 2, 2, 8)),
    "depthwise steep row": partial(steep, weight=(1, 1, 5, 8), gain=30),
    "depthwise steep signed": partial(steep, activation=NONE),
    "depthwise of three channels": partial(
        depthwise, weight=(1, 3, 3, 3), shape=(1, 5, 4, 3), activation=RELU6
    ),
    "depthwise row": partial(depthwise, weight=(1, 1, 5, 9), shape=(1, 2, 12, 9)),
    "depthwise column": partial(
        depthwise,
        weight=(1, 6, 1, 7),
        shape=(1, 12, 2, 7),
        out=(1, 4, 2),
        padding=VALID,
        strideH=2,
    ),
    "depthwise 5x5": partial(
        depthwise,
        weight=(1, 5, 5, 16),
        shape=(1, 6, 7, 16),
        activation=RELU,
        zeros=(127, -128),
    ),
    "conv int4": partial(layer, four_bits=True, gain=9.0),
    "depthwise int4": partial(depthwise, weight=(1, 3, 3, 6), four_bits=True, gain=9.0),
    "dense int4": partial(
        dense, four_bits=True, per_channel=False, gain=9.0, weight=(7, 15), shape=(4, 15)
    ),
    "transposed": transposed,
    "transposed valid": partial(transposed, out=(1, 9, 6), padding=VALID, activation=RELU),
    "transposed stride 1x3": partial(
        transposed, out=(2, 4, 9), shape=(2, 4, 3, 5), strideH=1, strideW=3, zeros=(-128, 127)
    ),
    "transposed stride 3x1": partial(
        transposed, out=(1, 13, 3), weight=(6, 2, 3, 5), strideH=3, strideW=1, zeros=(-128, 127)
    ),
    "transposed without bias": partial(transposed, weight=(4, 5, 5, 5), bias="", per_channel=False),
    "transposed int16": partial(transposed, **wide, activation=RELU6),
    "transposed float": partial(transposed, **real, weight=(4, 4, 4, 5)),
    "dense int16": partial(dense, **wide),
    "dense int16 narrow": partial(dense, dtype="int16", activation=RELU, per_channel=False),
    "dense int16 without bias": partial(dense, dtype="int16", bias="", shape=(1, 20)),
    "conv float": partial(layer, **real),
    "conv float groups": partial(layer, **real, weight=(4, 3, 3, 3), activation=RELU6),
    "depthwise float": partial(depthwise, **real, activation=RELU),
    "dense float": partial(dense, **real),
    "dense float without bias": partial(dense, dtype="float32", bias="", activation=RELU),
}


def _random_layer(seed):
    source = np.random.default_rng(seed)
    groups, each = (int(n) for n in source.integers(1, 4, 2))
    form = [{}, wide, real, {"dtype": "int16"}][source.integers(4)]
    size = tuple(int(n) for n in source.integers(3, 7, 2))
    return layer(
        seed,
        shape=(int(source.integers(1, 3)), *size, groups * each),
        weight=(groups * int(source.integers(1, 4)), *source.integers(1, 4, 2).tolist(), each),
        activation=int(source.choice([NONE, RELU, RELU6])),
        per_channel=bool(source.integers(2)),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        gain=float(source.choice([1.0, 1.0, 1e6])) if form == {} else 1.0,
        dilationHFactor=int(source.integers(1, 3)),
        **form,
    )


RANDOM = {"layer": _random_layer}
