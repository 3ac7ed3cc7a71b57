"""Elementwise operators of one value: what becomes a table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.ops.flatfile import NONE, RELU, RELU6, Flatfile

SHAPE = (1, 4, 8, 8)
"""As many elements as there are bytes"""
SIGMOID = (1 / 256, -128)
ARITHMETIC = ("ADD", "SUB", "MUL")
COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")


@dataclass
class Chain:
    """Adds operators of values of one shape."""

    shape: tuple[int, ...] = SHAPE
    quant: tuple[float, int] = (0.05, -3)
    dtype: str = "int8"
    file: Flatfile = field(default_factory=Flatfile)
    input: int = 0

    def __post_init__(self):
        self.input = self.file.activation(self.shape, *self.quant, self.dtype)

    def op(self, kind, inputs, quant=(0.03, 4), dtype="int8", **options):
        """The new value."""
        scale, zero = quant if dtype != "bool" else (None, 0)
        output = self.file.activation(self.shape, scale, zero, dtype)
        if kind in ARITHMETIC:
            options = {"fusedActivationFunction": NONE} | options
        self.file.operator(kind, inputs, [output], 2, **options)
        return output

    def number(self, value, quant=(0.02, -9), dtype=np.int8):
        """A constant that is repeated."""
        return self.file.constant(np.array(value, dtype), [quant[0]], [quant[1]])


def silu():
    """x * sigmoid(x), as converters from PyTorch and Keras write it."""
    chain = Chain(quant=(0.07, 20))
    gate = chain.op("LOGISTIC", [chain.input], SIGMOID)
    chain.op("MUL", [chain.input, gate], (0.04, -100))
    return chain.file.data()


def hard_swish():
    """x * relu6(x + 3) * (1 / 6), as Keras writes it for models of a MobileNetV3."""
    chain = Chain(quant=(0.06, 9))
    more = chain.op("ADD", [chain.input, chain.number(127, (3 / 127, 0))], (0.05, -60), **CLAMPED)
    gate = chain.op("MUL", [more, chain.number(127, (1 / 6 / 127, 0))], (1 / 255, -128))
    chain.op("MUL", [chain.input, gate], (0.03, -110))
    return chain.file.data()


CLAMPED = {"fusedActivationFunction": RELU6}


def gate(shape=(1, 1, 1, 24)):
    """The hard sigmoid of a squeeze-and-excitation block: MINIMUM and RELU, of few elements."""
    chain = Chain(shape, (0.003, -128))
    less = chain.op("MINIMUM", [chain.input, chain.number(90, (0.003, -128))], (0.003, -128))
    chain.op("RELU", [less], (0.003, -128))
    return chain.file.data()


def clipped():
    """RELU6 as MAXIMUM and MINIMUM, between two quantisations; the value between is read too."""
    chain = Chain(quant=(0.09, -20))
    finer = chain.op("QUANTIZE", [chain.input], (0.05, 30))
    more = chain.op("MAXIMUM", [finer, chain.number(30, (0.05, 30))], (0.05, 30))
    less = chain.op("MINIMUM", [chain.number(100, (0.05, 30)), more], (0.05, 30))
    chain.op("MUL", [less, chain.number(77)], (0.02, 1))
    return chain.file.data(outputs=[more, len(chain.file.tensors) - 1])


def chosen():
    """SELECT_V2 by a comparison, and the truth value itself."""
    chain = Chain(quant=(0.04, 5))
    above = chain.op("GREATER", [chain.input, chain.number(60, (0.01, -4))], dtype="bool")
    steep = chain.op("SQUARED_DIFFERENCE", [chain.input, chain.number(3)], (0.2, -128))
    flat = chain.op("PRELU", [chain.input, chain.number(40)], (0.2, -128))
    chosen = chain.op("SELECT_V2", [above, steep, flat], (0.2, -128))
    opposite = chain.op("LESS_EQUAL", [flat, chain.number(-90, (0.1, 0))], dtype="bool")
    return chain.file.data(outputs=[chosen, opposite])


def wide_ends():
    """From uint8 through int16 to uint8."""
    chain = Chain(quant=(0.02, 100), dtype="uint8")
    start = chain.op("QUANTIZE", [chain.input], (0.03, -20))
    wide = chain.op("QUANTIZE", [start], (0.0004, 0), "int16")
    other = chain.number(1234, (0.0003, 0), np.int16)
    more = chain.op("ADD", [wide, other], (0.0005, 0), "int16", fusedActivationFunction=RELU)
    product = chain.op("MUL", [more, other], (0.0002, 0), "int16")
    back = chain.op("QUANTIZE", [product], (0.01, -128))
    chain.op("QUANTIZE", [back], (0.01, 0), "uint8")
    return chain.file.data()


def of_variable():
    """Of what the last inference left, while this one leaves something else."""
    chain = Chain((1, 1, 3, 9))
    held = chain.file.read(chain.file.variable("last"), chain.shape)
    gate = chain.op("LOGISTIC", [held], SIGMOID)
    chain.file.assign(chain.file.variable("last"), chain.input)
    output = chain.op("MUL", [held, gate], (0.05, -120))
    chain.file.assign(chain.file.variable("before"), output)
    return chain.file.data(outputs=[output])


def alone(kind, first=False):
    """One operator of a value and a number that is repeated."""
    chain = Chain()
    sides = [chain.input, chain.number(-77)]
    chain.op(kind, sides[::-1] if first else sides)
    return chain.file.data()


CASES = {
    "silu": silu,
    "hard swish of parts": hard_swish,
    "gate of a minimum and a relu": gate,
    "clip that is read between": clipped,
    "choice by a comparison": chosen,
    "int16 between bytes": wide_ends,
    "silu of a variable": of_variable,
    "sub of a number alone": lambda: alone("SUB", first=True),
    "mul by a number alone": lambda: alone("MUL"),
}


def _random(seed):
    """Up to seven operators of the input, of what came of it, and of numbers."""
    source = np.random.default_rng(seed)
    chain = Chain(quant=_quant(source))
    values = [chain.input]
    for _ in range(int(source.integers(2, 8))):
        values.append(_step(source, chain, values))
    kept = [index for index in values[1:-1] if source.random() < 0.2]
    return chain.file.data(outputs=[*kept, values[-1]])


def _quant(source):
    scale = float(np.float32(np.exp(source.uniform(-5, -1.5))))
    return scale, int(source.choice([-128, 127, 0, source.integers(-128, 128)]))


def _step(source, chain, values):
    kind = str(source.choice(["LOGISTIC", "RELU", "ABS", "QUANTIZE", *ARITHMETIC * 3, *STORED]))
    x, y = (int(source.choice(values)) for _ in range(2))
    if kind == "LOGISTIC":
        return chain.op(kind, [x], SIGMOID)
    if kind in ("RELU", "ABS", "QUANTIZE"):
        return chain.op(kind, [x], _quant(source))
    if source.random() < 0.6:
        number = chain.number(int(source.integers(-128, 128)), _quant(source))
        x, y = (x, number) if source.random() < 0.7 else (number, x)
    options = {}
    if kind in ARITHMETIC:
        options = {"fusedActivationFunction": int(source.choice([NONE, NONE, RELU, RELU6]))}
    return chain.op(kind, [x, y], _quant(source), **options)


STORED = ("MINIMUM", "MAXIMUM", "SQUARED_DIFFERENCE", "PRELU")

RANDOM = {"tables": _random}
