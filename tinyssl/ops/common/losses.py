"""The form of a loss: predictions and a target in, the error and the loss out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class LossOp(Op):
    """One loss over all elements of a prediction."""

    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("prediction", FLOAT),
        Operand("target", (DType.FLOAT32, DType.INT32), (Role.TARGET, Role.ACTIVATION)),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("error", FLOAT),
        Operand("loss", FLOAT, (Role.STATE,)),
    )

    prediction: int
    target: int
    """A label, int32 [1], or a float32 of the prediction's shape"""
    error: int
    loss: int
    """float32 [1]: NaN or infinite where there is nothing to learn from"""
    clip: float = math.inf
    """Largest size of a difference in the error"""


def _params(model: Model, op: LossOp, _constants: Constants) -> Fields:
    """Members of `struct tinyssl_loss`."""
    size = model.tensor(op.prediction).elements
    return {"size": size, "share": float_literal(1 / size), "clip": float_literal(op.clip)}


def loss_spec(op: type[LossOp], name: str) -> OpSpec[Any]:
    """The specification of a loss: kernel `tinyssl_<name>_f32` in `loss_f32.c`."""
    needed = ("smooth_f32.h", "smooth_f32.c", "elements.h", "product_f32.h", "float_bits.h")
    kernel: Kernel[Any] = Kernel(
        f"{name}_f32", "tinyssl_loss", needed, source="loss_f32", make_params=_params
    )
    return training_spec(op, (kernel,))
