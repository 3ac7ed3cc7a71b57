"""CONSTANT: a constant in working memory, for operators that only read activations.

No file has it (`graph.passes.constants` makes it): TFLM's kernels read a constant wherever it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.graph.model import DType, Model, Operand, Role
from tinyssl.ops.common.bases import UnaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import no_file_has
from tinyssl.ops.common.unary import same_shape


@dataclass(frozen=True, kw_only=True)
class Constant(UnaryOp):
    """A copy of its input."""

    kind: ClassVar[str] = "CONSTANT"
    operands: ClassVar[tuple[Operand, ...]] = (Operand("input", tuple(DType), (Role.CONSTANT,)),)
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", tuple(DType), plain=True),)


def _params(model: Model, op: Constant, constants: Constants) -> Fields:
    """Members of `struct tinyssl_constant`."""
    return {
        "from": constants.bytes("copied", op.input),
        "bytes": model.tensor(op.input).bytes,
    }


SPEC = OpSpec(
    op=Constant,
    shapes=same_shape,
    checks=(),
    kernels=(Kernel("constant", "tinyssl_constant", make_params=_params, any_type=True),),
    tflite=no_file_has("write the model before `run_passes`"),
    tflm=TflmNames("", ""),
)
