"""Which activations are not int8, said once for the whole model."""

from __future__ import annotations

from tinyssl.core.errors import Blocker
from tinyssl.graph.model import DType, Model, Op, Role

FLOAT_HINT = (
    "quantise it to INT8 where you made it (TFLiteConverter with a representative_dataset, or "
    "ai-edge-quantizer); `tinyssl convert` does so for models that were trained here"
)
INT16_HINT = (
    "quantise the activations to INT8: leave out "
    "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
)


def type_blockers(model: Model) -> tuple[list[Blocker], set[int]]:
    """One blocker for each type of activations that an operator does not take, and these."""
    wrong = dict.fromkeys(
        index
        for op in model.ops
        for index, types in _activations(op)
        if model.tensor(index).dtype not in types
    )
    by_type: dict[DType, list[int]] = {}
    for index in wrong:
        by_type.setdefault(model.tensor(index).dtype, []).append(index)
    return [_blocker(model, dtype, found) for dtype, found in by_type.items()], set(wrong)


def _activations(op: Op) -> list[tuple[int, tuple[DType, ...]]]:
    """Activations that an operator reads and writes, with the types that it takes there."""
    return [
        (index, operand.types)
        for operand in (*op.operands, *op.results)
        if Role.ACTIVATION in operand.roles
        for index in op.values(operand)
    ]


def _blocker(model: Model, dtype: DType, found: list[int]) -> Blocker:
    others = f", as are {len(found) - 1} other activations" if len(found) > 1 else ""
    start = f"{model.tensor(found[0]).name} is {dtype.value}{others}"
    if dtype is DType.FLOAT32:
        constants = {index for op in model.ops for index in op.of_role(Role.CONSTANT)}
        dynamic = any(model.tensor(index).dtype is DType.INT8 for index in constants)
        what = "only its weights are quantised" if dynamic else "the model is not quantised"
        return Blocker("", f"{start}: {what}", FLOAT_HINT)
    if dtype is DType.INT16:
        return Blocker("", f"{start} (16x8 quantisation): int8 is supported", INT16_HINT)
    return Blocker("", f"{start}: int8 is supported")
