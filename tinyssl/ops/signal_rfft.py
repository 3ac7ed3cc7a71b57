"""SignalRfft: the spectrum of real frames, int16."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Array, Constants, Fields

INT16 = 7
"""Number of the schema's type, the option T"""
LENGTH_MAX = 2**14
ONE = 2**15 - 1


@dataclass(frozen=True, kw_only=True)
class SignalRfft(signal.SignalOp):
    """Frames are filled with zeros to `fft_length`; each stage of 2 or 4 divides by that.

    Real and imaginary part in turn, of fft_length / 2 + 1 frequencies. As kissfft computes it.
    """

    kind: ClassVar[str] = "CUSTOM SignalRfft"
    operands: ClassVar[tuple[Operand, ...]] = (signal.numbers("input", DType.INT16),)
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = ("T", "fft_length")

    input: int
    """(…, up to fft_length)"""
    output: int
    """(…, fft_length + 2)"""
    T: int = INT16
    fft_length: int


def _check(check: OpCheck[SignalRfft]) -> None:
    """A power of two, and frames that are no longer."""
    op = check.op
    if op.T != INT16:
        raise check.unsupported(f"elements of type {op.T}; int16 ({INT16}) is supported")
    if op.fft_length & (op.fft_length - 1):
        raise check.unsupported(f"{op.fft_length} points; powers of two are supported")
    length = check.tensor(op.input).shape[-1]
    if length > op.fft_length:
        raise check.violation(f"frames of {length} for {op.fft_length} points")


def _turns(role: str, phases: list[float], constants: Constants, op: SignalRfft) -> str:
    """Name of a table of cosines and sines with 15 bits after the point."""
    pairs = ((math.cos(phase), math.sin(phase)) for phase in phases)
    values = np.array([math.floor(0.5 + ONE * x) for x in chain.from_iterable(pairs)], np.int16)
    name = f"{role}_{op.fft_length}"
    return constants.intern(Array(name, "int16_t", values, values.shape, "cosine, sine"))


def _params(model: Model, op: SignalRfft, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_rfft`."""
    points = op.fft_length // 2
    rows, length = signal.rows_of(model, op.input)
    turns = [-2 * math.pi * at / points for at in range(points)]
    halves = [-math.pi * ((at + 1) / points + 0.5) for at in range(points // 2)]
    return {
        "turns": _turns("turns", turns, constants, op),
        "half_turns": _turns("half_turns", halves, constants, op),
        "rows": rows,
        "length": length,
        "points": points,
    }


SPEC = signal.signal_spec(
    SignalRfft,
    "AddRfft",
    replace(
        signal.signal_kernel("signal_rfft", "signal_rfft", _params),
        scratch=lambda _, op: 2 * op.fft_length,
    ),
    shapes=lambda model, op: ((*model.tensor(op.input).shape[:-1], op.fft_length + 2),),
    checks=(signal.limited(fft_length=(4, LENGTH_MAX)), _check),
)
