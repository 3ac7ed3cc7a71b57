"""Functions of one element: the form of their dataclasses, files and specifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import rules
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.table import table_codes
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

UnaryT = TypeVar("UnaryT", bound=UnaryOp)

VERSIONS = {DType.INT8: 2, DType.INT16: 3}
"""Version of the operator by element type; 1 for others"""


@dataclass(frozen=True, kw_only=True)
class FloatOp(UnaryOp):
    """A function of one float32, which TFLM has for no other type."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.FLOAT32,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.FLOAT32,)),)


@dataclass(frozen=True, kw_only=True)
class Int8Op(UnaryOp):
    """A function of one int8 or float32."""

    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.INT8, DType.FLOAT32)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.INT8, DType.FLOAT32)),)


@dataclass(frozen=True, kw_only=True)
class Int16Op(UnaryOp):
    """A function of one int8, int16 or float32."""

    types: ClassVar[tuple[DType, ...]] = (DType.INT8, DType.INT16, DType.FLOAT32)
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", types),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", types),)


def same_shape(model: Model, op: UnaryOp) -> tuple[Shape, ...]:
    """The output has the input's shape."""
    return (model.tensor(op.input).shape,)


def elements(model: Model, op: UnaryOp, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_elements`."""
    return {"size": model.tensor(op.input).elements}


def reads(dtype: DType, model: Model, op: UnaryOp) -> bool:
    """Whether the input is of this element type."""
    return model.tensor(op.input).dtype is dtype


def float_kernel(name: str, source: str) -> Kernel[Any]:
    """A kernel from float32 to float32 without parameters: `tinyssl_<name>_f32` in `<source>.c`."""
    return Kernel(
        f"{name}_f32",
        "tinyssl_elements",
        ("elements.h",),
        source=source,
        supports=partial(reads, DType.FLOAT32),
        make_params=elements,
        overlaps=elementwise,
    )


def unary_spec(
    op: type[UnaryT],
    kernels: tuple[Kernel[UnaryT], ...],
    tflm: TflmNames[UnaryT],
    *,
    checks: tuple[Callable[[OpCheck[UnaryT]], None], ...] = (),
    tflite: TfliteFormat[UnaryT] | None = None,
    ulps: int = 0,
) -> OpSpec[UnaryT]:
    """The specification of a function of one element.

    Args:
        op: Its dataclass.
        kernels: By element type.
        tflm: Its names in TFLM.
        checks: Rules beside one type and one shape.
        tflite: How it is read and written; by default without attributes.
        ulps: As `OpSpec.ulps`.
    """
    return OpSpec(
        op=op,
        shapes=same_shape,
        checks=(rules.same_types, *checks),
        kernels=kernels,
        codes=table_codes(kernels),
        tflite=tflite or plain_format(op),
        tflm=tflm,
        ulps=ulps,
    )


def plain_format(op: type[UnaryT]) -> TfliteFormat[UnaryT]:
    """How an operator without attributes is read and written."""

    def read(context: OperatorContext) -> UnaryT:
        return op(index=context.index, output=context.output, input=context.inputs[0])

    return TfliteFormat(read=read, write=write_plain, inputs=(1, 1))


def write_plain(op: UnaryOp, to: Lowering) -> FileOp:
    """The operator without options."""
    return FileOp(op.kind, version_of(op, to), op.inputs, op.outputs, "", {})


def version_of(op: UnaryOp, to: Lowering) -> int:
    """The version that has the element type of its input."""
    return VERSIONS.get(to.tensors[op.input].dtype, 1)
