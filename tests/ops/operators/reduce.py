"""MEAN of all axes but height and width, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_ALL."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile


def reduce(kind="SUM", shape=(1, 4, 5, 6), axes=(1,), *, dtype="int8", keep_dims=False, **given):
    """One reduction; REDUCE_MAX and REDUCE_MIN have one quantisation."""
    scales, zeros = given.get("scales", (0.02, 0.05)), given.get("zeros", (17, -30))
    if kind.startswith("REDUCE"):
        scales, zeros = scales[:1] * 2, zeros[:1] * 2
    if dtype != "int8":
        zeros = (0, 0)
    rank = len(shape)
    gone = {axis % rank for axis in axes}
    out = [1 if at in gone else size for at, size in enumerate(shape)]
    if not keep_dims:
        out = [size for at, size in enumerate(shape) if at not in gone]
    file = Flatfile()
    start = file.activation(shape, scales[0], zeros[0], dtype)
    output = file.activation(out, scales[1], zeros[1], dtype)
    places = file.constant(np.array(given.get("written", axes), np.int32))
    file.operator(kind, [start, places], [output], 2, keepDims=keep_dims)
    return file.data()


CASES = {
    "mean of channels": partial(reduce, "MEAN", axes=(3,), keep_dims=True),
    "mean along no axis": partial(reduce, "MEAN", axes=()),
    "mean of rows": partial(reduce, "MEAN", shape=(1, 9, 7), axes=(1,)),
    "mean of the batch": partial(reduce, "MEAN", shape=(5, 3, 4), axes=(0,), scales=(0.02, 0.004)),
    "mean of all": partial(reduce, "MEAN", shape=(1, 5, 3, 4), axes=(0, 1, 2, 3)),
    "mean of two images": partial(reduce, "MEAN", shape=(2, 3, 5, 4), axes=(1, 2)),
    "mean of int16": partial(
        reduce, "MEAN", shape=(1, 6, 5, 3), axes=(1, 2), dtype="int16", scales=(2e-4, 5e-5)
    ),
    "mean of floats": partial(reduce, "MEAN", axes=(1, 2), dtype="float32", keep_dims=True),
    "mean of all floats": partial(reduce, "MEAN", axes=(0, 1, 2, 3), dtype="float32"),
    "sum": partial(reduce, scales=(0.02, 0.06)),
    "sum of outer and inner axes": partial(reduce, axes=(-1, 1), written=(-1, 1, 3), zeros=(0, 0)),
    "sum down": partial(reduce, axes=(1, 2, 3), zeros=(-128, -128), scales=(0.005, 0.2)),
    "sum up": partial(reduce, axes=(2,), zeros=(127, 127), scales=(0.05, 0.03), keep_dims=True),
    "sum of five dimensions": partial(
        reduce, shape=(2, 3, 2, 4, 3), axes=(0, 2, 4), scales=(0.02, 0.1)
    ),
    "sum of int16": partial(reduce, axes=(3,), dtype="int16", scales=(1e-3, 2e-3)),
    "sum of floats": partial(reduce, axes=(0, 2), dtype="float32"),
    "reduce max": partial(reduce, "REDUCE_MAX", axes=(3,)),
    "reduce max of height and width": partial(
        reduce, "REDUCE_MAX", axes=(1, 2), keep_dims=True, zeros=(-128, 0)
    ),
    "reduce max of floats": partial(reduce, "REDUCE_MAX", axes=(1, 3), dtype="float32"),
    "reduce min": partial(reduce, "REDUCE_MIN", axes=(2,)),
    "reduce min of floats": partial(reduce, "REDUCE_MIN", axes=(1, 3), dtype="float32"),
    "reduce all": partial(reduce, "REDUCE_ALL", shape=(1, 9, 3), axes=(2,), dtype="bool"),
    "reduce all, outer axis": partial(
        reduce, "REDUCE_ALL", shape=(3, 9), axes=(0,), dtype="bool", keep_dims=True
    ),
}


def _random_reduce(seed):
    source = np.random.default_rng(seed)
    kind = str(source.choice(["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"]))
    types = ["int8", "int16", "float32"] if kind in ("MEAN", "SUM") else ["int8", "float32"]
    rank = int(source.integers(1, 6))
    return reduce(
        kind,
        shape=tuple(source.integers(1, 6, rank).tolist()),
        axes=tuple(np.flatnonzero(source.integers(0, 2, rank)).tolist()) or (0,),
        dtype=str(source.choice(types)),
        keep_dims=bool(source.integers(0, 2)),
        scales=tuple(np.exp(source.uniform(-5, 0, 2)).tolist()),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
    )


RANDOM = {"reduce": _random_reduce}
