"""What ARG_MAX and ARG_MIN share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, ClassVar, TypeVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.parts import read_axis
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

INT32 = 2
"""Number of the schema's type"""


@dataclass(frozen=True, kw_only=True)
class ArgOp(UnaryOp):
    """Where along an axis an extreme element is, from 0; the axis is gone."""

    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", (DType.INT8, DType.FLOAT32), plain=True),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.INT32,)),)

    axis: int
    """From the front"""


ArgT = TypeVar("ArgT", bound=ArgOp)


def arg_spec(kind: type[ArgT], names: TflmNames[ArgT], *, largest: bool) -> OpSpec[ArgT]:
    """The operator that looks for the largest or the smallest element."""
    return OpSpec(
        op=kind,
        shapes=_shapes,
        checks=(),
        words=lambda _, op: [f"axis {op.axis}"],
        kernels=(
            _kernel("arg_extreme_s8", DType.INT8, largest),
            _kernel("arg_extreme_f32", DType.FLOAT32, largest),
        ),
        tflite=TfliteFormat(
            read=partial(_read, kind),
            write=_write,
            inputs=(2, 2),
            int32_inputs=(1,),
        ),
        tflm=names,
    )


def _shapes(model: Model, op: ArgOp) -> tuple[tuple[int, ...], ...]:
    shape = model.tensor(op.input).shape
    return ((*shape[: op.axis], *shape[op.axis + 1 :]),)


def _kernel(name: str, dtype: DType, largest: bool) -> Kernel[Any]:
    return Kernel(
        name,
        "tinyssl_arg_extreme",
        source="arg_extreme",
        supports=lambda model, op: model.tensor(op.input).dtype is dtype,
        make_params=partial(_params, largest),
    )


def _params(largest: bool, model: Model, op: ArgOp, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_arg_extreme`."""
    shape = model.tensor(op.input).shape
    return {
        "outer": prod(shape[: op.axis]),
        "count": shape[op.axis],
        "inner": prod(shape[op.axis + 1 :]),
        "flip": 0 if largest else -1,
    }


def _read(kind: type[ArgT], op: OperatorContext) -> ArgT:
    axis = read_axis(op, 1, len(op.input(0).shape))
    return kind(index=op.index, output=op.output, input=op.inputs[0], axis=axis)


def _write(op: ArgOp, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axis", op.axis))
    options = op.kind.title().replace("_", "") + "Options"
    return FileOp(op.kind, 2, inputs, op.outputs, options, {"OutputType": INT32})
