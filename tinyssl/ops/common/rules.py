"""Rules that many operators keep; one function a rule."""

from __future__ import annotations

import math

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Op, Operand, Role, Value, ValueKind
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.bases import UnaryOp

ELEMENTS_MAX = 2**28
"""Of any value, weights too: offsets in the generated C are int32 products of dimensions, and even
2^28 int32 end below 2^31 bytes. The planner bounds working memory, whose size is a kernel's own
(`compiler.arena`). Microcontrollers end far below."""
TOO_MANY = f"up to {ELEMENTS_MAX} are supported"


PLAIN = (DType.FLOAT32, DType.INT32, DType.INT64, DType.BOOL, DType.UINT32, DType.UINT64)
"""Types whose elements need no quantisation"""

SYMMETRIC = (DType.INT16,)
"""Types whose zero point is 0"""

LASTING_ROLES = {
    ValueKind.PARAMETER: (Role.PARAMETER,),
    ValueKind.STATE: (Role.STATE, Role.ACTIVATION),
    ValueKind.TARGET: (Role.TARGET,),
}
"""Kind of a value that outlives an inference -> roles of operands where it may stand. A state is
read and written as an activation is, only that it keeps its value"""


def values(check: OpCheck[Op]) -> None:
    """Activations have one legal scale where they are quantised.

    What lasts stands only where the operator takes it.
    """
    op = check.op
    for index in (*op.inputs, *op.outputs):
        _elements(check, check.tensor(index))
    for operand in (*op.operands, *op.results):
        for index in op.values(operand):
            _lasting(check, operand, index)
            if Role.ACTIVATION in operand.roles:
                _activation(check, operand, index)


def _lasting(check: OpCheck[Op], operand: Operand, index: int) -> None:
    """Parameters and states need an operator that knows of them."""
    value = check.tensor(index)
    needed = LASTING_ROLES.get(value.kind)
    if needed is not None and not {*needed} & {*operand.roles}:
        raise check.unsupported(
            f"{value.name} keeps its value between inferences; it cannot be the {operand.name}",
            hint="make it a constant, or an input",
        )


def _activation(check: OpCheck[Op], operand: Operand, index: int) -> None:
    tensor = check.tensor(index)
    given = tensor.dtype is DType.INT32 and tensor.quant is not None
    if not operand.plain and (given or tensor.dtype not in PLAIN):
        zero_scale = operand.zero_scale and tensor.constant
        legal_quant(check, index, any_zero=operand.any_zero, zero_scale=zero_scale)
        if len(check.quant(index).scale) != 1:
            raise check.violation(f"{tensor.name} is an activation with more than one scale")


def _elements(check: OpCheck[Op], tensor: Value) -> None:
    """A value, constant or not, whose offsets are int32."""
    if tensor.elements > ELEMENTS_MAX:
        raise check.unsupported(f"{tensor.name} has {tensor.elements} elements; {TOO_MANY}")


def legal_quant(
    check: OpCheck[Op], index: int, *, any_zero: bool = False, zero_scale: bool = False
) -> None:
    """Scales are positive and finite, zero points of the type, as many of each.

    `any_zero`: an int16 value may have another zero point than 0. `zero_scale`: scales may be 0.
    """
    tensor, quant = check.tensor(index), check.quant(index)
    if len(quant.scale) != len(quant.zero_point):
        raise check.violation(
            f"{tensor.name} has {len(quant.scale)} scales and {len(quant.zero_point)} zero points"
        )
    symmetric = tensor.dtype in SYMMETRIC and not any_zero
    low, high = (0, 0) if symmetric else INTEGERS[tensor.dtype]
    for scale, zero in zip(quant.scale, quant.zero_point, strict=True):
        if not (math.isfinite(scale) and (scale > 0 or (zero_scale and scale == 0))):
            raise check.violation(f"{tensor.name} has scale {scale}; it must be positive")
        if not low <= zero <= high:
            raise check.violation(
                f"{tensor.name} has zero point {zero}; {tensor.dtype.value} has {low} to {high}"
            )


def same_quant(check: OpCheck[UnaryOp]) -> None:
    """Input and output have one quantisation: the operator only moves or compares numbers."""
    source, target = check.quant(check.op.input), check.quant(check.op.output)
    if source != target:
        raise check.violation(
            f"input (scale {source.scale[0]:g}, zero point {source.zero_point[0]}) and output "
            f"(scale {target.scale[0]:g}, zero point {target.zero_point[0]}) must have the same "
            "quantisation"
        )


def same_elements(check: OpCheck[UnaryOp]) -> None:
    """A reshaped tensor has as many elements as before."""
    source, target = check.tensor(check.op.input), check.tensor(check.op.output)
    if source.elements != target.elements:
        raise check.violation(f"{source.elements} elements cannot become {target.elements}")


def same_types(check: OpCheck[Op]) -> None:
    """All operands and results have one element type."""
    one_type(check, *check.op.inputs, *check.op.outputs)


def one_type(check: OpCheck[Op], *indices: int) -> None:
    """Some values of an operator have one element type."""
    types = dict.fromkeys(check.tensor(index).dtype.value for index in indices)
    if len(types) > 1:
        raise check.unsupported(f"inputs and outputs are {' and '.join(types)}; one type is needed")


def reach(check: OpCheck[Op], index: int) -> int:
    """Largest distance of a quantised input from its zero point; of a constant, what it holds."""
    value, zero = check.tensor(index), check.quant(index).zero_point[0]
    low, high = INTEGERS[value.dtype]
    if value.constant:
        elements = value.array()
        low, high = int(elements.min()), int(elements.max())
    return max(zero - low, high - zero)
