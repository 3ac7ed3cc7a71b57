"""What SignalRfft and SignalIrfft share: transforms of int16, rounded as kissfft rounds them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Array, Constants, Fields

INT16 = 7
"""Number of the schema's type, the option T"""
LENGTHS = (4, 2**14)
"""Fewest and most points"""
ONE = 2**15 - 1


@dataclass(frozen=True, kw_only=True)
class FourierOp(signal.SignalOp):
    """`fft_length` real samples, and real and imaginary parts in turn of its half and one more."""

    operands: ClassVar[tuple[Operand, ...]] = (signal.numbers("input", DType.INT16),)
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = ("T", "fft_length")
    sign: ClassVar[int]
    """Of the turns: -1 to frequencies, 1 from them"""

    input: int
    output: int
    T: int
    fft_length: int


def power_of_two(check: OpCheck[FourierOp]) -> None:
    """int16, and as many points as the stages of 2 and 4 take."""
    op = check.op
    if op.T != INT16:
        raise check.unsupported(f"elements of type {op.T}; int16 ({INT16}) is supported")
    if op.fft_length & (op.fft_length - 1):
        raise check.unsupported(f"{op.fft_length} points; powers of two are supported")


CHECKS = (signal.limited(fft_length=LENGTHS), power_of_two)


def _turns(role: str, phases: list[float], constants: Constants, op: FourierOp) -> str:
    """Name of a table of cosines and sines with 15 bits after the point."""
    pairs = ((math.cos(phase), math.sin(phase)) for phase in phases)
    values = np.array([math.floor(0.5 + ONE * x) for x in chain.from_iterable(pairs)], np.int16)
    name = f"{role}_{op.fft_length}"
    return constants.intern(Array(name, "int16_t", values, values.shape, "cosine, sine"))


def _params(model: Model, op: FourierOp, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_rfft`."""
    points = op.fft_length // 2
    rows, length = signal.rows_of(model, op.input)
    turn, back = op.sign * math.pi, "" if op.sign < 0 else "back_"
    whole = [2 * turn * at / points for at in range(points)]
    halves = [turn * ((at + 1) / points + 0.5) for at in range(points // 2)]
    return {
        "turns": _turns(f"{back}turns", whole, constants, op),
        "half_turns": _turns(f"{back}half_turns", halves, constants, op),
        "rows": rows,
        "length": length,
        "points": points,
        "sign": op.sign,
    }


def fourier_kernel(name: str) -> Kernel[Any]:
    """A function of firmware/kernels/signal_rfft.c."""
    kernel = signal.signal_kernel(name, "signal_rfft", _params, "signal_rfft")
    headers = (*kernel.headers, "in_bytes.h")
    return replace(kernel, headers=headers, scratch=lambda _, op: 2 * op.fft_length)
