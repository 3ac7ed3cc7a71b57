"""Operators of two inputs: arithmetic, comparisons, logic."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, Flatfile

N1_TO_1 = 2
IMAGE, GATE, MAP, ROW = (1, 5, 6, 4), (1, 1, 1, 4), (1, 5, 6, 1), (1, 1, 6, 4)
QUANTS = ((0.04, -3), (0.07, 5), (0.05, 8))
WIDE = ((0.0005, 0), (0.0007, 0), (0.0009, 0))
FUSED = ("ADD", "SUB", "MUL", "DIV")
TRUTH = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")


def pair(
    kind: str,
    left: tuple[int, ...] = IMAGE,
    right: tuple[int, ...] = IMAGE,
    dtype: str = "int8",
    **given: Any,
) -> bytes:
    """An operator of two inputs of the model, or of one and a constant on the side `constant`."""
    quants = given.get("quants") or (WIDE if dtype == "int16" else QUANTS)
    constant = given.get("constant")
    file = Flatfile()
    inputs = [
        _constant(file, shape, dtype, quant)
        if side == constant
        else _activation(file, shape, dtype, quant, side)
        for side, shape, quant in zip(("left", "right"), (left, right), quants[:2], strict=True)
    ]
    target = "bool" if kind in TRUTH else dtype
    output = _activation(file, np.broadcast_shapes(left, right), target, quants[2])
    options = {"fusedActivationFunction": given.get("activation", NONE)} if kind in FUSED else {}
    file.operator(kind, inputs, [output], 2, **options)
    computed = [
        index for side, index in zip(("left", "right"), inputs, strict=True) if side != constant
    ]
    return file.data(inputs=computed)


def _activation(
    file: Flatfile,
    shape: tuple[int, ...],
    dtype: str,
    quant: tuple[float, int],
    name: str | None = None,
) -> int:
    scale, zero = quant if dtype in ("int8", "int16") else (None, 0)
    return int(file.activation(shape, scale, zero, dtype, name))


def _constant(file: Flatfile, shape: tuple[int, ...], dtype: str, quant: tuple[float, int]) -> int:
    source = np.random.default_rng(len(shape))
    if dtype == "float32":
        return file.constant(source.integers(-64, 64, shape).astype(np.float32) / 32)
    if dtype == "bool":
        return file.constant(source.integers(0, 2, shape).astype(np.bool_))
    if dtype in ("int32", "int64"):
        return file.constant(source.integers(-(2**30), 2**30, shape).astype(dtype))
    limits = np.iinfo(dtype)
    values = source.integers(limits.min, limits.max + 1, shape).astype(dtype)
    return file.constant(values, [quant[0]], [quant[1]])


def _sums() -> dict[str, Any]:
    """ADD and SUB."""
    found: dict[str, Any] = {}
    for kind in ("ADD", "SUB"):
        name = kind.lower()
        found |= {
            f"{name} gate": partial(pair, kind, right=GATE),
            f"{name} gate first": partial(pair, kind, left=GATE),
            f"{name} map": partial(pair, kind, right=MAP, activation=RELU),
            f"{name} row": partial(pair, kind, left=MAP, right=ROW, activation=RELU6),
            f"{name} constant": partial(pair, kind, constant="right", activation=N1_TO_1),
            f"{name} constant first": partial(pair, kind, constant="left"),
            f"{name} constant scalar": partial(pair, kind, right=(), constant="right"),
            f"{name} constant channels": partial(pair, kind, right=(4,), constant="right"),
            f"{name} ends": partial(
                pair, kind, right=GATE, quants=((0.9, -128), (0.01, 127), (0.5, -128))
            ),
            f"{name} of halves": partial(
                pair, kind, right=GATE, quants=((0.125, 0), (0.25, 0), (0.5, 0))
            ),
            f"{name} int16": partial(pair, kind, dtype="int16"),
            f"{name} int16 constant": partial(
                pair, kind, right=(4,), dtype="int16", constant="right", activation=RELU
            ),
            f"{name} int32": partial(pair, kind, dtype="int32", right=GATE),
            f"{name} int32 constant": partial(
                pair, kind, dtype="int32", right=(), constant="right", activation=RELU6
            ),
            f"{name} floats": partial(pair, kind, dtype="float32", activation=RELU6),
            f"{name} floats constant": partial(
                pair, kind, dtype="float32", left=(4,), constant="left", activation=N1_TO_1
            ),
        }
    return found


def _stored() -> dict[str, Any]:
    """MINIMUM, MAXIMUM: of every type, and of two quantisations."""
    found: dict[str, Any] = {}
    for kind in ("MINIMUM", "MAXIMUM"):
        for dtype in ("int8", "int16", "int32", "int64", "float32"):
            found[f"{kind.lower()} {dtype}"] = partial(pair, kind, right=GATE, dtype=dtype)
        found[f"{kind.lower()} constant"] = partial(pair, kind, right=(), constant="right")
        found[f"{kind.lower()} constant first"] = partial(
            pair, kind, left=(4,), constant="left", dtype="float32"
        )
    return found


def _comparisons() -> dict[str, Any]:
    found: dict[str, Any] = {}
    near = ((0.05, 0), (0.1, 3), (1.0, 0))
    for kind in TRUTH:
        name = kind.lower()
        found[name] = partial(pair, kind, right=GATE, quants=near)
        found[f"{name} constant"] = partial(pair, kind, right=(4,), constant="right", quants=near)
        for dtype in ("int32", "int64", "float32"):
            found[f"{name} {dtype}"] = partial(pair, kind, left=GATE, dtype=dtype)
    for kind in ("EQUAL", "NOT_EQUAL", "LOGICAL_AND", "LOGICAL_OR"):
        found[f"{kind.lower()} bool"] = partial(pair, kind, right=GATE, dtype="bool")
    found["less int64 constant"] = partial(
        pair, "LESS", right=(4,), constant="right", dtype="int64"
    )
    found["logical_and constant"] = partial(pair, "LOGICAL_AND", constant="left", dtype="bool")
    return found


def of_infinities() -> bytes:
    """The larger of a number and what is none: constants that C has no literals for."""
    file = Flatfile()
    start = file.activation((1, 6, 4), dtype="float32", name="x")
    ends = file.constant(np.array([np.inf, -np.inf, np.nan, 0.1], np.float32))
    output = file.activation((1, 6, 4), dtype="float32")
    file.operator("MAXIMUM", [start, ends], [output])
    return file.data(inputs=(start,))


CASES: dict[str, Any] = {
    "maximum of infinities": of_infinities,
    **_sums(),
    **_stored(),
    **_comparisons(),
    "mul int32": partial(pair, "MUL", right=GATE, dtype="int32"),
    "mul int32 constant": partial(
        pair, "MUL", left=(4,), constant="left", dtype="int32", activation=RELU
    ),
    "mul floats": partial(pair, "MUL", right=GATE, dtype="float32"),
    "mul floats constant": partial(
        pair, "MUL", right=(), constant="right", dtype="float32", activation=N1_TO_1
    ),
    "mul relu n1 to 1": partial(pair, "MUL", activation=N1_TO_1),
    "squared difference": partial(pair, "SQUARED_DIFFERENCE"),
    "squared difference gate": partial(
        pair, "SQUARED_DIFFERENCE", right=GATE, quants=((0.04, -128), (0.02, 127), (0.3, -128))
    ),
    "squared difference constant": partial(
        pair,
        "SQUARED_DIFFERENCE",
        left=(4,),
        constant="left",
        quants=((0.1, 3), (0.1, 3), (0.4, 0)),
    ),
    "squared difference int16": partial(
        pair, "SQUARED_DIFFERENCE", dtype="int16", quants=((0.0005, 0), (0.0007, 0), (0.01, 0))
    ),
    "squared difference int32": partial(pair, "SQUARED_DIFFERENCE", dtype="int32", right=GATE),
    "squared difference floats": partial(pair, "SQUARED_DIFFERENCE", dtype="float32", left=MAP),
}


def _random(seed):
    source = np.random.default_rng(seed)
    kind = ("ADD", "SUB", "SQUARED_DIFFERENCE", "LESS", "MAXIMUM")[seed % 5]
    left, right = (((IMAGE, GATE, MAP, ROW, (4,), ()))[i] for i in source.integers(0, 6, 2))
    scales = [float(np.float32(scale)) for scale in np.exp(source.uniform(-5, -0.1, 3))]
    if kind == "SQUARED_DIFFERENCE":
        scales[2] = max(scales[2], 2 * max(scales[:2]) ** 2)
    zeros = source.integers(-128, 128, 3).tolist()
    return pair(
        kind,
        left=left,
        right=right or (1,),
        quants=tuple(zip(scales, zeros, strict=True)),
        constant=(None, "left", "right")[source.integers(3)],
        activation=int(source.choice([NONE, RELU, N1_TO_1, RELU6])),
    )


RANDOM = {"pairs": _random}
