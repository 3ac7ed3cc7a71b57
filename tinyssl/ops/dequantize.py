"""DEQUANTIZE: int8, uint8 or int16 to float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model, Operand, Value
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.constants import Arrays, input_arrays
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.training.quantise_error import QuantiseError

KERNELS = {
    DType.INT8: "dequantize_s8",
    DType.UINT8: "dequantize_u8",
    DType.INT16: "dequantize_s16",
}
"""Element type of the input -> kernel"""


@dataclass(frozen=True, kw_only=True)
class Dequantize(UnaryOp):
    """scale * (x - zero point), rounded once to float32."""

    kind: ClassVar[str] = "DEQUANTIZE"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(KERNELS), any_zero=True),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.FLOAT32,)),)


def _params(model: Model, op: Dequantize, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_dequantize`."""
    quant = model.quant(op.input)
    return {
        "size": model.tensor(op.input).elements,
        "scale": float_literal(quant.scale[0]),
        "in_zero": quant.zero_point[0],
    }


def _supports(dtype: DType, model: Model, op: Dequantize) -> bool:
    return model.tensor(op.input).dtype is dtype


def _kernel(dtype: DType, name: str) -> Kernel[Dequantize]:
    return Kernel(
        name,
        "tinyssl_dequantize",
        source="dequantize",
        supports=partial(_supports, dtype),
        make_params=_params,
    )


def _fold(values: Sequence[Value], op: Dequantize) -> Arrays | None:
    value = values[op.input]
    if value.dtype not in KERNELS or value.quant is None or value.quant.per_channel:
        return None
    (array,) = input_arrays(values, op)
    (scale,), (zero,) = value.quant.scale, value.quant.zero_point
    return [(scale * (array.astype(np.float64) - zero)).astype(np.float32)]


def _read(op: OperatorContext) -> Dequantize:
    return Dequantize(index=op.index, output=op.output, input=op.inputs[0])


def _write(op: Dequantize, to: Lowering) -> FileOp:
    version = 3 if to.tensors[op.input].dtype is DType.INT16 else 2
    return FileOp(op.kind, version, op.inputs, op.outputs, "DequantizeOptions", {})


def _gradient(graph: Backward, op: Dequantize) -> None:
    """The error in int8, where what is before learns in INT8."""
    if graph.wants_error(op.input):
        found = graph.scaled_error(op.input, 1.0)
        graph.append(
            QuantiseError(
                index=graph.next_index,
                error=graph.error(op.output),
                output=found.error,
                exponent=found.exponent,
            )
        )
        graph.share_error(op.input, found.error)


SPEC = OpSpec(
    op=Dequantize,
    gradient=_gradient,
    shapes=lambda model, op: (model.tensor(op.input).shape,),
    checks=(),
    fold=_fold,
    kernels=tuple(_kernel(dtype, name) for dtype, name in KERNELS.items()),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(1, 1)),
    tflm=TflmNames("AddDequantize", "dequantize"),
)
