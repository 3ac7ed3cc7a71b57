"""Random graphs that join, cut and move values: what shares storage in the planner's layout.

All values have one quantisation, so any may stand beside any. A graph has several outputs: all that
nobody reads, and some that somebody does.
"""

from __future__ import annotations

import numpy as np

from tests.ops.flatfile import NONE, SAME

STEPS = 9
"""Operators of the largest graph, but for those that bring a value to another's shape"""
MOST = 6_000
"""Elements of a value"""
ONES = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def moving(g):
    """A graph of joins, cuts, moves and convolutions; returns its outputs."""
    g.fixed = g.quant()
    channels = g.pick(4, 8, 16, 16, g.between(1, 9))
    width = g.pick(4, 8, g.between(1, 9))
    values = [g.value((1, g.between(1, 8), width, channels))]
    read = set()
    for _ in range(g.between(2, STEPS)):
        x = values[-1] if g.chance(0.6) else g.pick(*values)
        made = g.pick(*KINDS)(g, x)
        if made:
            values += made
            read.add(x.index)
    last = values[-1].index
    outputs = [v.index for v in values[1:] if v.index not in read or v.index == last]
    kept = [v.index for v in values[1:] if v.index in read and g.chance(0.15)]
    return list(dict.fromkeys(outputs + kept)) or None


def same(g, x, shape=None):
    """A new value, with the quantisation of all."""
    return g.value(x.shape if shape is None else shape)


def moved(g, kind, x, shape, constants=(), version=1, **options):
    """An operator whose other inputs are constants; nothing where the output is too large."""
    if np.prod(shape) > MOST or min(shape) < 1:
        return []
    output = same(g, x, shape)
    inputs = [x.index, *(g.file.constant(np.array(c, np.int32)) for c in constants)]
    g.file.operator(kind, inputs, [output.index], version, **options)
    return [output]


def with_length(x, axis, length):
    """The shape with another length along an axis."""
    return (*x.shape[:axis], length, *x.shape[axis + 1 :])


def _join(g, x):
    """CONCATENATION of the value, of what is computed from it, and perhaps of itself again."""
    axis, count = g.pick(1, 1, 2, 3, 3), g.between(1, 3)
    parts = [x] + [_beside(g, x, axis) for _ in range(count)]
    if g.chance(0.5):
        parts = parts[1:]
    if g.chance(0.3):
        parts += _slice(g, x, axis)
    if g.chance(0.15):
        parts.append(g.pick(*parts))
    shape = with_length(x, axis, sum(part.shape[axis] for part in parts))
    if np.prod(shape) > MOST:
        return parts[1:]
    output = same(g, x, shape)
    inputs = [part.index for part in parts]
    g.file.operator(
        "CONCATENATION", inputs, [output.index], 2, axis=axis, fusedActivationFunction=NONE
    )
    return [output]


def _beside(g, x, axis):
    """A value of the same size, but for the channels where they are joined."""
    if g.chance(0.3):
        return (_pool(g, x) or [x])[0]
    return g.conv(x, g.pick(4, 8, x.shape[3]) if axis == 3 else x.shape[3], activation=NONE)


def _split(g, x):
    """SPLIT_V into up to three parts."""
    axis = g.pick(1, 1, 1, 2, 3)
    length = x.shape[axis]
    cuts = sorted({0, length, *(g.between(0, length) for _ in range(2))})
    lengths = np.diff(cuts).tolist()
    parts = [same(g, x, with_length(x, axis, size)) for size in lengths]
    inputs = [x.index, g.file.constant(np.array(lengths, np.int32))]
    inputs.append(g.file.constant(np.array(axis, np.int32)))
    g.file.operator("SPLIT_V", inputs, [p.index for p in parts], 2, numSplits=len(parts))
    return parts


def _slice(g, x, axis=None):
    """SLICE along one axis."""
    axis = axis or g.pick(1, 1, 2, 3)
    first = g.between(0, x.shape[axis] - 1)
    begin = [first if at == axis else 0 for at in range(4)]
    shape = with_length(x, axis, g.between(1, x.shape[axis] - first))
    return moved(g, "SLICE", x, shape, [begin, shape], 2)


def _transpose(g, x):
    order = [0, *(g.source.permutation(3) + 1).tolist()]
    return moved(g, "TRANSPOSE", x, [x.shape[axis] for axis in order], [order], 2)


def _reshape(g, x):
    _, height, width, channels = x.shape
    shape = g.pick((1, width, height, channels), (1, 1, height * width, channels))
    return moved(g, "RESHAPE", x, shape, [shape])


def _pad(g, x):
    amounts = [[0, 0], *(g.source.integers(0, 3, (3, 2)) * g.source.integers(0, 2)).tolist()]
    shape = [n + sum(pair) for n, pair in zip(x.shape, amounts, strict=True)]
    return moved(g, "PAD", x, shape, [amounts], 2)


def _mirror(g, x):
    amounts = [[0, 0], *([g.between(0, n - 1), g.between(0, n - 1)] for n in x.shape[1:])]
    shape = [n + sum(pair) for n, pair in zip(x.shape, amounts, strict=True)]
    return moved(g, "MIRROR_PAD", x, shape, [amounts], 1, mode=0)


def _resize(g, x):
    size = (g.between(1, 2 * x.shape[1]), g.between(1, 2 * x.shape[2]))
    kind = g.pick("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")
    flags = {"alignCorners": g.chance(0.3), "halfPixelCenters": False}
    return moved(g, kind, x, (1, *size, x.shape[3]), [size], 3, **flags)


def _blocks(g, x):
    _, height, width, channels = x.shape
    if channels % 4 == 0 and g.chance(0.5):
        shape = (1, 2 * height, 2 * width, channels // 4)
        return moved(g, "DEPTH_TO_SPACE", x, shape, version=2, blockSize=2)
    if height % 2 == width % 2 == 0:
        shape = (1, height // 2, width // 2, 4 * channels)
        return moved(g, "SPACE_TO_DEPTH", x, shape, version=2, blockSize=2)
    return []


def _reverse(g, x):
    return moved(g, "REVERSE_V2", x, x.shape, [[g.pick(1, 2, 3)]], 3)


def _gather(g, x):
    axis = g.pick(1, 2, 3)
    picks = g.source.integers(0, x.shape[axis], g.between(1, 6))
    return moved(g, "GATHER", x, with_length(x, axis, len(picks)), [picks], axis=axis)


def _conv(g, x):
    return [g.conv(x, g.pick(x.shape[3], 4, 8), activation=NONE)]


def _pool(g, x):
    window = {"strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2}
    options = {"padding": SAME, "fusedActivationFunction": NONE} | window
    return moved(g, "MAX_POOL_2D", x, x.shape, version=2, **options)


def _add(g, x):
    return [g.add(x, g.conv(x, x.shape[3]), NONE)]


KINDS = (
    *(_join, _join, _join, _join, _split, _split, _split, _slice, _slice, _conv, _conv, _add, _add),
    *(_transpose, _reshape, _pad, _mirror, _resize, _blocks, _reverse, _gather, _pool),
)
"""Functions of a graph and a value that give new values, none where they cannot"""
