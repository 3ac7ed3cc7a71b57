"""SPLIT."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile


def split(shape=(1, 3, 4, 6), count=3, axis=3, dtype="int8", inner=False):
    """The parts are outputs of the model; `inner`: the first is pooled before."""
    file = Flatfile()
    zero = -7 if dtype == "int8" else 0
    start = file.activation(shape, 0.05, zero, dtype)
    part = list(shape)
    part[axis] //= count
    parts = [file.activation(part, 0.05, zero, dtype, f"part{i}") for i in range(count)]
    place = file.constant(np.array(axis, np.int32))
    file.operator("SPLIT", [place, start], parts, 2, numSplits=count)
    if not inner:
        return file.data(outputs=parts)
    window = {"strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2}
    pooled = file.activation(part, 0.05, zero)
    file.operator("MAX_POOL_2D", [parts[0]], [pooled], 2, padding=0, **window)
    return file.data(outputs=[pooled, *parts[1:]])


CASES = {
    "split": split,
    "split rows": partial(split, shape=(1, 8, 3), count=4, axis=1),
    "split columns": partial(split, shape=(1, 2, 6, 5), count=2, axis=-2),
    "split into one": partial(split, shape=(1, 6), count=1, axis=1),
    "split and pool": partial(split, inner=True),
    "split int16": partial(split, dtype="int16"),
    "split floats": partial(split, dtype="float32"),
}


def _random_split(seed):
    source = np.random.default_rng(seed)
    shape = [1, *source.integers(1, 6, source.integers(1, 4)).tolist()]
    axis, count = int(source.integers(1, len(shape))), int(source.integers(1, 5))
    shape[axis] *= count
    return split(
        shape=tuple(shape), count=count, axis=axis, dtype=str(source.choice(["int8", "int16"]))
    )


RANDOM = {"split": _random_split}
