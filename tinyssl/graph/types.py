"""Element types that no operator takes: of a whole model in one line, else operator by operator."""

from __future__ import annotations

from tinyssl.core.errors import Blocker
from tinyssl.graph.model import DType, Model, Op, Operand, Role

FLOAT_HINT = (
    "quantise it to INT8 with samples of what it will see: "
    "`tinyssl convert --model FILE --calibration DATA`"
)
INT16_HINT = (
    "quantise the activations to INT8: leave out "
    "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
)
UINT8_HINT = "convert the original model again, to INT8: converters since 2020 do"
QUANTISED = (DType.INT8, DType.INT16, DType.UINT8)


def type_blockers(model: Model) -> tuple[list[Blocker], set[int]]:
    """A blocker for each operator and type that it does not take, and the values of these types.

    A model that is float32 or uint8 throughout gets one blocker.
    """
    wrong = [
        (op, operand, index)
        for op in model.ops
        for operand in (*op.operands, *op.results)
        if Role.ACTIVATION in operand.roles
        for index in op.values(operand)
        if model.tensor(index).dtype not in operand.types
    ]
    found: dict[tuple[str, DType], Blocker] = {}
    for op, operand, index in wrong:
        dtype = model.tensor(index).dtype
        same = [value for _, _, value in wrong if model.tensor(value).dtype is dtype]
        blocker = _whole(model, dtype, same) or _operator(op, operand, dtype)
        found.setdefault((blocker.place, dtype), blocker)
    return list(found.values()), {index for _, _, index in wrong}


def _whole(model: Model, dtype: DType, wrong: list[int]) -> Blocker | None:
    """What is wrong with a model of which nothing is quantised as it should be."""
    activations = {index for op in model.ops for index in (*op.inputs, *op.outputs)}
    activations = {index for index in activations if not model.tensor(index).constant}
    types = {model.tensor(index).dtype for index in activations} & {*QUANTISED}
    others = f", as are {len({*wrong}) - 1} other activations" if len({*wrong}) > 1 else ""
    start = f"{model.tensor(wrong[0]).name} is {dtype.value}{others}"
    if dtype is DType.FLOAT32 and not types:
        constants = {index for op in model.ops for index in op.of_role(Role.CONSTANT)}
        dynamic = any(model.tensor(index).dtype is DType.INT8 for index in constants)
        what = "only its weights are quantised" if dynamic else "the model is not quantised"
        return Blocker("", f"{start}: {what}", FLOAT_HINT)
    if dtype is DType.UINT8 and types == {dtype}:
        return Blocker("", f"{start}: the model is quantised to UINT8", UINT8_HINT)
    return None


def _operator(op: Op, operand: Operand, dtype: DType) -> Blocker:
    """What one operator does not take."""
    taken = " or ".join(each.value for each in operand.types)
    of_16x8 = dtype is DType.INT16
    found = f"{dtype.value} (16x8 quantisation)" if of_16x8 else dtype.value
    text = f"its {operand.name} is {found}; tinyssl has it for {taken}"
    return Blocker(op.label, text, INT16_HINT if of_16x8 else "")
