"""SOFTMAX of other types than int8, and of many elements."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile

OUTPUTS = {"int8": (1 / 256, -128), "int16": (1 / 32768, 0), "int8 int16": (1 / 65536, -32768)}


def softmax(shape=(3, 7), types="int8", scale=0.1, zero=4, beta=1.0):
    """SOFTMAX over the last axis; `types`: of input and output, or of both."""
    source, target = (types.split() * 2)[:2]
    file = Flatfile()
    start = file.activation(shape, scale, zero, source)
    output = file.activation(shape, *OUTPUTS.get(types, (1.0, 0)), target)
    for index in (start, output) if source == "float32" else ():
        file.tensors[index].quantization = None
    file.operator("SOFTMAX", [start], [output], 2, beta=beta)
    return file.data()


def then(kind, zero=0, scale=0.001, dtype="int32"):
    """SOFTMAX to int16, whose zero point is -32768, and what takes that."""
    file = Flatfile()
    start = file.activation((2, 9), 0.2, 4)
    middle = file.activation((2, 9), *OUTPUTS["int8 int16"], "int16")
    output = file.activation((2, 9), scale, zero, dtype)
    file.operator("SOFTMAX", [start], [middle], 2, beta=1.0)
    file.operator(kind, [middle], [output], 1)
    return file.data()


wide = partial(softmax, types="int16", scale=0.0003, zero=0)

CASES = {
    "softmax int8 to int16": partial(softmax, types="int8 int16"),
    "softmax int8 to int16 flat": partial(softmax, types="int8 int16", scale=0.002, shape=(1, 60)),
    "softmax int8 to int16 of two": partial(softmax, types="int8 int16", shape=(5, 2), scale=0.7),
    "softmax to int16 and int32": partial(then, "QUANTIZE"),
    "softmax to int16 and int8": partial(then, "QUANTIZE", 11, 0.004, "int8"),
    "softmax to int16 and float": partial(then, "DEQUANTIZE", dtype="float32"),
    "softmax int16": wide,
    "softmax int16 steep": partial(wide, scale=0.02, shape=(2, 3, 5)),
    "softmax int16 flat": partial(wide, scale=1e-6, shape=(1, 40)),
    "softmax int16 beta": partial(wide, beta=0.4, shape=(1, 9)),
    "softmax float": partial(softmax, types="float32"),
    "softmax float beta": partial(softmax, types="float32", beta=2.5, shape=(1, 40)),
}


def _random_wide(seed):
    source = np.random.default_rng(seed)
    return softmax(
        (int(source.integers(1, 4)), int(source.integers(1, 60))),
        str(source.choice(["int16", "int8 int16"])),
        float(np.exp(source.uniform(-10, -3))),
        0,
        float(source.uniform(0.2, 2.0)),
    )


RANDOM = {"softmax wide": _random_wide}
