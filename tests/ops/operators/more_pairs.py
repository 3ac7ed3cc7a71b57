"""PRELU, DIV, FLOOR_DIV, FLOOR_MOD, SELECT_V2, ADD_N."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import NONE, RELU6, Flatfile
from tests.ops.operators.pairs import GATE, IMAGE, MAP, pair

Quant = tuple[float, int]


def prelu(
    dtype: str = "int8",
    shape: tuple[int, ...] = (4,),
    quants: tuple[Quant, Quant, Quant] = ((0.05, -3), (0.01, 7), (0.04, 8)),
    constant: bool = True,
) -> bytes:
    """Of the model's input; alpha is a constant or an input too."""
    file = Flatfile()
    source, alpha, target = quants
    kind = "float32" if dtype == "float32" else "int8"
    start = file.activation(IMAGE, source[0], source[1], dtype, "x")
    if constant:
        values = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
        if dtype == "float32":
            factor = file.constant((values / 64).astype(np.float32))
        else:
            factor = file.constant(values, [alpha[0]], [alpha[1]])
    else:
        factor = file.activation(shape, alpha[0], alpha[1], kind, "alpha")
    output = file.activation(IMAGE, target[0], target[1], dtype)
    file.operator("PRELU", [start, factor], [output])
    return file.data(inputs=[start] if constant else [start, factor])


def div(
    quants: tuple[Quant, Quant, Quant] = ((0.05, -3), (0.04, -20), (0.02, 8)),
    right: tuple[int, ...] = IMAGE,
    activation: int = NONE,
) -> bytes:
    """The left input over the larger of the right one and a constant, which is not 0."""
    file = Flatfile()
    source, divisor, target = quants
    left = file.activation(IMAGE, source[0], source[1], name="left")
    given = file.activation(right, divisor[0], divisor[1], name="right")
    kept = file.activation(right, divisor[0], divisor[1])
    least = file.constant(np.array([divisor[1] + 1], np.int8), [divisor[0]], [divisor[1]])
    file.operator("MAXIMUM", [given, least], [kept])
    output = file.activation(IMAGE, target[0], target[1])
    file.operator("DIV", [left, kept], [output], fusedActivationFunction=activation)
    return file.data(inputs=[left, given])


def div_constant(dtype: str, values: Any, first: bool = False) -> bytes:
    """An input over a constant without 0, or the constant over an input that is not 0."""
    file = Flatfile()
    numbers = np.array(values, dtype)
    scale = [[0.05], [-7]] if dtype == "int8" else []
    constant = file.constant(numbers, *scale)
    zero = 100 if dtype == "int8" else 0
    start = file.activation(IMAGE, None if dtype == "int32" else 0.04, zero, dtype, "x")
    output = file.activation(IMAGE, None if dtype == "int32" else 0.3, -5 * bool(scale), dtype)
    inputs = [constant, start] if first else [start, constant]
    file.operator("DIV", inputs, [output], fusedActivationFunction=RELU6)
    return file.data(inputs=[start])


def sub_near_halves() -> bytes:
    """Of int16: numbers that quotients in float32 round the other way, less 0."""
    file = Flatfile()
    scale, other, target = 6.249221041798592e-05, 4.3744548747781664e-05, 3.863146048388444e-05
    start = file.activation((6,), scale, 0, "int16")
    joined = file.activation((8,), scale, 0, "int16")
    output = file.activation((8,), target, 0, "int16")
    numbers = file.constant(np.array([-7960, 7960], np.int16), [scale])
    nothing = file.constant(np.array([0], np.int16), [other])
    file.operator("CONCATENATION", [start, numbers], [joined], axis=0)
    file.operator("SUB", [joined, nothing], [output], 2)
    return file.data()


def floor(kind: str, divisor: Any, right: bool = False) -> bytes:
    """FLOOR_DIV or FLOOR_MOD by a constant."""
    file = Flatfile()
    start = file.activation(IMAGE, dtype="float32", name="x")
    output = file.activation(IMAGE, dtype="float32")
    constant = file.constant(np.array(divisor, np.float32))
    file.operator(kind, [start, constant], [output])
    return file.data(inputs=[start])


