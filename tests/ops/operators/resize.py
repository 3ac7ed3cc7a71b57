"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.operators.moves import move


def resize(kind, shape=(1, 4, 3, 2), size=(8, 6), *, dtype="int8", corners=False, centres=False):
    """An image of another height and width."""
    flags = {"alignCorners": corners, "halfPixelCenters": centres}
    out = (shape[0], *size, shape[3])
    return move(kind, shape, out, [size], dtype=dtype, version=3, **flags)


nearest = partial(resize, "RESIZE_NEAREST_NEIGHBOR")
bilinear = partial(resize, "RESIZE_BILINEAR")

CASES = {
    "nearest": nearest,
    "nearest of odd sizes": partial(nearest, (1, 5, 7, 1), (13, 3)),
    "nearest of corners": partial(nearest, (2, 4, 5, 3), (7, 2), corners=True, dtype="int16"),
    "nearest of centres": partial(nearest, (1, 5, 4, 3), (3, 9), centres=True, dtype="float32"),
    "nearest of both": partial(nearest, (1, 5, 4, 3), (8, 1), centres=True, corners=True),
    "nearest to one": partial(nearest, (1, 5, 4, 3), (1, 1)),
    "bilinear": bilinear,
    "bilinear of odd sizes": partial(bilinear, (1, 5, 7, 1), (13, 3)),
    "bilinear of corners": partial(bilinear, (2, 4, 5, 3), (7, 2), corners=True),
    "bilinear of centres": partial(bilinear, (1, 5, 4, 3), (3, 9), centres=True),
    "bilinear up by centres": partial(bilinear, (1, 3, 3, 5), (12, 12), centres=True),
    "bilinear to one": partial(bilinear, (1, 5, 4, 3), (1, 1), corners=True),
    "bilinear of floats": partial(bilinear, (1, 4, 5, 2), (7, 11), dtype="float32"),
    "bilinear of floats by centres": partial(
        bilinear, (1, 4, 5, 2), (9, 3), dtype="float32", centres=True
    ),
    "bilinear of floats by corners": partial(
        bilinear, (2, 4, 5, 2), (6, 9), dtype="float32", corners=True
    ),
}


def _random_resize(seed):
    source = np.random.default_rng(seed)
    make = (nearest, bilinear)[seed % 2]
    shape = (1, *source.integers(1, 12, 2).tolist(), int(source.integers(1, 5)))
    corners, centres = (bool(flag) for flag in source.integers(0, 2, 2))
    return make(
        shape,
        tuple(source.integers(1, 24, 2).tolist()),
        corners=corners,
        centres=centres and (make is nearest or not corners),
        dtype=str(source.choice(["int8", "int8", "float32"])),
    )


RANDOM = {"resize": _random_resize}
