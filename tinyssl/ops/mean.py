"""MEAN over any axes; int8, int16 and float32. That of height and width of an image is faster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import ClassVar

from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import reduce, rules
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.pool_error import PoolWindow
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.training.average_pool_error import AveragePoolError
from tinyssl.ops.training.quantised_average_pool_error import quantised_average_gradient

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


def _window(graph: Backward, op: Mean) -> PoolWindow:
    """As of an average pooling whose window is the image; of axes side by side.

    Raises:
        UnsupportedModel: The axes are apart.
    """
    shape = graph.model.tensor(op.input).shape
    first, end = op.axes[0], op.axes[-1] + 1
    if op.axes != tuple(range(first, end)):
        what = f"nothing can learn before it, as its axes {list(op.axes)} are apart"
        raise blocked([Blocker(op.label, what, "let only layers behind it learn")])
    rows, inside = shape[first], prod(shape[first + 1 : end])
    outside, channels = prod(shape[:first]), prod(shape[end:])
    return PoolWindow(
        source=(outside, rows, inside, channels),
        target=(outside, 1, 1, channels),
        size=(rows, inside),
        stride=(1, 1),
    )


def _gradient(graph: Backward, op: Mean) -> None:
    error, window = graph.error(op.output), _window(graph, op)
    graph.pass_back(
        op.input,
        lambda found: AveragePoolError(
            index=graph.next_index, error=error, output=found, window=window
        ),
    )


def _quantised_gradient(graph: Backward, op: Mean) -> None:
    window = _window(graph, op)
    quantised_average_gradient(graph, op.input, op.output, window, Activation.NONE)


SPEC = OpSpec(
    op=Mean,
    shapes=reduce.reduce_shapes,
    checks=(rules.same_types, reduce.check_axes, partial(reduce.check_sum, mean_multiplier)),
    gradient=_gradient,
    quantised_gradient=_quantised_gradient,
    words=lambda model, op: [] if image_mean(model, op) else reduce.reduce_words(model, op),
    kernels=(
        Kernel("mean_s8", "tinyssl_mean", supports=image_mean, make_params=mean_params),
        *reduce.sum_kernels(mean_multiplier, reduce.reduced_count),
    ),
    tflite=reduce.reduce_format(Mean),
    tflm=TflmNames("AddMean", "reduce"),
)