def select(
    condition: tuple[int, ...] = IMAGE,
    left: tuple[int, ...] = IMAGE,
    right: tuple[int, ...] = IMAGE,
    dtype: str = "int8",
    constant: tuple[str, ...] = (),
) -> bytes:
    """Of three inputs, or of fewer and constants."""
    file = Flatfile()
    source = np.random.default_rng(3)
    inputs, computed = [], []
    for name, shape in (("condition", condition), ("left", left), ("right", right)):
        kind = "bool" if name == "condition" else dtype
        if name in constant:
            values = source.integers(0, 2 if kind == "bool" else 90, shape).astype(kind)
            quant = [[0.05], [0]] if kind in ("int8", "int16") else []
            inputs.append(file.constant(values, *quant))
        else:
            inputs.append(file.activation(shape, 0.05, 0, kind, name))
            computed.append(inputs[-1])
    output = file.activation(np.broadcast_shapes(condition, left, right), 0.05, 0, dtype)
    file.operator("SELECT_V2", inputs, [output])
    return file.data(inputs=computed)


def add_n(count: int = 3, dtype: str = "int8", zero: int = -9, target: float = 0.11) -> bytes:
    """The sum of inputs of the model."""
    file = Flatfile()
    parts = [file.activation(IMAGE, 0.05, zero, dtype, f"part{at}") for at in range(count)]
    output = file.activation(IMAGE, target, 4, dtype)
    file.operator("ADD_N", parts, [output])
    return file.data(inputs=parts)


CASES: dict[str, Any] = {
    "prelu": prelu,
    "prelu ends": partial(prelu, quants=((0.05, 127), (0.01, -128), (0.02, 100))),
    "prelu of one": partial(prelu, shape=(1, 1, 1)),
    "prelu of an input": partial(prelu, shape=(1, 5, 6, 1), constant=False),
    "prelu int16": partial(prelu, "int16", quants=((0.0005, 0), (0.01, 7), (0.0004, 0))),
    "prelu floats": partial(prelu, "float32"),
    "prelu floats of an input": partial(prelu, "float32", constant=False),
    "div": div,
    "div gate": partial(div, right=GATE, activation=RELU6),
    "div fine": partial(div, quants=((0.9, 127), (0.02, -128), (3.0, 120))),
    "div coarse": partial(div, quants=((0.02, 0), (0.5, -100), (0.02, 0))),
    "div constant": partial(div_constant, "int8", [-128, -9, 5, 127]),
    "div by anything": partial(pair, "DIV", right=GATE, quants=((0.03, 5), (0.05, -7), (0.013, 3))),
    "div int32": partial(div_constant, "int32", [3, -70000, 2**30, -2]),
    "div floats": partial(div_constant, "float32", [0.7, -3.0, 1e-3, 5e8]),
    "sub int16 near halves": sub_near_halves,
    "floor div": partial(floor, "FLOOR_DIV", [0.3, -0.7, 1.0, 2.5]),
    "floor mod": partial(floor, "FLOOR_MOD", [0.3, -0.7, 1.0, -2.5]),
    "floor mod of one": partial(floor, "FLOOR_MOD", [-0.25]),
    "select": select,
    "select rows": partial(select, condition=(1, 5, 1, 1)),
    "select scalars": partial(select, left=(), right=(4,), constant=("left", "right")),
    "select int16": partial(select, dtype="int16", right=MAP),
    "select floats": partial(select, dtype="float32", left=GATE, constant=("left",)),
    "select by a constant": partial(select, condition=(1, 5, 6, 1), constant=("condition",)),
    "add_n": add_n,
    "add_n of seven": partial(add_n, 7, zero=127, target=0.3),
    "add_n of two": partial(add_n, 2, zero=-128),
    "add_n floats": partial(add_n, 4, "float32"),
    "div of floats by inputs": partial(pair, "DIV", dtype="float32", left=GATE, constant="left"),
}


def _random(seed: int) -> bytes:
    source = np.random.default_rng(seed)
    scales = [float(np.float32(scale)) for scale in np.exp(source.uniform(-5, -0.5, 3))]
    zeros = [int(zero) for zero in source.integers(-128, 127, 3)]
    (a, b, c), (x, y, z) = scales, zeros
    quants = ((a, x), (b, y), (c, z))
    return div(quants) if seed % 2 else prelu(quants=quants)


RANDOM = {"more pairs": _random}
