"""MEAN over any axes; int8, int16 and float32. That of height and width of an image is faster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import reduce, rules
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.common.spec import OpSpec, TflmNames

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


@dataclass(frozen=True, kw_only=True)
class Mean(reduce.ReduceOp):
    """Sum over some axes, over the number of its elements."""

    kind: ClassVar[str] = "MEAN"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", TYPES),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)


def image_mean(model: Model, op: Mean) -> bool:
    """Whether it is the mean over height and width of one int8 NHWC image."""
    source = model.tensor(op.input)
    image = len(source.shape) == 4 and source.shape[0] == 1
    return image and source.dtype is DType.INT8 and op.axes == (1, 2)


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


SPEC = OpSpec(
    op=Mean,
    shapes=reduce.reduce_shapes,
    checks=(rules.same_types, reduce.check_axes, partial(reduce.check_sum, mean_multiplier)),
    words=lambda model, op: [] if image_mean(model, op) else reduce.reduce_words(model, op),
    kernels=(
        Kernel("mean_s8", "tinyssl_mean", supports=image_mean, make_params=mean_params),
        *reduce.sum_kernels(mean_multiplier, reduce.reduced_count),
    ),
    tflite=reduce.reduce_format(Mean),
    tflm=TflmNames("AddMean", "reduce"),
)
