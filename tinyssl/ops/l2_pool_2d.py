"""L2_POOL_2D of float32: the root of the mean of the squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand
from tinyssl.ops.common import pool, window
from tinyssl.ops.common.activation import float_range
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class L2Pool2D(Pool2D):
    """Padded places are left out of the mean."""

    kind: ClassVar[str] = "L2_POOL_2D"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", (DType.FLOAT32,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", (DType.FLOAT32,)),)


def _params(model: Model, op: L2Pool2D, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_l2_pool2d`."""
    low, high = float_range(op.activation)
    return {
        **pool.window_fields(model, op),
        "out_min": float_literal(low),
        "out_max": float_literal(high),
    }


def _read(op: OperatorContext) -> L2Pool2D:
    return pool.read_pool(op, L2Pool2D)


SPEC = OpSpec[L2Pool2D](
    op=L2Pool2D,
    shapes=pool.pool_shapes,
    checks=(window.image, pool.geometry),
    words=pool.pool_words,
    kernels=(
        Kernel(
            "l2_pool2d_f32", "tinyssl_l2_pool2d", ("pool2d.h", "product_f32.h"), make_params=_params
        ),
    ),
    tflite=TfliteFormat(
        read=_read,
        write=pool.write_pool,
        inputs=(1, 1),
        options="Pool2DOptions",
    ),
    tflm=TflmNames("AddL2Pool2D", "l2_pool_2d"),
)
