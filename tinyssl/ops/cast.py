"""CAST: one element type to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.pair import SHORT
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.unary import elements, plain_format, same_shape

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.UINT32, DType.BOOL)
PAIRS = tuple(
    (source, target)
    for source in TYPES
    for target in TYPES
    if (source, target) != (DType.FLOAT32, DType.UINT32)
)
"""What of TFLM's pairs has a kernel: C does not say what a negative float is as an uint32"""


@dataclass(frozen=True, kw_only=True)
class Cast(UnaryOp):
    """The numbers as they are stored, not what they stand for.

    Integers lose the bits that do not fit; all but 0 is true. float32 goes towards zero to an
    int32, its nearest end where it is beyond (that is not defined in TFLM), and from there to a
    smaller type.
    """

    kind: ClassVar[str] = "CAST"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES, plain=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES, plain=True),)


def _supports(source: DType, target: DType, model: Model, op: Cast) -> bool:
    return (model.tensor(op.input).dtype, model.tensor(op.output).dtype) == (source, target)


def _kernel(source: DType, target: DType) -> Kernel[Cast]:
    return Kernel(
        f"cast_{SHORT[source]}_{SHORT[target]}",
        "tinyssl_elements",
        ("elements.h",),
        source="cast",
        supports=partial(_supports, source, target),
        make_params=elements,
    )


def _check(check: OpCheck[Cast]) -> None:
    """There is a kernel."""
    source, target = (check.tensor(index).dtype for index in (check.op.input, check.op.output))
    if (source, target) not in PAIRS:
        raise check.unsupported(f"{source.value} to {target.value}")


def _fold(values: Sequence[Value], op: Cast) -> Arrays | None:
    """Of integers: what lies beyond a type is C's business."""
    (array,) = input_arrays(values, op)
    if values[op.input].dtype is DType.FLOAT32:
        return None
    return [array.astype(values[op.output].dtype.value)]


SPEC = OpSpec(
    op=Cast,
    shapes=same_shape,
    checks=(_check,),
    words=lambda model, op: [
        f"{model.tensor(op.input).dtype.value} to {model.tensor(op.output).dtype.value}"
    ],
    kernels=tuple(_kernel(source, target) for source, target in PAIRS),
    tflite=plain_format(Cast),
    tflm=TflmNames("AddCast", "cast"),
    fold=_fold,
)
