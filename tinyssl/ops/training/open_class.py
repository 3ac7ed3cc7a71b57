"""OPEN_CLASS: a free class takes part from the first sample that bears its label."""

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
class OpenClass(Op):
    """The bias of the label's class becomes 0 if the class is free.

    Other free classes get the bias of free ones again, whatever weight decay made of it.
    """

    kind: ClassVar[str] = "OPEN_CLASS"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("target", (DType.INT32,), (Role.TARGET,)),)
    results: ClassVar[tuple[Operand, ...]] = (
        Operand("bias", FLOAT, (Role.PARAMETER,)),
        Operand("velocity", FLOAT, (Role.STATE,)),
    )

    target: int
    """A label, int32 [1]"""
    bias: int
    """Of the last classes, which may be free"""
    velocity: int | None
    """Of the bias, with momentum; 0 for classes that are or were free"""
    classes: int
    """In all"""


def _params(model: Model, op: OpenClass, _constants: Constants) -> Fields:
    free = model.tensor(op.bias).elements
    return class_fields(op.classes, free, momentum=op.velocity is not None)


_KERNEL: Kernel[OpenClass] = Kernel(
    "open_class_f32", STRUCT, NEEDED, source=SOURCE, make_params=_params, variadic=True
)
SPEC = training_spec(OpenClass, (_KERNEL,))
