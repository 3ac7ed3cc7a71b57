"""Operators with one input that only move elements: views, and those that copy by strides."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile


def move(kind, shape, out, constants=(), *, dtype="int8", version=1, **options):
    """An operator on the model's input; the constants are its other inputs."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    inputs = [start, *(file.constant(np.array(values, np.int32)) for values in constants)]
    output = file.activation(out, 0.05, zero, dtype)
    file.operator(kind, inputs, [output], version, **options)
    return file.data()


def transpose(shape=(1, 3, 4, 5), order=(0, 3, 1, 2), dtype="int8"):
    """TRANSPOSE."""
    return move("TRANSPOSE", shape, [shape[axis] for axis in order], [order], dtype=dtype)


def cut(shape=(1, 5, 6, 3), begin=(0, 1, 2, 0), size=(1, 3, -1, 3), dtype="int8"):
    """SLICE; a size of -1 is all that is left."""
    out = [
        length - first if count == -1 else count
        for length, first, count in zip(shape, begin, size, strict=True)
    ]
    return move("SLICE", shape, out, [begin, size], dtype=dtype)


def padded(amounts=((0, 0), (1, 2), (0, 3), (2, 1)), shape=(1, 3, 4, 2), dtype="int8", value=None):
    """PAD; PADV2 where a value is given."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    inputs = [start, file.constant(np.array(amounts, np.int32))]
    if value is not None:
        inputs.append(file.constant(np.array([value], dtype), [0.05], [zero]))
    out = [length + sum(pair) for length, pair in zip(shape, amounts, strict=True)]
    output = file.activation(out, 0.05, zero, dtype)
    file.operator("PAD" if value is None else "PADV2", inputs, [output], 2)
    return file.data()


CASES = {
    "expand dims": partial(move, "EXPAND_DIMS", (1, 5, 3), (1, 1, 5, 3), [1]),
    "expand dims last": partial(move, "EXPAND_DIMS", (2, 5), (2, 5, 1), [[-1]], dtype="int16"),
    "squeeze": partial(move, "SQUEEZE", (1, 1, 5, 1, 3), (1, 5, 3), squeezeDims=[1, -2]),
    "squeeze all": partial(move, "SQUEEZE", (1, 4, 1, 3), (4, 3), dtype="int32", squeezeDims=[]),
    "transpose": transpose,
    "transpose of a matrix": partial(transpose, (7, 9), (1, 0)),
    "transpose to channels last": partial(transpose, (1, 3, 4, 5), (0, 2, 3, 1), dtype="int16"),
    "transpose of floats": partial(transpose, (2, 3, 4), (2, 0, 1), dtype="float32"),
    "transpose of runs": partial(transpose, (2, 3, 4, 6), (1, 0, 2, 3)),
    "transpose backwards": partial(transpose, (2, 3, 2, 3, 2), (4, 3, 2, 1, 0)),
    "transpose of nothing": partial(transpose, (1, 6, 1), (2, 1, 0)),
    "slice": cut,
    "slice of rows": partial(cut, (6, 5), (2, 0), (3, 5)),
    "slice of all": partial(cut, (2, 5), (0, 0), (-1, -1), dtype="int32"),
    "slice of corners": partial(cut, (2, 3, 4, 3, 2), (1, 1, 2, 0, 1), (1, 2, 2, 2, 1)),
    "slice of int16": partial(cut, begin=(0, 0, 0, 1), size=(1, 5, 6, 1), dtype="int16"),
    "slice of floats": partial(cut, begin=(0, 4, 5, 0), size=(1, 1, 1, 2), dtype="float32"),
    "slice of bools": partial(cut, dtype="bool"),
    "pad of channels": padded,
    "pad of batches": partial(padded, ((1, 0), (0, 0), (0, 0), (0, 0)), (2, 3, 4, 2)),
    "pad of a sequence": partial(padded, ((0, 0), (3, 0), (0, 0)), (1, 6, 4)),
    "pad of rank five": partial(padded, ((0, 0), (1, 1), (0, 1), (1, 0), (1, 1)), (1, 2, 3, 2, 2)),
    "pad of int16": partial(padded, dtype="int16"),
    "pad of int32": partial(padded, ((2, 1), (0, 3)), (3, 4), dtype="int32"),
    "pad of floats": partial(padded, dtype="float32"),
    "pad with a value": partial(padded, value=100),
    "pad of an image with a value": partial(padded, ((0, 0), (1, 2), (3, 0), (0, 0)), value=-128),
    "pad of floats with a value": partial(padded, dtype="float32", value=-1.25),
    "pad of int16 with a value": partial(padded, ((1, 1), (1, 0)), (2, 3), "int16", -3000),
    "pad of int32 with a value": partial(padded, ((1, 1), (1, 0)), (2, 3), "int32", -300000),
}


def _random_shape(source, most=5):
    return tuple(source.integers(1, 5, source.integers(1, most + 1)).tolist())


def _random_transpose(seed):
    source = np.random.default_rng(seed)
    shape = _random_shape(source)
    order = source.permutation(len(shape)).tolist()
    return transpose(shape, order, str(source.choice(["int8", "int16", "float32"])))


def _random_slice(seed):
    source = np.random.default_rng(seed)
    shape = _random_shape(source)
    begin = [int(source.integers(0, length)) for length in shape]
    pairs = zip(shape, begin, strict=True)
    size = [int(source.choice([-1, source.integers(1, n - at + 1)])) for n, at in pairs]
    return cut(shape, begin, size, str(source.choice(["int8", "int16", "int32", "bool"])))


def _random_pad(seed):
    source = np.random.default_rng(seed)
    shape = _random_shape(source)
    amounts = source.integers(0, 3, (len(shape), 2)) * (source.random((len(shape), 2)) < 0.6)
    dtype = str(source.choice(["int8", "int8", "int16", "int32", "float32"]))
    value = int(source.integers(-128, 128)) if source.random() < 0.5 else None
    return padded(amounts.tolist(), shape, dtype, value)


RANDOM = {"transpose": _random_transpose, "slice": _random_slice, "pad any": _random_pad}
