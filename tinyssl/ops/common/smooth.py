"""Activation functions of networks that learn on the device: `smooth_f32.c` in place of `<math.h>`.

C libraries differ in the last place, so that a step would differ from target to target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tinyssl.ops.common.activation_error import ActivationError, function_gradient
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec
from tinyssl.ops.common.unary import FloatOp, elements, same_shape

ULPS = 8
"""By which it may differ from TFLM's function, which is the C library's"""


@dataclass(frozen=True, kw_only=True)
class SmoothOp(FloatOp):
    """A function of one float32 within a few units in the last place of the real value."""


def smooth_spec(op: type[SmoothOp], name: str, error_op: type[ActivationError]) -> OpSpec[Any]:
    """The specification: kernel `tinyssl_smooth_<name>_f32`. It is part of the inference."""
    kernel: Kernel[Any] = Kernel(
        f"smooth_{name}_f32",
        "tinyssl_elements",
        ("elements.h", "product_f32.h"),
        source="smooth_f32",
        make_params=elements,
        overlaps=elementwise,
    )
    spec = training_spec(op, (kernel,))
    return replace(
        spec, shapes=same_shape, training=False, ulps=ULPS, gradient=function_gradient(error_op)
    )
