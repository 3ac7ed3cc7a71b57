"""CAST, LOGICAL_NOT, LOG_SOFTMAX."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tests.ops.flatfile import Flatfile

SHAPE = (1, 5, 6, 4)
TYPES = ("int8", "int16", "int32", "float32", "bool")


def cast(*types: str) -> bytes:
    """From type to type."""
    file = Flatfile()
    chain = [
        file.activation(SHAPE, 0.05 if dtype in ("int8", "int16") else None, 0, dtype)
        for dtype in types
    ]
    for source, target in pairwise(chain):
        file.operator("CAST", [source], [target])
    return file.data()


def logical_not() -> bytes:
    """The other truth value."""
    file = Flatfile()
    start = file.activation(SHAPE, dtype="bool")
    output = file.activation(SHAPE, dtype="bool")
    file.operator("LOGICAL_NOT", [start], [output])
    return file.data()


def log_softmax(
    shape: tuple[int, ...] = (1, 10), scale: float = 0.1, zero: int = 4, dtype: str = "int8"
) -> bytes:
    """Over the last axis."""
    file = Flatfile()
    start = file.activation(shape, scale, zero, dtype)
    output = file.activation(shape, 16 / 256, 127, dtype)
    file.operator("LOG_SOFTMAX", [start], [output])
    return file.data()


CASES: dict[str, Any] = {
    **{
        f"cast {source} to {target}": partial(cast, source, target)
        for source in TYPES
        for target in TYPES
    },
    **{f"cast {dtype} to uint32": partial(cast, dtype, "uint32") for dtype in TYPES[:3]},
    **{f"cast uint32 to {dtype}": partial(cast, "uint32", dtype) for dtype in TYPES[:4]},
    "cast uint32 to bool": partial(cast, "int8", "uint32", "bool"),
    "cast bool to uint32": partial(cast, "bool", "uint32"),
    "cast int16 to bool": partial(cast, "int8", "int16", "bool"),
    "cast int32 to bool": partial(cast, "int8", "int32", "bool"),
    "logical not": logical_not,
    "log softmax": log_softmax,
    "log softmax of rows": partial(log_softmax, (1, 5, 3, 2), 0.03),
    "log softmax wide": partial(log_softmax, (1, 700), 0.02, -128),
    "log softmax coarse": partial(log_softmax, (1, 40), 2.0, 127),
    "log softmax floats": partial(log_softmax, (3, 7), dtype="float32"),
}


def _random(seed: int) -> bytes:
    source = np.random.default_rng(seed)
    shape = (int(source.integers(1, 4)), int(source.integers(1, 60)))
    return log_softmax(shape, float(np.exp(source.uniform(-7, 2))), int(source.integers(-128, 128)))


RANDOM = {"log softmax": _random}
