"""ZEROS_LIKE: a tensor of zeros with the input's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fill import fill_fields
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, TfliteFormat

ZEROS_TYPES = (DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class ZerosLike(UnaryOp):
    """All elements are 0, whatever the zero point, as TFLM does it."""

    kind: ClassVar[str] = "ZEROS_LIKE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", ZEROS_TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", ZEROS_TYPES, plain=True),)


SPEC = OpSpec(
    op=ZerosLike,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(rules.same_types,),
    kernels=(
        Kernel(
            "fill_like",
            "tinyssl_fill",
            source="fill",
            make_params=lambda model, op, _: fill_fields(model.tensor(op.output), 0),
            any_type=True,
        ),
    ),
    tflite=TfliteFormat(
        read=lambda op: ZerosLike(index=op.index, output=op.output, input=op.inputs[0]),
        write=lambda op, _: FileOp(op.kind, 1, op.inputs, op.outputs, "ZerosLikeOptions", {}),
        inputs=(1, 1),
    ),
    tflm=TflmNames("AddZerosLike", "zeros_like"),
)
