"""SVDF: a layer of filters over time that remembers its last outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, ValueKind
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import INTEGERS, Activation
from tinyssl.ops.common.fixed_point import SUM_MAX, Multiplier, quantise_multiplier, requantise
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, zero_point
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import (
    ACTIVATION_NUMBERS,
    FileOp,
    Lowering,
    OperatorContext,
    TfliteFormat,
)
from tinyssl.ops.common.weights import signed_sums

STATES = (DType.INT16, DType.INT8)


@dataclass(frozen=True, kw_only=True)
class Svdf(Op):
    """`rank` filters make one output.

    Each multiplies the input by its row of `feature`, keeps the last results in its row of the
    state, and multiplies these by its row of `time`.
    """

    kind: ClassVar[str] = "SVDF"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input"),
        Operand("feature", roles=(Role.CONSTANT,)),
        Operand("time", STATES, (Role.CONSTANT,)),
        Operand("bias", (DType.INT32,), (Role.CONSTANT,)),
        Operand("state", STATES, (Role.STATE,)),
    )

    input: int
    feature: int
    """int8 (filters, inputs)"""
    time: int
    """int16 or int8 (filters, memory)"""
    bias: int
    """int32 (outputs)"""
    state: int
    """Of the type of `time`, (batches, filters * memory)"""
    output: int
    rank: int
    activation: Activation = Activation.NONE
    """NONE, or RELU where the output's zero point is its smallest number: TFLM clamps to int8"""


def svdf_multipliers(model: Model, op: Svdf) -> tuple[Multiplier, Multiplier]:
    """Feature product to state, and sum over time to output; in double.

    Some versions of TFLM take them in float32; the one that the tests compare with does not.
    """
    scales = [op.input, op.feature, op.state, op.time, op.output]
    source, feature, state, time, target = (model.quant(i).scale[0] for i in scales)
    return (
        quantise_multiplier(source * feature / state),
        quantise_multiplier(state * time / target),
    )


