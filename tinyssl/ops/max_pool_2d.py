"""MAX_POOL_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common import pool
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.max_pool_error import MaxPoolError
from tinyssl.ops.training.quantised_max_pool_error import quantised_max_gradient


@dataclass(frozen=True, kw_only=True)
class MaxPool2D(Pool2D):
    """Padded places are left out of the maximum."""

    kind: ClassVar[str] = "MAX_POOL_2D"


def _read(op: OperatorContext) -> MaxPool2D:
    return pool.read_pool(op, MaxPool2D)


def _gradient(graph: Backward, op: MaxPool2D) -> None:
    error, window = error_before(graph, op.output, op.activation), pool.pool_window(graph.model, op)
    graph.pass_back(
        op.input,
        lambda found: MaxPoolError(
            index=graph.next_index, error=error, input=op.input, output=found, window=window
        ),
    )


def _quantised_gradient(graph: Backward, op: MaxPool2D) -> None:
    window = pool.pool_window(graph.model, op)
    quantised_max_gradient(graph, op.input, op.output, window, op.activation)


SPEC = OpSpec[MaxPool2D](
    op=MaxPool2D,
    shapes=pool.pool_shapes,
    checks=(pool.geometry, pool.same_quant),
    words=pool.pool_words,
    gradient=_gradient,
    quantised_gradient=_quantised_gradient,
    kernels=pool.pool_kernels("max"),
    tflite=TfliteFormat(
        read=_read,
        write=pool.write_pool,
        inputs=(1, 1),
        options="Pool2DOptions",
    ),
    tflm=TflmNames("AddMaxPool2D", "pooling"),
)
