"""ARG_MAX, ARG_MIN, L2_NORMALIZATION, L2_POOL_2D."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, SAME, VALID, Flatfile


def arg(kind="ARG_MAX", shape=(1, 4, 5, 6), axis=-1, dtype="int8"):
    """Where the extreme along an axis is, as int32."""
    file = Flatfile()
    start = file.activation(shape, 0.05, -3, dtype)
    out = [size for at, size in enumerate(shape) if at != axis % len(shape)]
    output = file.activation(out, dtype="int32")
    file.tensors[output].quantization = None
    place = file.constant(np.array(axis, np.int32))
    file.operator(kind, [start, place], [output], 2, outputType=2)
    return file.data()


def normalise(shape=(1, 3, 20), zero=4, dtype="int8"):
    """L2_NORMALIZATION of the last axis."""
    file = Flatfile()
    start = file.activation(shape, 0.05, zero, dtype)
    output = file.activation(shape, 1 / 128, 0, dtype)
    file.operator("L2_NORMALIZATION", [start], [output], 2)
    return file.data()


def l2_pool(size=(7, 6), window=(3, 2), stride=(2, 2), padding=SAME, activation=NONE):
    """L2_POOL_2D of floats."""
    file = Flatfile()
    out = [
        -(-length // step) if padding == SAME else (length - taps) // step + 1
        for length, taps, step in zip(size, window, stride, strict=True)
    ]
    start = file.activation((1, *size, 3), dtype="float32")
    output = file.activation((1, *out, 3), dtype="float32")
    file.operator(
        "L2_POOL_2D",
        [start],
        [output],
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        filterHeight=window[0],
        filterWidth=window[1],
        fusedActivationFunction=activation,
    )
    return file.data()


CASES = {
    "arg max": arg,
    "arg max of rows": partial(arg, axis=1),
    "arg max of floats": partial(arg, axis=2, dtype="float32"),
    "arg min": partial(arg, "ARG_MIN", axis=-2),
    "arg min of floats": partial(arg, "ARG_MIN", axis=3, dtype="float32"),
    "arg min of one row": partial(arg, "ARG_MIN", shape=(30,), axis=0),
    "l2 normalization": normalise,
    "l2 normalization of one": partial(normalise, shape=(1, 60, 1), zero=-127),
    "l2 normalization of two": partial(normalise, shape=(2, 30, 2), zero=-1),
    "l2 normalization at the end": partial(normalise, shape=(4, 90), zero=127),
    "l2 normalization of many": partial(normalise, shape=(1, 3000), zero=-128),
    "l2 normalization of floats": partial(normalise, dtype="float32"),
    "l2 pool": l2_pool,
    "l2 pool valid relu": partial(l2_pool, padding=VALID, activation=RELU, stride=(1, 2)),
    "l2 pool relu6": partial(l2_pool, window=(1, 1), stride=(1, 1), activation=RELU6),
}


def _random_arg(seed):
    source = np.random.default_rng(seed)
    shape = tuple(source.integers(1, 7, source.integers(1, 5)).tolist())
    kind, dtype = source.choice(["ARG_MAX", "ARG_MIN"]), source.choice(["int8", "float32"])
    return arg(str(kind), shape, int(source.integers(0, len(shape))), str(dtype))


def _random_normalise(seed):
    source = np.random.default_rng(seed)
    return normalise((int(source.integers(1, 9)), int(source.integers(1, 40))), seed * 6 - 120)


RANDOM = {"arg": _random_arg, "l2 normalization": _random_normalise}
