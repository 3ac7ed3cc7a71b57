"""SignalFilterBank: the energy of each band, of overlapping triangular filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import signal
from tinyssl.ops.common.params import Constants, Fields

TABLES = ("frequency_starts", "weight_starts", "widths")


@dataclass(frozen=True, kw_only=True)
class SignalFilterBank(signal.SignalOp):
    """A frequency counts to a band by its weight, and to the next by its unweight."""

    kind: ClassVar[str] = "CUSTOM SignalFilterBank"
    operands: ClassVar[tuple[Operand, ...]] = (
        signal.numbers("input", DType.UINT32),
        signal.table("weights"),
        signal.table("unweights"),
        *(signal.table(name) for name in TABLES),
    )
    results: ClassVar[tuple[Operand, ...]] = (signal.numbers("output", DType.UINT64),)
    options: ClassVar[tuple[str, ...]] = ("num_channels",)

    input: int
    weights: int
    unweights: int
    frequency_starts: int
    """(num_channels + 1): first frequency of each band; the first band is only the start of the
    second"""
    weight_starts: int
    """Likewise, its first weight"""
    widths: int
    """Likewise, its frequencies"""
    output: int
    """(num_channels)"""
    num_channels: int


def _check(check: OpCheck[SignalFilterBank]) -> None:
    """All that the tables name is there."""
    op = check.op
    starts, firsts, widths = (
        np.asarray(check.tensor(getattr(op, name)).array(), np.int64).ravel() for name in TABLES
    )
    bands = op.num_channels + 1
    if not len(starts) == len(firsts) == len(widths) == bands:
        raise check.violation(f"tables of {len(starts)}, {len(firsts)}, {len(widths)} of {bands}")
    weights = min(check.tensor(op.weights).elements, check.tensor(op.unweights).elements)
    least = min(starts.min(), firsts.min(), widths.min())
    ends = (starts + widths).max(), (firsts + widths).max()
    limits = (check.tensor(op.input).elements, weights)
    if least < 0 or ends[0] > limits[0] or ends[1] > limits[1]:
        raise check.violation(f"bands end at {ends[0]} and {ends[1]} of {limits[0]}, {limits[1]}")


def _params(_model: Model, op: SignalFilterBank, constants: Constants) -> Fields:
    """Members of `struct tinyssl_signal_filter_bank`."""
    return {
        "weights": constants.tensor("weight", op.weights),
        "unweights": constants.tensor("weight", op.unweights),
        **{name: constants.tensor("bands", getattr(op, name)) for name in TABLES},
        "bands": op.num_channels,
    }


SPEC = signal.signal_spec(
    SignalFilterBank,
    ("AddFilterBank", "filter_bank"),
    signal.signal_kernel("signal_filter_bank", "filter_bank", _params),
    shapes=lambda _, op: ((op.num_channels,),),
    checks=(signal.limited(num_channels=(1, 2**15)), _check),
)
