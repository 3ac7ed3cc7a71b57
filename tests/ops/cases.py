"""Named single-operator models: one table, run against TensorFlow Lite Micro on every engine.

Each case is a function without arguments that returns a .tflite.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from tests.ops.flatfile import NONE, RELU, RELU6, SAME, TANH, VALID, Flatfile
from tests.ops.operators import OPERATOR_CASES


def _source(seed):
    return np.random.default_rng(seed)


def _weights(source, shape, axis, per_channel):
    """int8 weights with both extremes, and float32 scales (for one channel, or for each)."""
    values = source.integers(-127, 128, shape).astype(np.int8)
    values.flat[0], values.flat[-1] = -127, 127
    scales = source.uniform(0.002, 0.02, shape[axis] if per_channel else 1).astype(np.float32)
    return values, scales


def _scaled(source, accumulated, product):
    """An output scale that spreads sums of so many products over int8 without clipping them all."""
    return np.float32(product * 5000 * np.sqrt(accumulated) / 60 * source.uniform(0.4, 2.0))


def _places(size, extent, stride, padding):
    """Height and width of what a window gives."""
    return [
        -(-length // step) if padding == SAME else (length - window) // step + 1
        for length, window, step in zip(size, extent, stride, strict=True)
    ]


def conv(
    seed=0,
    *,
    size=(7, 6),
    channels=(3, 5),
    kernel=(3, 3),
    stride=(1, 1),
    dilation=(1, 1),
    padding=SAME,
    activation=NONE,
    per_channel=True,
    bias=True,
    zeros=(-5, 9),
    depthwise=False,
    gain=1.0,
):
    """CONV_2D, or DEPTHWISE_CONV_2D with channels = (input, output)."""
    source = _source(seed)
    in_c, out_c = channels
    shape = (1, *kernel, out_c) if depthwise else (out_c, *kernel, in_c)
    axis = 3 if depthwise else 0
    values, scales = _weights(source, shape, axis, per_channel)
    in_scale = np.float32(source.uniform(0.01, 0.1))
    taps = kernel[0] * kernel[1] * (1 if depthwise else in_c)
    out_scale = np.float32(_scaled(source, taps, in_scale * scales.mean()) / gain)
    file = Flatfile()
    inputs = [
        file.activation((1, *size, in_c), in_scale, zeros[0]),
        file.constant(values, scales, axis=axis),
    ]
    if bias:
        inputs.append(
            file.constant(source.integers(-20000, 20000, out_c, np.int32), in_scale * scales)
        )
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    out = _places(size, extent, stride, padding)
    output = file.activation((1, *out, out_c), out_scale, zeros[1])
    options = {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": activation,
    }
    if depthwise:
        options["depthMultiplier"] = out_c // in_c
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    file.operator(kind, inputs, [output], 3, **options)
    return file.data()


depthwise = partial(conv, depthwise=True, channels=(6, 6))


def dense(
    seed=0,
    *,
    shape=(1, 40),
    outputs=11,
    depth=0,
    activation=NONE,
    per_channel=False,
    bias=True,
    keep_dims=False,
    zeros=(3, -7),
):
    """FULLY_CONNECTED, of rows of `depth` elements where that is not 0."""
    source = _source(seed)
    elements = depth or int(np.prod(shape))
    values, scales = _weights(source, (outputs, elements), 0, per_channel)
    in_scale = np.float32(source.uniform(0.01, 0.1))
    file = Flatfile()
    inputs = [file.activation(shape, in_scale, zeros[0]), file.constant(values, scales)]
    if bias:
        inputs.append(
            file.constant(source.integers(-9000, 9000, outputs, np.int32), in_scale * scales)
        )
    rows = int(np.prod(shape)) // elements
    out_shape = (*shape[:-1], outputs) if keep_dims else (rows, outputs)
    scale = _scaled(source, elements, in_scale * scales.mean())
    output = file.activation(out_shape, scale, zeros[1])
    file.operator(
        "FULLY_CONNECTED",
        inputs,
        [output],
        4,
        fusedActivationFunction=activation,
        keepNumDims=keep_dims,
    )
    return file.data()


def boundary(seed=0, kind="FULLY_CONNECTED", per_channel=True):
    """Biases around an accumulator at which the output changes.

    The multiplier is so small that one unit in its last place moves the change by several biases:
    the case shows whether products of scales are taken in double and how often it is rounded.
    """
    source = _source(seed)
    count = 512
    in_scale, scale, out = (np.float32(x) for x in source.uniform(0.02, 0.1, 3))
    out_scale = np.float32(out * 2**16)
    level = source.integers(60, 110) + 0.5
    middle = level * float(out_scale) / (float(in_scale) * float(scale))
    biases = (middle + np.arange(count) - count // 2).astype(np.int32)
    scales = [scale] * (count if per_channel else 1)
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    rank = 2 if kind == "FULLY_CONNECTED" else 4
    shape = [1] * rank
    shape[axis] = count
    file = Flatfile()
    inputs = [
        file.activation([1] * rank, in_scale, 4),
        file.constant(np.zeros(shape, np.int8), scales, axis=axis),
        file.constant(biases, in_scale * np.array(scales)),
    ]
    output = file.activation((*[1] * (rank - 1), count), out_scale, 0)
    step = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    options = {"padding": VALID, **step} if rank == 4 else {}
    if axis == 3:
        options["depthMultiplier"] = count
    file.operator(kind, inputs, [output], 3, **options)
    return file.data()


def add(seed=0, scales=(0.04, 0.07, 0.09), zeros=(-3, 5, 8), activation=NONE, side=16):
    """ADD of two channels of the input, each brought to its own scale by a 1x1 convolution."""
    source = _source(seed)
    left_scale, right_scale, out_scale = (np.float32(scale) for scale in scales)
    file = Flatfile()
    start = file.activation((1, side, side, 2), left_scale, zeros[0])
    step = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    branches = []
    for channel, scale, zero in ((0, left_scale, zeros[0]), (1, right_scale, zeros[1])):
        values = np.zeros((1, 1, 1, 2), np.int8)
        values[..., channel] = 127
        factor = np.float32(scale / left_scale / 127 * source.uniform(0.9, 1.1))
        weight = file.constant(values, [factor])
        branches.append(file.activation((1, side, side, 1), scale, zero))
        file.operator("CONV_2D", [start, weight], [branches[-1]], 3, padding=VALID, **step)
    output = file.activation((1, side, side, 1), out_scale, zeros[2])
    file.operator("ADD", branches, [output], 2, fusedActivationFunction=activation)
    return file.data()


def pad(size=(4, 5), channels=3, amounts=(1, 2, 0, 3), zero=-11, target=(0.03, -11)):
    """PAD of height and width; `target`: quantisation of the output."""
    file = Flatfile()
    top, bottom, left, right = amounts
    start = file.activation((1, *size, channels), 0.03, zero)
    pairs = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    shape = (1, size[0] + top + bottom, size[1] + left + right, channels)
    output = file.activation(shape, *target)
    file.operator("PAD", [start, file.constant(pairs)], [output], 2)
    return file.data()


def mean(size=(7, 7), channels=9, scales=(0.05, 0.05), zeros=(-128, -128), keep_dims=True):
    """MEAN over height and width."""
    file = Flatfile()
    start = file.activation((1, *size, channels), scales[0], zeros[0])
    shape = (1, 1, 1, channels) if keep_dims else (1, channels)
    output = file.activation(shape, scales[1], zeros[1])
    axes = file.constant(np.array([1, 2], np.int32))
    file.operator("MEAN", [start, axes], [output], 2, keepDims=keep_dims)
    return file.data()


def pool(
    kind="AVERAGE_POOL_2D",
    *,
    size=(9, 8),
    channels=4,
    window=(3, 3),
    stride=(2, 2),
    padding=SAME,
    activation=NONE,
    quant=(0.05, -10),
):
    """AVERAGE_POOL_2D or MAX_POOL_2D."""
    file = Flatfile()
    out = _places(size, window, stride, padding)
    start = file.activation((1, *size, channels), *quant)
    output = file.activation((1, *out, channels), *quant)
    file.operator(
        kind,
        [start],
        [output],
        2,
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        filterHeight=window[0],
        filterWidth=window[1],
        fusedActivationFunction=activation,
    )
    return file.data()


def softmax(shape=(1, 10), scale=0.1, zero=4, beta=1.0):
    """SOFTMAX over the last axis."""
    file = Flatfile()
    start = file.activation(shape, scale, zero)
    output = file.activation(shape, 1 / 256, -128)
    file.operator("SOFTMAX", [start], [output], 2, beta=beta)
    return file.data()


def reshaped_pool():
    """Pool, RESHAPE, SOFTMAX: the RESHAPE shares storage."""
    file = Flatfile()
    start = file.activation((1, 4, 6, 2), 0.06, 1)
    pooled = file.activation((1, 2, 3, 2), 0.06, 1)
    flat = file.activation((1, 12), 0.06, 1)
    output = file.activation((1, 12), 1 / 256, -128)
    options = {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2}
    file.operator("MAX_POOL_2D", [start], [pooled], 2, padding=VALID, **options)
    shape = file.constant(np.array([1, 12], np.int32))
    file.operator("RESHAPE", [pooled, shape], [flat])
    file.operator("SOFTMAX", [flat], [output], 2, beta=1.0)
    return file.data()


def padded_conv(amounts=(0, 1, 0, 1), depthwise=False):
    """PAD in front of a VALID convolution, as PyTorch converters write it."""
    source = _source(5)
    file = Flatfile()
    top, bottom, left, right = amounts
    start = file.activation((1, 8, 8, 4), 0.04, -20)
    pairs = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    padded = file.activation((1, 8 + top + bottom, 8 + left + right, 4), 0.04, -20)
    axis = 3 if depthwise else 0
    shape = (1, 3, 3, 4) if depthwise else (6, 3, 3, 4)
    values, scales = _weights(source, shape, axis, True)
    weight = file.constant(values, scales, axis=axis)
    out = [(8 + a - 3) // 2 + 1 for a in (top + bottom, left + right)]
    output = file.activation((1, *out, 4 if depthwise else 6), 0.3, 2)
    file.operator("PAD", [start, file.constant(pairs)], [padded], 2)
    step = {"strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1}
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    options = {"depthMultiplier": 1} if depthwise else {}
    file.operator(kind, [padded, weight], [output], 3, padding=VALID, **step, **options)
    return file.data()


CASES = {
    "conv": conv,
    "conv 1x1": partial(conv, kernel=(1, 1), channels=(16, 8)),
    "conv 1x1 of one pixel": partial(conv, kernel=(1, 1), channels=(40, 9), size=(1, 1)),
    "conv 1x1 relu": partial(
        conv, kernel=(1, 1), channels=(8, 7), size=(5, 5), activation=RELU, zeros=(-128, -128)
    ),
    "conv 1x1 odd": partial(conv, kernel=(1, 1), channels=(27, 5), size=(3, 5), zeros=(127, -100)),
    "conv 1x1 deep": partial(conv, kernel=(1, 1), channels=(136, 6), size=(3, 2)),
    "conv 1x1 stride 2": partial(
        conv, kernel=(1, 1), channels=(24, 4), size=(9, 11), stride=(2, 2)
    ),
    "conv 1x1 of 12": partial(conv, kernel=(1, 1), channels=(12, 5), size=(3, 5)),
    "conv 1x1 of 44": partial(conv, kernel=(1, 1), channels=(44, 3), size=(1, 7), zeros=(-128, 3)),
    "conv of three channels": partial(
        conv, channels=(3, 8), size=(13, 12), stride=(2, 2), activation=RELU, zeros=(-128, -128)
    ),
    "conv of one channel": partial(
        conv, channels=(1, 6), kernel=(10, 4), size=(21, 10), stride=(2, 2), zeros=(83, -128)
    ),
    "conv 5x3 of two channels": partial(conv, channels=(2, 3), kernel=(5, 3), size=(6, 13)),
    "conv valid stride 2": partial(conv, padding=VALID, stride=(2, 2)),
    "conv same stride 2 even": partial(conv, size=(8, 8), stride=(2, 2)),
    "conv stride 2x1": partial(conv, stride=(2, 1), kernel=(5, 2)),
    "conv larger than input": partial(conv, size=(2, 3), kernel=(5, 4)),
    "conv dilated": partial(conv, size=(11, 10), dilation=(2, 3)),
    "conv dilated stride 2": partial(conv, size=(11, 10), dilation=(2, 2), stride=(2, 2)),
    "conv relu": partial(conv, activation=RELU, zeros=(7, -128)),
    "conv relu6": partial(conv, activation=RELU6, zeros=(7, -100)),
    "conv relu, zero in the middle": partial(conv, activation=RELU, zeros=(-128, 20)),
    "conv per tensor": partial(conv, per_channel=False),
    "conv without bias": partial(conv, bias=False),
    "conv multiplier above one": partial(conv, gain=3e4, kernel=(1, 1), channels=(1, 4)),
    "conv boundary": partial(boundary, kind="CONV_2D"),
    "conv boundary per tensor": partial(boundary, kind="CONV_2D", per_channel=False),
    "depthwise": depthwise,
    "depthwise multiplier": partial(depthwise, channels=(3, 12)),
    "depthwise of one channel": partial(depthwise, channels=(1, 8), kernel=(5, 3)),
    "depthwise valid stride 2": partial(depthwise, padding=VALID, stride=(2, 2)),
    "depthwise dilated": partial(depthwise, size=(11, 10), dilation=(3, 2)),
    "depthwise relu6": partial(depthwise, activation=RELU6, zeros=(-128, -128)),
    "depthwise per tensor": partial(depthwise, per_channel=False, bias=False),
    "depthwise wide": partial(depthwise, size=(5, 18), channels=(8, 8)),
    "depthwise wide stride 2": partial(
        depthwise, size=(5, 35), channels=(5, 5), stride=(2, 2), activation=RELU, zeros=(3, -128)
    ),
    "depthwise 2x2": partial(depthwise, size=(2, 2), channels=(7, 7)),
    "depthwise boundary": partial(boundary, kind="DEPTHWISE_CONV_2D"),
    "dense": dense,
    "dense per channel": partial(dense, per_channel=True),
    "dense relu": partial(dense, activation=RELU, bias=False),
    "dense of an image": partial(dense, shape=(1, 3, 4, 5)),
    "dense keeping dimensions": partial(dense, shape=(1, 1, 1, 20), keep_dims=True),
    "dense of one dimension": partial(dense, shape=(40,), keep_dims=True),
    "dense rows": partial(dense, shape=(1, 3, 3, 24), depth=24, activation=RELU),
    "dense rows keeping dimensions": partial(
        dense, shape=(1, 3, 40), depth=40, outputs=20, keep_dims=True, per_channel=True
    ),
    "dense rows of five dimensions": partial(
        dense, shape=(2, 1, 3, 1, 7), depth=7, outputs=3, keep_dims=True, zeros=(-128, 127)
    ),
    "dense rows across dimensions": partial(dense, shape=(1, 4, 30), depth=40, bias=False),
    "dense boundary": boundary,
    "dense boundary per tensor": partial(boundary, per_channel=False),
    "add": add,
    "add relu": partial(add, activation=RELU, zeros=(-128, -128, -128)),
    "add relu6": partial(add, activation=RELU6, scales=(0.02, 0.05, 0.03)),
    "add tanh": partial(add, activation=TANH),
    "add far scales": partial(add, scales=(0.001, 0.9, 0.8)),
    "add small output": partial(add, scales=(0.4, 0.3, 0.002)),
    "pad": pad,
    "pad of two scales": partial(pad, target=(0.05, 7)),
    "pad nothing": partial(pad, amounts=(0, 0, 0, 0)),
    "pad and conv": padded_conv,
    "pad and depthwise": partial(padded_conv, amounts=(1, 1, 1, 1), depthwise=True),
    "mean": mean,
    "mean 4x4": partial(mean, size=(4, 4), scales=(0.05, 0.021), zeros=(-128, -101)),
    "mean 5x3": partial(mean, size=(5, 3), scales=(0.02, 0.05), zeros=(17, -30), keep_dims=False),
    "mean of 300": partial(mean, size=(20, 15), channels=6, zeros=(-20, 11)),
    "mean of one": partial(mean, size=(1, 1), scales=(0.05, 0.05), zeros=(3, 3)),
    "mean up": partial(mean, size=(3, 3), scales=(0.05, 0.004), zeros=(0, 0)),
    "average": pool,
    "average valid": partial(pool, padding=VALID, window=(2, 3), stride=(2, 1)),
    "average relu6": partial(pool, activation=RELU6, quant=(0.05, -90)),
    "average all": partial(pool, size=(6, 5), window=(6, 5), stride=(6, 5), padding=VALID),
    "max": partial(pool, kind="MAX_POOL_2D"),
    "max valid relu": partial(pool, kind="MAX_POOL_2D", padding=VALID, activation=RELU),
    "softmax": softmax,
    "softmax of two": partial(softmax, shape=(1, 2), scale=0.0146, zero=-5),
    "softmax steep": partial(softmax, scale=3.0),
    "softmax flat": partial(softmax, scale=0.004, shape=(1, 30)),
    "softmax beta": partial(softmax, beta=0.3, shape=(1, 17)),
    "softmax rows": partial(softmax, shape=(1, 5, 7)),
    "softmax many rows": partial(softmax, shape=(1, 600, 10), scale=0.05),
    "softmax beyond exp": partial(softmax, scale=40.0),
    "reshape": reshaped_pool,
    **OPERATOR_CASES,
}
"""Name -> function that makes the .tflite"""


def inputs_for(shape, zero, count=6, seed=0) -> list[NDArray[np.int8]]:
    """Inputs that find mistakes: both ends, then uniform, near the zero point, extremes mixed."""
    source = _source(seed)
    draws = [
        lambda: source.integers(-128, 128, shape),
        lambda: (zero + source.integers(-3, 4, shape)).clip(-128, 127),
        lambda: source.choice([-128, 127], shape),
    ]
    drawn = [draws[index % 3]() for index in range(count - 2)]
    return [x.astype(np.int8) for x in (np.full(shape, -128), np.full(shape, 127), *drawn)]
