"""L2_NORMALIZATION of the last axis; int8 and float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT8, DType.FLOAT32)
RANK_MAX = 4
"""Dimensions of which TFLM's kernel knows"""


@dataclass(frozen=True, kw_only=True)
class L2Normalization(UnaryOp):
    """x over the root of the row's sum of squares.

    TFLM's kernel writes int8 of scale 1/128 and zero point 0, whatever the file says.
    """

    kind: ClassVar[str] = "L2_NORMALIZATION"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def _check(check: OpCheck[L2Normalization]) -> None:
    """Rows of at most four dimensions, whose sum of squares fits int32."""
    source = check.tensor(check.op.input)
    if not 1 <= len(source.shape) <= RANK_MAX:
        raise check.unsupported(
            f"input has {len(source.shape)} dimensions; 1 to {RANK_MAX} are supported"
        )
    if source.dtype is DType.FLOAT32:
        return
    zero = zero_point(check.model, check.op.input)
    bound = source.shape[-1] * max(zero - INT8_MIN, INT8_MAX - zero) ** 2
    if bound > INT32_MAX:
        raise check.unsupported(f"the sum of squares can reach {bound}; the limit is {INT32_MAX}")


def _integer_params(model: Model, op: L2Normalization, constants: Constants) -> Fields:
    """Members of `struct tinyssl_l2_normalization`."""
    return _params(model, op, constants) | {"in_zero": zero_point(model, op.input)}


def _params(model: Model, op: L2Normalization, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_l2_normalization_f32`."""
    source = model.tensor(op.input)
    return {"rows": source.elements // source.shape[-1], "depth": source.shape[-1]}


def _read(op: OperatorContext) -> L2Normalization:
    if op.require_options().fusedActivationFunction:
        raise op.unsupported("a fused activation")  # TFLM refuses it too
    return L2Normalization(index=op.index, output=op.output, input=op.inputs[0])


def _write(op: L2Normalization, _: Lowering) -> FileOp:
    return FileOp(op.kind, 2, op.inputs, op.outputs, "L2NormOptions", {})


SPEC = OpSpec(
    op=L2Normalization,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(rules.same_types, _check),
    kernels=(
        Kernel(
            "l2_normalization_s8",
            "tinyssl_l2_normalization",
            supports=lambda model, op: model.tensor(op.input).dtype is DType.INT8,
            make_params=_integer_params,
        ),
        Kernel(
            "l2_normalization_f32",
            "tinyssl_l2_normalization_f32",
            ("product_f32.h",),
            make_params=_params,
        ),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1), options="L2NormOptions"),
    tflm=TflmNames("AddL2Normalization", "l2norm"),
)
