"""AVERAGE_POOL_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import Model
from tinyssl.ops.common import pool
from tinyssl.ops.common.gradient import Backward
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat
from tinyssl.ops.training.average_pool_error import AveragePoolError
from tinyssl.ops.training.clamp_error import error_before
from tinyssl.ops.training.quantised_average_pool_error import quantised_average_gradient


@dataclass(frozen=True, kw_only=True)
class AveragePool2D(Pool2D):
    """Padded places are left out of the mean."""

    kind: ClassVar[str] = "AVERAGE_POOL_2D"


def _cmsis_scratch(model: Model, op: AveragePool2D) -> int:
    """Sums of 32 bits."""
    return 4 * model.tensor(op.output).shape[-1]


def _read(op: OperatorContext) -> AveragePool2D:
    return pool.read_pool(op, AveragePool2D)


def _gradient(graph: Backward, op: AveragePool2D) -> None:
    error, window = error_before(graph, op.output, op.activation), pool.pool_window(graph.model, op)
    graph.pass_back(
        op.input,
        lambda found: AveragePoolError(
            index=graph.next_index, error=error, output=found, window=window
        ),
    )


def _quantised_gradient(graph: Backward, op: AveragePool2D) -> None:
    window = pool.pool_window(graph.model, op)
    quantised_average_gradient(graph, op.input, op.output, window, op.activation)


SPEC = OpSpec[AveragePool2D](
    op=AveragePool2D,
    shapes=pool.pool_shapes,
    checks=(pool.geometry, pool.same_quant),
    words=pool.pool_words,
    gradient=_gradient,
    quantised_gradient=_quantised_gradient,
    kernels=pool.pool_kernels("average"),
    tflite=TfliteFormat(
        read=_read,
        write=pool.write_pool,
        inputs=(1, 1),
        options="Pool2DOptions",
    ),
    tflm=TflmNames("AddAveragePool2D", "pooling", _cmsis_scratch),
)