def _check_shapes(check: OpCheck[Svdf]) -> None:
    """Constants and state have the types and shapes that the input and each other ask for."""
    op = check.op
    shape = check.tensor(op.input).shape
    feature, time = check.tensor(op.feature).shape, check.tensor(op.time).shape
    if len(shape) != 2 or len(feature) != 2 or len(time) != 2 or op.rank < 1:
        shapes = f"{list(shape)}, {list(feature)}, {list(time)}"
        raise check.violation(f"shapes {shapes}; rank {op.rank}")
    filters = feature[0]
    if feature[1] != shape[1] or time[0] != filters or filters % op.rank:
        raise check.violation(
            f"{shape[1]} inputs, {list(feature)} and {list(time)} weights of rank {op.rank}"
        )
    expected = {op.bias: (filters // op.rank,), op.state: (shape[0], filters * time[1])}
    for index, wanted in expected.items():
        if check.tensor(index).shape != wanted:
            found = check.tensor(index)
            raise check.violation(f"{found.name} has shape {list(found.shape)}, not {list(wanted)}")


def _check_values(check: OpCheck[Svdf]) -> None:
    """Weights and bias are constants, the state is a variable; types and quantisation are legal."""
    op = check.op
    for operand in op.operands[1:]:
        (index,) = op.values(operand)
        value = check.tensor(index)
        if value.dtype not in operand.types:
            types = " or ".join(dtype.value for dtype in operand.types)
            raise check.unsupported(f"{value.name} is {value.dtype.value}; it must be {types}")
        if Role.CONSTANT in operand.roles and not value.constant:
            raise check.unsupported(f"{value.name} must be a constant")
        if index == op.bias:
            continue
        rules.legal_quant(check, index)
        zero = index != op.state and any(check.quant(index).zero_point)
        if len(check.quant(index).scale) != 1 or zero:
            raise check.violation(f"{value.name} has more than one scale, or a zero point")
    if check.tensor(op.state).dtype is not check.tensor(op.time).dtype:
        raise check.unsupported("the state and the weights over time have different types")
    if check.tensor(op.state).kind is not ValueKind.STATE:
        raise check.violation(f"{check.tensor(op.state).name} is not a variable")


def _check_sums(check: OpCheck[Svdf]) -> None:
    """No sum overflows int32, whatever the inputs were."""
    model, op = check.model, check.op
    first, last = svdf_multipliers(model, op)
    products = _feature_reach(model, op)
    _check_reach(check, int(products.max()), first)
    zero = abs(zero_point(model, op.state))
    top = INTEGERS[model.tensor(op.state).dtype][1] + 1
    states = np.array([min(abs(requantise(int(x), first)) + 1 + zero, top) for x in products])
    times = np.abs(np.asarray(model.tensor(op.time).array(), np.int64)).sum(axis=1)
    bias = np.abs(_start(model, op))
    sums = (states * times).reshape(-1, op.rank).sum(axis=1) + bias
    _check_reach(check, int(sums.max()), last)


def _start(model: Model, op: Svdf) -> NDArray[np.int64]:
    """The bias of each output, less what the state's zero point adds to its sum."""
    times = np.asarray(model.tensor(op.time).array(), np.int64).sum(axis=1)
    bias = np.asarray(model.tensor(op.bias).array(), np.int64)
    return np.asarray(bias - zero_point(model, op.state) * times.reshape(-1, op.rank).sum(axis=1))


def _feature_reach(model: Model, op: Svdf) -> NDArray[np.int64]:
    """Largest size of each filter's product with any input."""
    zero = zero_point(model, op.input)
    positive, negative = signed_sums(model.tensor(op.feature).array())
    high = positive * (127 - zero) + negative * (-128 - zero)
    low = positive * (-128 - zero) + negative * (127 - zero)
    reach: NDArray[np.int64] = np.maximum(high, -low)
    return reach


def _check_reach(check: OpCheck[Svdf], reach: int, multiplier: Multiplier) -> None:
    bound = reach << max(multiplier.shift, 0)
    if bound > SUM_MAX:
        raise check.unsupported(f"the accumulator can reach {bound}; the limit is {SUM_MAX}")


def _macs(model: Model, op: Svdf) -> int:
    batches = model.tensor(op.input).shape[0]
    return batches * (model.tensor(op.feature).elements + model.tensor(op.time).elements)


def svdf_params(model: Model, op: Svdf, constants: Constants) -> Fields:
    """Members of `struct tinyssl_svdf`."""
    first, last = svdf_multipliers(model, op)
    bias = constants.tensor("bias", op.bias)
    if zero_point(model, op.state):
        bias = constants.table("start", op, "int32_t", _start(model, op).tolist())
    return {
        "feature": constants.tensor("weight", op.feature),
        "time": constants.tensor("weight", op.time),
        "bias": bias,
        "inputs": model.tensor(op.feature).shape[1],
        "outputs": model.tensor(op.output).shape[1],
        "rank": op.rank,
        "memory": model.tensor(op.time).shape[1],
        "batches": model.tensor(op.input).shape[0],
        "state_multiplier": first.value,
        "out_multiplier": last.value,
        "state_shift": first.shift,
        "out_shift": last.shift,
        "in_zero": zero_point(model, op.input),
        "out_zero": zero_point(model, op.output),
        "state_zero": zero_point(model, op.state),
    }


def keeps_type(dtype: DType, model: Model, op: Svdf) -> bool:
    """Whether the state is of a type."""
    return model.tensor(op.state).dtype is dtype


def _kernel(name: str, dtype: DType) -> Kernel[Svdf]:
    return Kernel(
        name,
        "tinyssl_svdf",
        source="svdf",
        supports=partial(keeps_type, dtype),
        make_params=svdf_params,
    )


def _read(op: OperatorContext) -> Svdf:
    source, feature, time, bias, state = op.inputs
    return Svdf(
        index=op.index,
        input=source,
        feature=feature,
        time=time,
        bias=bias,
        state=state,
        output=op.output,
        rank=op.require_options().rank,
        activation=op.activation(),
    )


def _write(op: Svdf, _: Lowering) -> FileOp:
    fields = {"Rank": op.rank, "FusedActivationFunction": ACTIVATION_NUMBERS[op.activation]}
    return FileOp(op.kind, 3, op.inputs, op.outputs, "SVDFOptions", fields)


SPEC = OpSpec(
    op=Svdf,
    shapes=lambda model, op: (
        (model.tensor(op.input).shape[0], model.tensor(op.feature).shape[0] // op.rank),
    ),
    checks=(_check_values, _check_shapes, _check_sums),
    macs=_macs,
    words=lambda model, op: [f"rank {op.rank}", f"memory {model.tensor(op.time).shape[1]}"],
    kernels=(_kernel("svdf_s8_s16", DType.INT16), _kernel("svdf_s8", DType.INT8)),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(5, 5), options="SVDFOptions"),
    tflm=TflmNames("AddSvdf", "svdf"),
)
