"""Operators with one input that only move elements: views, and those that copy by strides."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import VALID, Flatfile


def move(kind, shape, out, constants=(), *, dtype="int8", version=1, **options):
    """An operator on the model's input; the constants are its other inputs."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    inputs = [start, *(file.constant(np.array(values, np.int32)) for values in constants)]
    output = file.activation(out, 0.05, zero, dtype)
    file.operator(kind, inputs, [output], version, **options)
    return file.data()


def moved_twice(kind, constants=(), **options):
    """Twice the same operator; its outputs have a scale and a zero point of their own."""
    file = Flatfile()
    start, middle, end = (
        file.activation((1, 4, 4, 2), scale, zero)
        for scale, zero in ((0.05, -7), (0.05, -7), (0.02, 30))
    )
    inputs = [file.constant(np.array(values, np.int32)) for values in constants]
    file.operator(kind, [start, *inputs], [middle], **options)
    file.operator(kind, [middle, *inputs], [end], **options)
    output = file.activation((1, 4, 4, 2), 0.03, -128)
    file.operator("RELU", [end], [output], 2)
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


def mirrored(amounts=((0, 0), (1, 2), (3, 0), (0, 0)), shape=(1, 3, 4, 2), mode=0, dtype="int8"):
    """MIRROR_PAD."""
    out = [length + sum(pair) for length, pair in zip(shape, amounts, strict=True)]
    return move("MIRROR_PAD", shape, out, [amounts], dtype=dtype, mode=mode)


