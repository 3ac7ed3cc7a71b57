"""SignalFilterBankLog: natural logarithms of bands, in fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields

SEGMENTS = 128
"""Of the table between two powers of two"""


@dataclass(frozen=True, kw_only=True)
class SignalFilterBankLog(signal.SignalOp):
    """log(input * 2^input_correction_bits) * output_scale, at most the end of int16; 0 below 2."""

    kind: ClassVar[str] = "CUSTOM SignalFilterBankLog"
    operands: ClassVar[tuple[Operand, ...]] = (signal.numbers("input", DType.UINT32),)
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.INT16),)
    options: ClassVar[tuple[str, ...]] = ("input_correction_bits", "output_scale")

    input: int
    output: int
    input_correction_bits: int
    output_scale: int


def log_table() -> list[int]:
    """log2(1 + x) - x with 16 bits after the point, at each of `SEGMENTS` + 1 places of [0, 1]."""
    places = [at / SEGMENTS for at in range(SEGMENTS + 1)]
    return [round(2**16 * (math.log2(1 + x) - x)) for x in places]


def _params(model: Model, op: SignalFilterBankLog, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_log`."""
    return {
        "table": constants.table("log", op, "uint16_t", log_table()),
        "size": model.tensor(op.input).elements,
        "correction_bits": op.input_correction_bits,
        "scale": op.output_scale,
    }


SPEC = signal.signal_spec(
    SignalFilterBankLog,
    ("AddFilterBankLog", "filter_bank_log"),
    signal.signal_kernel("signal_log", "filter_bank", _params),
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(signal.limited(input_correction_bits=(0, 31), output_scale=(0, 2**31 - 1)),),
)
