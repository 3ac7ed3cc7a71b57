"""GROWING_CROSS_ENTROPY: the loss of a model some of whose classes may be free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.gradient import FLOAT
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.new_classes import NEEDED, SOURCE, STRUCT, class_fields
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.training import training_spec


@dataclass(frozen=True, kw_only=True)
class GrowingCrossEntropy(Op):
    """SOFTMAX_CROSS_ENTROPY, but the label's score counts as 0 where its class is free."""

    kind: ClassVar[str] = "GROWING_CROSS_ENTROPY"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("prediction", FLOAT),
        Operand("target", (DType.INT32,), (Role.TARGET,)),
        Operand("bias", FLOAT, (Role.PARAMETER,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("error", FLOAT),
        Operand("loss", FLOAT, (Role.STATE,)),
    )

    prediction: int
    target: int
    """A label, int32 [1]"""
    bias: int
    """Of the last classes, which may be free"""
    error: int
    loss: int
    """float32 [1]: NaN or infinite where there is nothing to learn from"""


def _params(model: Model, op: GrowingCrossEntropy, _constants: Constants) -> Fields:
    return class_fields(model.tensor(op.prediction).elements, model.tensor(op.bias).elements)


_KERNEL: Kernel[GrowingCrossEntropy] = Kernel(
    "growing_cross_entropy_f32", STRUCT, NEEDED, source=SOURCE, make_params=_params
)
SPEC = training_spec(GrowingCrossEntropy, (_KERNEL,))
