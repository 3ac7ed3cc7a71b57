"""LEAKY_RELU: negative numbers times a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from tinyssl.graph.model import DType, Model
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.fixed_point import quantise_multiplier
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.params import Constants, Fields, float_literal, zero_point
from tinyssl.ops.common.piecewise import Piecewise, check_pieces, piecewise_kernels, scale_ratio
from tinyssl.ops.common.spec import TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat
from tinyssl.ops.common.unary import Int16Op, reads, unary_spec, version_of
from tinyssl.ops.training.leaky_relu_error import LeakyReluError


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(Int16Op):
    """x, and alpha * x below zero; alpha is a float32 and may be negative."""

    kind: ClassVar[str] = "LEAKY_RELU"

    alpha: float


def _pieces(model: Model, op: LeakyRelu) -> Piecewise:
    slope = model.quant(op.input).scale[0] * op.alpha / model.quant(op.output).scale[0]
    low, high = INTEGERS[model.tensor(op.output).dtype]
    return Piecewise(
        quantise_multiplier(scale_ratio(model, op)),
        quantise_multiplier(abs(slope)),
        zero_point(model, op.output),
        low,
        high,
        -1 if slope < 0 else 1,
    )


def _float_params(model: Model, op: LeakyRelu, _: Constants) -> Fields:
    """Members of `struct tinyssl_leaky_relu`."""
    return {"size": model.tensor(op.input).elements, "alpha": float_literal(op.alpha)}


def _read(op: OperatorContext) -> LeakyRelu:
    alpha = float(op.require_options().alpha)
    if not np.isfinite(alpha):
        raise op.violation(f"alpha is {alpha}")
    return LeakyRelu(index=op.index, output=op.output, input=op.inputs[0], alpha=alpha)


def _write(op: LeakyRelu, to: Lowering) -> FileOp:
    fields = {"Alpha": op.alpha}
    return FileOp(op.kind, version_of(op, to), op.inputs, op.outputs, "LeakyReluOptions", fields)


def _gradient(graph: Backward, op: LeakyRelu) -> None:
    error = graph.error(op.output)
    graph.pass_back(
        op.input,
        lambda found: LeakyReluError(
            index=graph.next_index, error=error, value=op.input, output=found, alpha=op.alpha
        ),
    )


_FUNCTION = unary_spec(
    LeakyRelu,
    (
        *piecewise_kernels(_pieces),
        Kernel(
            "leaky_relu_f32",
            "tinyssl_leaky_relu",
            ("elements.h",),
            source="exact_f32",
            supports=partial(reads, DType.FLOAT32),
            make_params=_float_params,
            overlaps=elementwise,
        ),
    ),
    TflmNames("AddLeakyRelu", "leaky_relu"),
    checks=(partial(check_pieces, _pieces),),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(1, 1),
        options="LeakyReluOptions",
    ),
)
SPEC = replace(_FUNCTION, gradient=_gradient)