def depth_to_space(shape=(1, 3, 2, 8), block=2, dtype="int8"):
    """DEPTH_TO_SPACE."""
    batch, height, width, channels = shape
    out = (batch, height * block, width * block, channels // block**2)
    return move("DEPTH_TO_SPACE", shape, out, dtype=dtype, version=2, blockSize=block)


def space_to_depth(shape=(1, 6, 4, 3), block=2, dtype="int8"):
    """SPACE_TO_DEPTH."""
    batch, height, width, channels = shape
    out = (batch, height // block, width // block, channels * block**2)
    return move("SPACE_TO_DEPTH", shape, out, dtype=dtype, version=2, blockSize=block)


def reverse(shape=(1, 3, 4, 2), axes=(2,), dtype="int8"):
    """REVERSE_V2."""
    return move("REVERSE_V2", shape, shape, [list(axes)], dtype=dtype, version=3)


def broadcast(shape=(1, 3, 1, 2), out=(2, 3, 4, 2), dtype="int8"):
    """BROADCAST_TO."""
    return move("BROADCAST_TO", shape, out, [out], dtype=dtype, version=3)


def split_v(shape=(1, 3, 7, 2), lengths=(2, 4, 1), axis=2, dtype="int8"):
    """SPLIT_V; the parts are outputs of the model. A length of -1 is what is left."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    rest = shape[axis] - sum(lengths) - 1
    parts = []
    for at, length in enumerate(lengths):
        part = [*shape[:axis], rest if length == -1 else length, *shape[axis:][1:]]
        parts.append(file.activation(part, 0.05, zero, dtype, f"part{at}"))
    sizes = file.constant(np.array(lengths, np.int32))
    place = file.constant(np.array(axis, np.int32))
    file.operator("SPLIT_V", [start, sizes, place], parts, 2, numSplits=len(parts))
    return file.data(outputs=parts)


def _scalar(file, value, dtype, zero):
    number = file.constant(np.array(value, dtype), [0.05], [zero])
    file.tensors[number].shape = []
    return number


def fill(out=(2, 3), dtype="int8", value=None):
    """FILL with an input of the model, or with a value."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    shape = file.constant(np.array(out, np.int32))
    start = file.activation((), 0.05, zero, dtype)
    number = start if value is None else _scalar(file, value, dtype, zero)
    output = file.activation(out, 0.05, zero, dtype)
    file.operator("FILL", [shape, number], [output], 1)
    return file.data(inputs=(start,))


def blocks(kind, shape, block, border, dtype="int8", zero=0):
    """SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""
    file = Flatfile()
    start = file.activation(shape, 0.05, zero, dtype)
    constants = [file.constant(np.array(values, np.int32)) for values in (block, border)]
    count, axes = int(np.prod(block)), range(len(block))
    if kind == "SPACE_TO_BATCH_ND":
        sizes = [(shape[1 + axis] + sum(border[axis])) // block[axis] for axis in axes]
        out = (shape[0] * count, *sizes, shape[-1])
    else:
        sizes = [shape[1 + axis] * block[axis] - sum(border[axis]) for axis in axes]
        out = (shape[0] // count, *sizes, shape[-1])
    output = file.activation(out, 0.05, zero, dtype)
    file.operator(kind, [start, *constants], [output], 2)
    return file.data()


def dilated(shape=(1, 8, 6, 3), block=(2, 3), crop=((0, 0), (0, 0)), stride=1):
    """A convolution between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, of an image or a sequence."""
    file = Flatfile()
    parts = (shape[0] * int(np.prod(block)), *np.floor_divide(shape[1:-1], block), shape[-1])
    flat, filters = len(shape) == 3, 4
    image = (parts[0], 1, *parts[1:]) if flat else parts
    taps = [1, 2] if flat else [2, 2]
    places = [(n - k) // stride + 1 for n, k in zip(image[1:3], taps, strict=True)]
    made = (parts[0], *places, filters)
    sizes = [n * b - sum(c) for n, b, c in zip(places[flat:], block, crop, strict=True)]
    start, split = file.activation(shape, 0.05, -7), file.activation(parts, 0.05, -7)
    seen = file.activation(image, 0.05, -7) if flat else split
    found = file.activation(made, 0.1, 3)
    rows = file.activation((parts[0], *places[1:], filters), 0.1, 3) if flat else found
    output = file.activation((shape[0], *sizes, filters), 0.1, 3)
    values = np.random.default_rng(0).integers(-127, 128, (filters, *taps, shape[-1]))
    weight = file.constant(values.astype(np.int8), [0.01])
    bias = file.constant(np.arange(-500, 500, 250).astype(np.int32), [0.0005])
    numbers = [
        file.constant(np.array(each, np.int32)) for each in (block, np.zeros_like(crop), crop)
    ]
    steps = {"strideH": stride, "strideW": stride, "dilationHFactor": 1, "dilationWFactor": 1}
    file.operator("SPACE_TO_BATCH_ND", [start, *numbers[:2]], [split], 2)
    if flat:
        file.operator("EXPAND_DIMS", [split, file.constant(np.array(1, np.int32))], [seen])
    file.operator("CONV_2D", [seen, weight, bias], [found], 3, padding=VALID, **steps)
    if flat:
        file.operator("RESHAPE", [found], [rows])
    file.operator("BATCH_TO_SPACE_ND", [rows, numbers[0], numbers[2]], [output], 2)
    return file.data()


to_batch = partial(blocks, "SPACE_TO_BATCH_ND")
to_space = partial(blocks, "BATCH_TO_SPACE_ND")

CASES = {
    "transposes to another scale": partial(moved_twice, "TRANSPOSE", [[0, 2, 1, 3]]),
    "reverse to another scale": partial(moved_twice, "REVERSE_V2", [[2]]),
    "reshape to another scale": partial(moved_twice, "RESHAPE", newShape=[1, 4, 4, 2]),
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
    "mirror pad": mirrored,
    "mirror pad symmetric": partial(mirrored, mode=1),
    "mirror pad of all axes": partial(mirrored, ((1, 1), (1, 0), (0, 3), (1, 1)), (2, 3, 4, 2)),
    "mirror pad of channels": partial(mirrored, ((0, 0), (2, 4)), (3, 4), mode=1),
    "mirror pad of floats": partial(mirrored, ((2, 1),), (5,), dtype="float32"),
    "depth to space": depth_to_space,
    "depth to space of three": partial(depth_to_space, (2, 2, 3, 18), 3),
    "depth to space of one": partial(depth_to_space, (1, 2, 3, 5), 1),
    "depth to space of floats": partial(depth_to_space, dtype="float32"),
    "space to depth": space_to_depth,
    "space to depth of three": partial(space_to_depth, (2, 6, 3, 2), 3),
    "space to depth of floats": partial(space_to_depth, (1, 4, 4, 1), dtype="float32"),
    "reverse": reverse,
    "reverse all": partial(reverse, (2, 3, 4), (0, 1, -1), "int16"),
    "reverse channels": partial(reverse, (2, 3, 5), (-1,), "float32"),
    "reverse rows of int32": partial(reverse, (1, 4, 3), (1,), "int32"),
    "reverse bools": partial(reverse, (6, 2), (0,), "bool"),
    "reverse int64": partial(reverse, (2, 2, 3), (1, 2), "int64"),
    "broadcast to": broadcast,
    "broadcast to more dimensions": partial(broadcast, (3,), (2, 1, 4, 3), "int16"),
    "broadcast to itself": partial(broadcast, (2, 3), (2, 3), "float32"),
    "broadcast from one": partial(broadcast, (1, 1), (4, 5), "int32"),
    "broadcast to five": partial(broadcast, (2, 1, 3, 1, 2), (2, 2, 3, 3, 2), "bool"),
    "split v": split_v,
    "split v of rows": partial(split_v, (1, 6, 3), (1, -1, 2), 1, "int16"),
    "split v of channels": partial(split_v, (1, 2, 2, 5), (4, 1), 3, "int32"),
    "split v into one": partial(split_v, (2, 3), (3,), 1, "float32"),
    "fill": fill,
    "fill of int32": partial(fill, (1, 2, 2, 3), "int32"),
    "fill of floats": partial(fill, (5,), "float32"),
    "space to batch": partial(to_batch, (1, 4, 6, 3), (2, 2), ((0, 0), (0, 0)), zero=-7),
    "space to batch of images": partial(to_batch, (2, 6, 4, 2), (3, 2), ((0, 0), (0, 0))),
    "space to batch of floats": partial(
        to_batch, (2, 4, 3, 2), (2, 1), ((0, 0), (0, 0)), "float32"
    ),
    "space to batch of a sequence": partial(to_batch, (2, 6, 3), (3,), ((0, 0),)),
    "dilation by blocks": dilated,
    "dilation by blocks of a sequence": partial(dilated, (1, 12, 3), (3,), ((0, 0),)),
    "dilation by blocks cropped": partial(dilated, crop=((1, 0), (0, 2))),
    "dilation by blocks with a stride": partial(dilated, (1, 8, 9, 3), stride=2),
    "batch to space": partial(to_space, (4, 2, 3, 2), (2, 2), ((0, 0), (0, 0)), zero=-7),
    "batch to space cropped": partial(to_space, (12, 3, 2, 2), (3, 2), ((1, 2), (0, 1))),
    "batch to space of floats": partial(
        to_space, (2, 3, 1, 2), (1, 2), ((0, 1), (1, 0)), "float32"
    ),
    "batch to space of a sequence": partial(to_space, (6, 2, 3), (3,), ((1, 0),)),
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


def _random_mirror(seed):
    source = np.random.default_rng(seed)
    shape, mode = _random_shape(source), int(source.integers(2))
    most = [length - (0 if mode else 1) for length in shape]
    amounts = [source.integers(0, length + 1, 2).tolist() for length in most]
    return mirrored(amounts, shape, mode, str(source.choice(["int8", "float32"])))


def _random_reverse(seed):
    source = np.random.default_rng(seed)
    shape = _random_shape(source)
    first = int(source.integers(len(shape)))
    axes = range(first, int(source.integers(first, len(shape))) + 1)
    return reverse(shape, list(axes), str(source.choice(["int8", "int16", "float32"])))


def _random_broadcast(seed):
    source = np.random.default_rng(seed)
    out = _random_shape(source)
    kept = int(source.integers(1, len(out) + 1))
    shape = [length if source.random() < 0.5 else 1 for length in out[-kept:]]
    return broadcast(shape, out, str(source.choice(["int8", "int16", "int64"])))


MOVES = (
    _random_transpose,
    _random_slice,
    _random_pad,
    _random_mirror,
    _random_reverse,
    _random_broadcast,
)
"""They take turns: one family is one library to compile"""

RANDOM = {"moves": lambda seed: MOVES[seed % len(MOVES)](seed)}
