"""CONCATENATION."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, SAME, Flatfile


def concatenation(shapes=((1, 3, 4, 2), (1, 3, 4, 5)), axis=3, dtype="int8", twice=False):
    """Inputs of the model side by side."""
    file = Flatfile()
    zero = 5 if dtype == "int8" else 0
    parts = [
        file.activation(shape, 0.05, zero, dtype, f"part{i}") for i, shape in enumerate(shapes)
    ]
    inputs = [*parts, parts[0]] if twice else parts
    shape = list(shapes[0])
    shape[axis] = sum(file.tensors[part].shape[axis] for part in inputs)
    output = file.activation(shape, 0.05, zero, dtype)
    options = {"axis": axis, "fusedActivationFunction": NONE}
    file.operator("CONCATENATION", inputs, [output], 2, **options)
    return file.data(inputs=parts)


def with_constants(shapes=((1, 3, 2), (1, 3, 4), (1, 3, 1)), known=(0, 2), axis=2, dtype="int8"):
    """Some of the parts are constants."""
    file = Flatfile()
    zero, scale = (5, 0.05) if dtype == "int8" else (0, None)
    source = np.random.default_rng(0)
    parts = []
    for at, shape in enumerate(shapes):
        if at in known:
            values = source.integers(-128, 128, shape).astype(dtype)
            scales = (scale and [scale], scale and [zero])
            parts.append(file.constant(values, *scales))
        else:
            parts.append(file.activation(shape, scale, zero, dtype, f"part{at}"))
    shape = list(shapes[0])
    shape[axis] = sum(size[axis] for size in shapes)
    output = file.activation(shape, scale, zero, dtype)
    file.operator("CONCATENATION", parts, [output], 2, axis=axis, fusedActivationFunction=NONE)
    return file.data(inputs=[part for at, part in enumerate(parts) if at not in known])


ONES = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def blocks(size=6, channels=(4, 8, 4)):
    """Two blocks of expansion, depthwise convolution and projection side by side in pixels."""
    file, source = Flatfile(), np.random.default_rng(size)
    narrow, wide, out = channels

    def layer(x, kind, shape, count, activation=RELU6):
        output = file.activation((1, size, size, count), 0.05, -128 if activation else 3)
        values = source.integers(-127, 128, shape).astype(np.int8)
        options = {"padding": SAME, "fusedActivationFunction": activation} | ONES
        if kind == "DEPTHWISE_CONV_2D":
            options["depthMultiplier"] = 1
        file.operator(kind, [x, file.constant(values, [1 / 300], [0])], [output], 3, **options)
        return output

    def block(x):
        x = layer(x, "CONV_2D", (wide, 1, 1, narrow), wide)
        x = layer(x, "DEPTHWISE_CONV_2D", (1, 3, 3, wide), wide)
        return layer(x, "CONV_2D", (out, 1, 1, wide), out, NONE)

    image = file.activation((1, size, size, 8 * narrow), 0.05, 3)  # sets the arena
    start = layer(image, "CONV_2D", (narrow, 1, 1, 8 * narrow), narrow, NONE)
    parts = [block(start), block(start)]
    joined = file.activation((1, size, size, 2 * out), 0.05, 3)
    file.operator("CONCATENATION", parts, [joined], 2, axis=3, fusedActivationFunction=NONE)
    return file.data()


def branches(width=6, relu=True):
    """What many kernels write side by side in pixels, and what a SPLIT of it gives.

    The planner lays all of it in one piece of storage. The zero point is not at the end, so a fused
    RELU clamps what sums reach.
    """
    file, source = Flatfile(), np.random.default_rng(width)
    whole, half = (1, 4, width, 8), (1, 2, width // 2, 8)

    def value(shape):
        return file.activation(shape, 0.05, -20)

    def weights(shape):
        return file.constant(source.integers(-127, 128, shape).astype(np.int8), [1 / 800], [0])

    def conv(x, channels=8, side=3, activation=NONE):
        output = value((*file.tensors[x].shape[:3], channels))
        filters = weights((channels, side, side, file.tensors[x].shape[3]))
        options = {"padding": SAME, "fusedActivationFunction": activation} | ONES
        file.operator("CONV_2D", [x, filters], [output], 3, **options)
        return output

    start = value(whole)
    parts = [conv(start, activation=RELU if relu else NONE), conv(start, 4, 1)]
    pooled, small, enlarged, spread = value(whole), value(half), value(whole), value(whole)
    window = {"padding": SAME, "strideH": 1, "strideW": 1, "filterHeight": 3, "filterWidth": 2}
    file.operator("MAX_POOL_2D", [conv(start, side=1)], [pooled], 2, **window)
    window |= {"strideH": 2, "strideW": 2}
    file.operator("AVERAGE_POOL_2D", [start], [small], 2, **window)
    size = file.constant(np.array(whole[1:3], np.int32))
    file.operator("RESIZE_NEAREST_NEIGHBOR", [small, size], [enlarged], 3)
    smooth = value(whole)
    file.operator("RESIZE_BILINEAR", [small, size], [smooth], 3)
    shape = file.constant(np.array(whole, np.int32))
    transposed = [shape, weights((8, 2, 2, 8)), small]
    file.operator("TRANSPOSE_CONV", transposed, [spread], 1, padding=SAME, strideH=2, strideW=2)
    depths = file.activation(whole, 0.05, -20)
    file.operator("DEPTHWISE_CONV_2D", [start, weights((1, 3, 3, 8))], [depths], 3,
                  padding=SAME, depthMultiplier=1, **ONES)  # fmt: skip
    parts += [pooled, enlarged, smooth, spread, depths]
    joined = value((*whole[:3], sum(file.tensors[part].shape[3] for part in parts)))
    options = {"axis": 3, "fusedActivationFunction": NONE}
    file.operator("CONCATENATION", parts, [joined], 2, **options)
    cuts = [value((*whole[:3], 8)), value((*whole[:3], file.tensors[joined].shape[3] - 8))]
    lengths = file.constant(np.array([file.tensors[cut].shape[3] for cut in cuts], np.int32))
    axis = file.constant(np.array(3, np.int32))
    file.operator("SPLIT_V", [conv(joined, file.tensors[joined].shape[3], 1), lengths, axis],
                  cuts, 2, numSplits=2)  # fmt: skip
    return file.data(outputs=[joined, *(conv(cut, 4, 1) for cut in cuts)])


CASES = {
    "concatenation of branches": branches,
    "concatenation of blocks": blocks,
    "concatenation of branches without a clamp": partial(branches, width=8, relu=False),
    "concatenation with constants": with_constants,
    "concatenation with nothing": partial(with_constants, ((1, 3, 2), (1, 3, 0), (1, 3, 4)), (1,)),
    "concatenation with a constant between": partial(with_constants, known=(1,)),
    "concatenation with int32 constants": partial(with_constants, dtype="int32"),
    "concatenation": concatenation,
    "concatenation of rows": partial(concatenation, shapes=((1, 3, 4), (1, 2, 4)), axis=1),
    "concatenation of columns": partial(
        concatenation, shapes=((1, 3, 2, 5), (1, 3, 1, 5), (1, 3, 4, 5)), axis=-2
    ),
    "concatenation of one": partial(concatenation, shapes=((1, 6),), axis=1),
    "concatenation of ten": partial(
        concatenation, shapes=tuple((1, 2, size) for size in range(1, 11)), axis=2
    ),
    "concatenation with itself": partial(concatenation, twice=True),
    "concatenation of int16": partial(concatenation, dtype="int16"),
    "concatenation of floats": partial(concatenation, dtype="float32"),
}


def _random_concatenation(seed):
    source = np.random.default_rng(seed)
    shape = [1, *source.integers(1, 6, source.integers(1, 4)).tolist()]
    axis = int(source.integers(1, len(shape)))
    shapes = []
    for _ in range(source.integers(1, 6)):
        shape[axis] = int(source.integers(1, 6))
        shapes.append(tuple(shape))
    return concatenation(
        shapes=tuple(shapes),
        axis=axis,
        dtype=str(source.choice(["int8", "int16"])),
        twice=bool(source.integers(2)),
    )


RANDOM = {"concatenation": _random_concatenation}
