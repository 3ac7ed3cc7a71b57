"""TABLE: any function of one byte (`graph.passes.tables` makes it).

No file has it: one look-up does the work of LOGISTIC, MUL by what it reads, MINIMUM, RELU, …
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.table import table_kernel
from tinyssl.ops.common.tflite import no_file_has
from tinyssl.ops.common.unary import same_shape

BYTES = (DType.INT8, DType.UINT8)


@dataclass(frozen=True, kw_only=True)
class ByteTable(UnaryOp):
    """Each byte of the input chooses one of 256."""

    kind: ClassVar[str] = "TABLE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", BYTES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (*BYTES, DType.BOOL)),)

    entries: tuple[int, ...]
    """Bytes of the output as int8, for the bytes of the input from -128 on as int8"""
    kinds: tuple[str, ...]
    """The operators in whose place it stands"""


def _entries(_model: Model, op: ByteTable) -> tuple[int, ...]:
    return op.entries


SPEC = OpSpec(
    op=ByteTable,
    shapes=same_shape,
    checks=(),
    words=lambda _, op: [f"({'+'.join(op.kinds)})"],
    kernels=(replace(table_kernel(_entries), supports=lambda _model, _op: True, any_type=True),),
    tflite=no_file_has("write the model as it was read, before `run_passes`"),
    tflm=TflmNames("", ""),
)
