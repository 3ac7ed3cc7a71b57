"""STRIDED_SLICE, PACK and UNPACK."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile

MASKS = ("beginMask", "endMask", "shrinkAxisMask")
TYPES = ("int8", "int16", "float32")


def strided(shape, begin, end, stride, dtype="int8", **masks):
    """STRIDED_SLICE of the model's input; the masks are bits, one an axis."""
    bits = {name: masks.get(name, 0) for name in MASKS}
    index = []
    for axis in range(len(shape)):
        begins, ends, drops = (bits[name] >> axis & 1 for name in MASKS)
        first = None if begins else begin[axis]
        if drops:
            index.append(0 if begins else begin[axis])
        else:
            index.append(slice(first, None if ends else end[axis], stride[axis]))
    out = np.empty(shape)[tuple(index)].shape
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    limits = [file.constant(np.array(values, np.int32)) for values in (begin, end, stride)]
    output = file.activation(out, 0.05, zero, dtype)
    file.operator("STRIDED_SLICE", [start, *limits], [output], 2, **bits)
    return file.data()


def pack(shape=(3, 4), axis=1, count=3, dtype="int8"):
    """PACK of so many inputs of the model."""
    file = Flatfile()
    zero = 5 if dtype == "int8" else 0
    parts = [file.activation(shape, 0.05, zero, dtype, f"part{i}") for i in range(count)]
    out = list(shape)
    out.insert(axis % (len(shape) + 1), count)
    output = file.activation(out, 0.05, zero, dtype)
    file.operator("PACK", parts, [output], 2, axis=axis, valuesCount=count)
    return file.data(inputs=parts)


def unpack(shape=(3, 4, 5), axis=1, dtype="int8"):
    """UNPACK of the model's input; all parts are outputs of the model."""
    file = Flatfile()
    zero = 5 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    out = [size for position, size in enumerate(shape) if position != axis % len(shape)]
    names = [f"part{i}" for i in range(shape[axis])]
    parts = [file.activation(out, 0.05, zero, dtype, name) for name in names]
    file.operator("UNPACK", [start], parts, 2, axis=axis, num=len(parts))
    return file.data()


def open_batch():
    """A RESHAPE as Keras writes it for a free batch: its shape is computed from the input's."""
    file = Flatfile()
    start = file.activation((1, 4, 5, 2), 0.05, 3)
    shape, batch = file.activation((4,), dtype="int32"), file.activation((), dtype="int32")
    target, flat = file.activation((2,), dtype="int32"), file.activation((1, 40), 0.05, 3)
    limits = [file.constant(np.array([number], np.int32)) for number in (0, 1, 1)]
    length = file.constant(np.array(40, np.int32))
    file.operator("SHAPE", [start], [shape], outType=2)
    file.operator("STRIDED_SLICE", [shape, *limits], [batch], shrinkAxisMask=1)
    file.operator("PACK", [batch, length], [target], axis=0, valuesCount=2)
    file.operator("RESHAPE", [start, target], [flat])
    output = file.activation((1, 40), 1 / 256, -128)
    file.operator("SOFTMAX", [flat], [output], 2, beta=1.0)
    return file.data()


IMAGE = (1, 6, 5, 3)

CASES = {
    "open batch": open_batch,
    "strided slice": partial(strided, IMAGE, (0, 1, 0, 0), (1, 6, 5, 2), (1, 2, 2, 1)),
    "strided slice from the end": partial(
        strided, IMAGE, (0, -4, -9, 0), (1, -1, 99, 3), (1, 1, 1, 1)
    ),
    "strided slice backwards": partial(
        strided, IMAGE, (0, 5, 4, 2), (1, 0, 0, 0), (1, -2, -1, -1), endMask=4
    ),
    "strided slice with masks": partial(
        strided, IMAGE, (9, 1, 9, 1), (0, 0, 0, 3), (1, 1, 2, 1), beginMask=5, endMask=7
    ),
    "strided slice of one place": partial(
        strided, IMAGE, (0, 3, -1, 0), (1, 4, 5, 3), (1, 1, 1, 1), shrinkAxisMask=6
    ),
    "strided slice of the newest": partial(
        strided, (1, 5, 1, 7), (0, -4, 0, 0), (0, 0, 0, 0), (1, 1, 1, 1), beginMask=13, endMask=15
    ),
    "strided slice of int16": partial(strided, (4, 9), (1, 8), (4, 0), (2, -3), dtype="int16"),
    "strided slice of int32": partial(strided, (12,), (1,), (12,), (5,), dtype="int32"),
    "strided slice of floats": partial(
        strided, (2, 3, 4), (0, 0, 1), (2, 3, 3), (1, 2, 1), dtype="float32"
    ),
    "strided slice of bools": partial(strided, (4, 9), (0, 0), (4, 9), (3, 2), dtype="bool"),
    "pack": pack,
    "pack in front": partial(pack, axis=0),
    "pack behind": partial(pack, axis=-1, dtype="int16"),
    "pack of one": partial(pack, (6,), 0, 1),
    "pack of floats": partial(pack, (2, 1, 3), 2, 2, "float32"),
    "pack of int32": partial(pack, (5,), 1, 4, "int32"),
    "unpack": unpack,
    "unpack rows": partial(unpack, axis=0, dtype="int16"),
    "unpack columns": partial(unpack, axis=-1),
    "unpack of floats": partial(unpack, (2, 3), 1, "float32"),
    "unpack of int32": partial(unpack, (4, 3), 0, "int32"),
}


def _random_strided(seed):
    source = np.random.default_rng(seed)
    shape = source.integers(1, 8, source.integers(1, 5)).tolist()
    begin, end, stride, dropped = [], [], [], 0
    for axis, length in enumerate(shape):
        first = int(source.integers(0, length))
        step = int(source.choice([1, 1, 2, 3, -1, -2]))
        last = int(source.integers(first + 1, length + 3))
        if step < 0:
            last = int(source.integers(-length - 3, first - length))
        elif len(shape) > 1 and dropped.bit_count() < len(shape) - 1 and source.random() < 0.2:
            dropped |= 1 << axis
            step = 1
        begin.append(first - length if source.random() < 0.3 else first)
        end.append(last)
        stride.append(step)
    return strided(shape, begin, end, stride, str(source.choice(TYPES)), shrinkAxisMask=dropped)


def _random_pack(seed):
    source = np.random.default_rng(seed)
    shape = tuple(source.integers(1, 6, source.integers(1, 4)).tolist())
    axis = int(source.integers(-len(shape) - 1, len(shape) + 1))
    return pack(shape, axis, int(source.integers(1, 5)), str(source.choice(TYPES)))


def _random_unpack(seed):
    source = np.random.default_rng(seed)
    shape = tuple(source.integers(1, 5, source.integers(2, 5)).tolist())
    axis = int(source.integers(-len(shape), len(shape)))
    return unpack(shape, axis, str(source.choice(TYPES)))


RANDOM = {"strided slice": _random_strided, "pack": _random_pack, "unpack": _random_unpack}
