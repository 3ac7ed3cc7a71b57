"""MEAN over height and width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import Model
from tinyssl.ops.common import window
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Mean(UnaryOp):
    """Mean over height and width of an NHWC activation."""

    kind: ClassVar[str] = "MEAN"

    keep_dims: bool = False


def mean_multiplier(model: Model, op: Mean) -> Multiplier:
    """Sum of (q - zero point) to output: input scale / output scale / number of places.

    The division by the count goes into the mantissa and drops the rest, as
    `QuantizedMeanOrSum` of TFLM does.
    """
    scale = model.quant(op.input).scale[0] / model.quant(op.output).scale[0]
    multiplier = quantise_multiplier(scale)
    _, height, width, _ = model.tensor(op.input).shape
    count = height * width
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.shift)
    return Multiplier((multiplier.value << shift) // count, multiplier.shift - shift)


def _shapes(model: Model, op: Mean) -> tuple[tuple[int, ...], ...]:
    batch, _, _, channels = model.tensor(op.input).shape
    return ((batch, 1, 1, channels) if op.keep_dims else (batch, channels),)


def _check_sum(check: OpCheck[Mean]) -> None:
    """The sum of all places, shifted by its multiplier, fits int32."""
    _, height, width, _ = check.tensor(check.op.input).shape
    bound = 255 * height * width << max(mean_multiplier(check.model, check.op).shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the sum can reach {bound}; the limit is {SUM_MAX}")


def mean_params(model: Model, op: Mean, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_mean`."""
    _, height, width, channels = model.tensor(op.input).shape
    multiplier = mean_multiplier(model, op)
    return {
        "places": height * width,
        "channels": channels,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
    }


def _read(op: OperatorContext) -> Mean:
    rank = len(op.require_rank(0, 4))
    given = op.constant(1)
    if any(not -rank <= axis < rank for axis in given):
        raise op.violation(f"axes {given} of {rank} dimensions")
    axes = sorted({axis % rank for axis in given})
    if axes != [1, 2]:
        raise op.unsupported(
            f"mean over axes {axes}; supported is the mean over height and width [1, 2]"
        )
    return Mean(
        index=op.index,
        output=op.output,
        input=op.inputs[0],
        keep_dims=bool(op.require_options().keepDims),
    )


def _write(op: Mean, to: Lowering) -> FileOp:
    inputs = (op.input, to.constant("axes", [1, 2]))
    return FileOp(op.kind, 2, inputs, op.outputs, "ReducerOptions", {"KeepDims": op.keep_dims})


SPEC = OpSpec(
    op=Mean,
    shapes=_shapes,
    checks=(window.image, _check_sum),
    kernels=(Kernel("mean_s8", "tinyssl_mean", make_params=mean_params),),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        max_version=3,
        inputs=(2, 2),
        options="ReducerOptions",
        int32_inputs=(1,),
    ),
    tflm=TflmNames("AddMean", "reduce"),
)
