"""CUMSUM."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile


def cumsum(shape=(1, 4, 3), axis=1, *, dtype="int8", zeros=(3, -5), scales=(0.05, 0.17), **options):
    """Running sums."""
    file = Flatfile()
    zeros = zeros if dtype == "int8" else (0, 0)
    start = file.activation(shape, scales[0], zeros[0], dtype)
    place = file.constant(np.array([axis], np.int32))
    output = file.activation(shape, scales[1], zeros[1], dtype)
    file.operator("CUMSUM", [start, place], [output], 1, **options)
    return file.data()


CASES = {
    "cumsum": cumsum,
    "cumsum of columns": partial(cumsum, (2, 3, 5), -1, zeros=(-128, 50)),
    "cumsum backwards": partial(cumsum, (2, 3, 5), 2, reverse=True, zeros=(0, 0)),
    "cumsum exclusive": partial(cumsum, (5, 3), 0, exclusive=True, scales=(0.05, 0.05)),
    "cumsum of both": partial(cumsum, (2, 6), 1, exclusive=True, reverse=True),
    "cumsum up": partial(cumsum, (2, 3), 1, scales=(0.9, 0.002)),
    "cumsum of floats": partial(cumsum, (2, 7, 3), 1, dtype="float32"),
    "cumsum of floats backwards": partial(
        cumsum, (2, 7), 1, dtype="float32", exclusive=True, reverse=True
    ),
}


def _random_cumsum(seed):
    source = np.random.default_rng(seed)
    shape = tuple(source.integers(1, 7, source.integers(1, 4)).tolist())
    return cumsum(
        shape,
        int(source.integers(len(shape))),
        dtype=str(source.choice(["int8", "int8", "float32"])),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        scales=tuple(np.exp(source.uniform(-4, 0, 2)).tolist()),
        exclusive=bool(source.integers(2)),
        reverse=bool(source.integers(2)),
    )


RANDOM = {"cumsum": _random_cumsum}
