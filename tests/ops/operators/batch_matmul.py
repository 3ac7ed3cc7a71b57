"""BATCH_MATMUL."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, Flatfile

FIRST = {"int8": (0.05, 3), "int16": (0.0002, 0), "float32": (1.0, 0)}
SECOND = {"int8": (0.03, -7), "int16": (0.0003, 0), "float32": (1.0, 0)}
OUTPUT = {"int8": (0.6, 11), "int16": (0.002, 0), "float32": (1.0, 0)}


def matmul(left=(2, 3, 5), right=(2, 5, 4), *, dtype="int8", constant="", flags=(False, False)):
    """A product of two inputs, or of one and a constant; `flags`: both sides transposed or not."""
    file = Flatfile()
    quants = (FIRST[dtype], SECOND[dtype])
    sides, feeds = [], []
    for name, shape, quant in zip(("left", "right"), (left, right), quants, strict=True):
        if name == constant:
            source = np.random.default_rng(3)
            values = source.normal(0, 0.5, shape) if dtype == "float32" else None
            limit = 128 if dtype == "int8" else 2**15
            values = source.integers(-limit, limit, shape) if values is None else values
            sides.append(file.constant(values.astype(dtype), [quant[0]], [quant[1]]))
        else:
            sides.append(file.activation(shape, *quant, dtype))
            feeds.append(sides[-1])
    rows = left[-1] if flags[0] else left[-2]
    columns = right[-2] if flags[1] else right[-1]
    front = np.broadcast_shapes(left[:-2], right[:-2])
    output = file.activation((*front, rows, columns), *OUTPUT[dtype], dtype)
    options = {"adjX": flags[0], "adjY": flags[1]}
    file.operator("BATCH_MATMUL", sides, [output], 1, **options)
    return file.data(inputs=feeds)


def dense_product(shape=(3, 5), dtype="int8", bias=False, activation=NONE, rows=None):
    """FULLY_CONNECTED whose weights are an input: a product of two activations.

    `rows`: shape of the output in front of the channels; the input's own by default.
    """
    file = Flatfile()
    left = file.activation(shape, *FIRST[dtype], dtype)
    right = file.activation((4, shape[-1]), *SECOND[dtype], dtype)
    output = file.activation((*(rows or shape[:-1]), 4), *OUTPUT[dtype], dtype)
    values = np.array([-700, 300, 0, 5000])
    real = dtype == "float32"
    given = file.constant(
        (values / 1000).astype(np.float32) if real else values.astype(np.int32),
        None if real else [0.0015],
    )
    inputs = [left, right, given if bias else -1]
    keep = len(rows or shape[:-1]) > 1
    options = {"keepNumDims": keep, "fusedActivationFunction": activation}
    file.operator("FULLY_CONNECTED", inputs, [output], 5, **options)
    return file.data(inputs=[left, right])


def dense_with_zero(zero=3, reach=120, dtype="int8", scales=1):
    """FULLY_CONNECTED whose weights have a zero point; `reach`: their largest size."""
    file = Flatfile()
    source = np.random.default_rng(0)
    left = file.activation((2, 1, 7), *FIRST[dtype], dtype)
    values = source.integers(-reach, reach + 1, (4, 7)).astype(np.int8)
    weight = file.constant(values, [0.01 * (1 + at) for at in range(scales)], [zero] * scales)
    bias = np.array([-700, 300, 0, 5000]).astype(np.int32 if dtype == "int8" else np.int64)
    given = file.constant(bias, [FIRST[dtype][0] * 0.01 * (1 + at) for at in range(scales)])
    output = file.activation((2, 4), *(OUTPUT[dtype]), dtype)
    options = {"fusedActivationFunction": RELU, "keepNumDims": False}
    file.operator("FULLY_CONNECTED", [left, weight, given], [output], 4, **options)
    return file.data()


CASES = {
    "dense product": dense_product,
    "dense product, bias": partial(dense_product, bias=True, activation=RELU),
    "dense product, bias, rows": partial(dense_product, (2, 3, 6), rows=(6,), activation=RELU6),
    "dense product of floats, bias": partial(
        dense_product, dtype="float32", bias=True, activation=RELU
    ),
    "dense weights with a zero point": dense_with_zero,
    "dense weights with a far zero point": partial(dense_with_zero, -100),
    "dense int16 weights with a zero point": partial(dense_with_zero, dtype="int16"),
    "dense weights with a zero point each": partial(dense_with_zero, scales=4),
    "dense product of rows": partial(dense_product, (1, 3, 6)),
    "dense product of floats": partial(dense_product, dtype="float32"),
    "matmul": matmul,
    "matmul constant": partial(matmul, constant="right"),
    "matmul constant first": partial(matmul, constant="left", flags=(False, True), right=(2, 4, 5)),
    "matmul transposed": partial(matmul, left=(5, 3), right=(4, 5), flags=(True, True)),
    "matmul transposed left": partial(matmul, left=(2, 5, 3), flags=(True, False)),
    "matmul broadcast": partial(matmul, left=(2, 1, 3, 5), right=(3, 5, 4)),
    "matmul of five": partial(matmul, left=(1, 2, 2, 3, 5), right=(2, 1, 1, 5, 2)),
    "matmul int16": partial(matmul, dtype="int16"),
    "matmul int16 constant": partial(matmul, dtype="int16", constant="right", right=(5, 4)),
    "matmul float": partial(matmul, dtype="float32"),
    "matmul float constant": partial(
        matmul, dtype="float32", constant="right", right=(1, 4, 5), flags=(False, True)
    ),
}


def _random_matmul(seed):
    source = np.random.default_rng(seed)
    rows, depth, columns = (int(n) for n in source.integers(1, 7, 3))
    flags = tuple(bool(n) for n in source.integers(0, 2, 2))
    fronts = ((), (2,), (1, 2), (3, 1))
    one, other = (fronts[n] for n in source.integers(0, 4, 2))
    return matmul(
        (*one, *((depth, rows) if flags[0] else (rows, depth))),
        (*other, *((columns, depth) if flags[1] else (depth, columns))),
        dtype=str(source.choice(["int8", "int8", "int16", "float32"])),
        constant=str(source.choice(["", "left", "right"])),
        flags=flags,
    )


RANDOM = {"matmul": _random_matmul}
