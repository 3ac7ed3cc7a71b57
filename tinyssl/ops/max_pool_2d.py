"""MAX_POOL_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common import pool
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class MaxPool2D(Pool2D):
    """Padded places are left out of the maximum."""

    kind: ClassVar[str] = "MAX_POOL_2D"


def _read(op: OperatorContext) -> MaxPool2D:
    return pool.read_pool(op, MaxPool2D)


SPEC = OpSpec[MaxPool2D](
    op=MaxPool2D,
    shapes=pool.pool_shapes,
    checks=(pool.geometry, pool.same_quant),
    words=pool.pool_words,
    kernels=pool.pool_kernels("max"),
    tflite=TfliteFormat(
        read=_read,
        write=pool.write_pool,
        inputs=(1, 1),
        options="Pool2DOptions",
    ),
    tflm=TflmNames("AddMaxPool2D", "pooling"),
)
