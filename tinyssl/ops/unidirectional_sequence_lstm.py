"""UNIDIRECTIONAL_SEQUENCE_LSTM: a recurrent layer over time that remembers output and state.

int8 with int8 weights, and int16 with int8 weights (16x8). Source: tflite-micro `kernels/
unidirectional_sequence_lstm.cc`, `kernels/lstm_eval.{h,cc}`, `kernels/lstm_eval_common.cc`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role, ValueKind
from tinyssl.ops.common import rules
from tinyssl.ops.common.activation import INTEGERS
from tinyssl.ops.common.fixed_point import INT32_MAX, SUM_MAX, Multiplier, quantise_multiplier
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, prefix_fields, zero_point
from tinyssl.ops.common.sigmoid import FRACTION_BITS, sigmoid_array
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

TYPES = (DType.INT8, DType.INT16)
GATES = ("in", "forget", "cell", "out")
"""In TFLite's order"""
KERNEL_GATES = ("forget", "in", "cell", "out")
GATE_SCALE = 2.0**-12
"""Of a gate's sums: Q3.12"""
FRACTION = 2.0**-FRACTION_BITS
"""Scale of what a gate's function gives"""
TANH = 4
"""ActivationFunctionType of the schema"""
INPUTS = 24
ABSENT = (9, 10, 11, 16, 17, 20, 21, 22, 23)
"""Peepholes, projection, layer normalisation: TFLM has none of them"""
WIDE_SHIFT_MAX = 7
WIDE_SUM_MAX = 2**47


@dataclass(frozen=True, kw_only=True)
class UnidirectionalSequenceLstm(Op):
    """c = forget * c + in * cell; h = out * tanh(c); each gate sees the input and the last h."""

    kind: ClassVar[str] = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("input", TYPES),
        Operand("weights", roles=(Role.CONSTANT,)),
        Operand("recurrent", roles=(Role.CONSTANT,)),
        Operand("biases", (DType.INT32, DType.INT64), (Role.CONSTANT,)),
        Operand("hidden", TYPES, (Role.STATE,)),
        Operand("state", (DType.INT16,), (Role.STATE,)),
    )
    results: ClassVar[tuple[Operand, ...]] = (Operand("output", TYPES),)

    input: int
    """(batches, steps, inputs), or (steps, batches, inputs) where time is major"""
    weights: tuple[int, ...]
    """int8 (units, inputs) of the gates in, forget, cell, out"""
    recurrent: tuple[int, ...]
    """int8 (units, units), likewise"""
    biases: tuple[int, ...]
    """int32 (units), likewise; int64 for int16"""
    hidden: int
    """The last output, batches * units elements"""
    state: int
    """int16, as many"""
    output: int
    time_major: bool = False
    clip: float = 0.0
    """Largest size of the state, in its real unit; 0 for no clip"""


def _units(model: Model, op: UnidirectionalSequenceLstm) -> int:
    return model.tensor(op.recurrent[0]).shape[0]


def _batches_steps(model: Model, op: UnidirectionalSequenceLstm) -> tuple[int, int]:
    first, second, _ = model.tensor(op.input).shape
    return (second, first) if op.time_major else (first, second)


def _scale(model: Model, index: int) -> float:
    return model.quant(index).scale[0]


def _sum_multiplier(model: Model, source: int, weight: int) -> Multiplier:
    """Sum of a gate to Q3.12, in double: older versions of TFLM took the product in float32."""
    return quantise_multiplier(_scale(model, source) * _scale(model, weight) / GATE_SCALE)


def _products(model: Model, op: UnidirectionalSequenceLstm) -> dict[str, Multiplier]:
    """What multiplies forget and state, in and cell, out and tanh(state); in double."""
    state, hidden = _scale(model, op.state), _scale(model, op.hidden)
    return {
        "kept": quantise_multiplier(FRACTION * state / state),
        "added": quantise_multiplier(FRACTION * FRACTION / state),
        "shown": quantise_multiplier(FRACTION * FRACTION / hidden),
    }


def _state_power(model: Model, op: UnidirectionalSequenceLstm) -> int:
    """Left shift of the state to Q3.12; TFLM takes the nearest power of two for its scale."""
    return round(math.log2(_scale(model, op.state))) + 12


def _check_form(check: OpCheck[UnidirectionalSequenceLstm]) -> None:
    """Types, shapes and quantisation that TFLM asks for."""
    model, op = check.model, check.op
    source = check.tensor(op.input)
    if len(source.shape) != 3:
        raise check.violation(f"input has shape {list(source.shape)}; it has three dimensions")
    batches, _ = _batches_steps(model, op)
    units, elements = _units(model, op), batches * _units(model, op)
    for index in (*op.weights, *op.recurrent, *op.biases):
        if not check.tensor(index).constant:
            raise check.unsupported(f"{check.tensor(index).name} must be a constant")
    wide = source.dtype is DType.INT16
    for indices, dtype, shape in (
        (op.weights, DType.INT8, (units, source.shape[2])),
        (op.recurrent, DType.INT8, (units, units)),
        (op.biases, DType.INT64 if wide else DType.INT32, (units,)),
    ):
        for index in indices:
            _check_constant(check, index, dtype, shape)
    for index, dtype in ((op.hidden, source.dtype), (op.state, DType.INT16)):
        value = check.tensor(index)
        if value.kind is not ValueKind.STATE or (value.dtype, value.elements) != (dtype, elements):
            raise check.violation(f"{value.name} is not a variable of {elements} {dtype.value}")
        rules.legal_quant(check, index)
        if len(check.quant(index).scale) != 1:
            raise check.violation(f"{value.name} has more than one scale")
    if check.tensor(op.output).dtype is not source.dtype:
        raise check.unsupported("input and output have different types")


def _check_constant(
    check: OpCheck[UnidirectionalSequenceLstm], index: int, dtype: DType, shape: tuple[int, ...]
) -> None:
    value = check.tensor(index)
    if value.dtype is not dtype:
        raise check.unsupported(f"{value.name} is {value.dtype.value}; it must be {dtype.value}")
    if value.shape != shape:
        raise check.violation(f"{value.name} has shape {list(value.shape)}, not {list(shape)}")
    if index in check.op.biases:
        return
    rules.legal_quant(check, index)
    if len(check.quant(index).scale) != 1 or any(check.quant(index).zero_point):
        raise check.unsupported(f"{value.name} has a scale for each unit, or a zero point")


def _check_numbers(check: OpCheck[UnidirectionalSequenceLstm]) -> None:
    """No sum or shift leaves its type, whatever the inputs were."""
    model, op = check.model, check.op
    if not -30 <= _state_power(model, op) <= 14:
        raise check.unsupported(
            f"the state's scale {_scale(model, op.state):g} is out of 2^-42 to 4"
        )
    if any(product.shift > 0 for product in _products(model, op).values()):
        raise check.unsupported("a scale below 2^-30")
    for reach, multiplier in _reaches(model, op):
        _check_reach(check, reach, multiplier)


def _reaches(model: Model, op: UnidirectionalSequenceLstm) -> Iterator[tuple[int, Multiplier]]:
    """The largest size of each gate's two sums, and what multiplies them."""
    for gate, weight, recurrent in zip(GATES, op.weights, op.recurrent, strict=True):
        for source, index in ((op.input, weight), (op.hidden, recurrent)):
            low, high = INTEGERS[model.tensor(source).dtype]
            zero = zero_point(model, source)
            rows = np.abs(np.asarray(model.tensor(index).array(), np.int64)).sum(axis=1)
            reach = int(rows.max()) * max(high - zero, zero - low)
            if source == op.input:
                reach += max(abs(int(x)) for x in _bias(model, op, gate))
            yield reach, _sum_multiplier(model, source, index)


def sums_double(model: Model, op: UnidirectionalSequenceLstm) -> bool:
    """Whether int8 gates have sums that fit int32 when shifted and doubled."""
    return reads_type(DType.INT8, model, op) and all(
        2 * reach << max(multiplier.shift, 0) <= SUM_MAX
        for reach, multiplier in _reaches(model, op)
    )


def _check_reach(
    check: OpCheck[UnidirectionalSequenceLstm], reach: int, multiplier: Multiplier
) -> None:
    bound = reach << max(multiplier.shift, 0)
    limit = SUM_MAX
    if check.tensor(check.op.input).dtype is DType.INT16:
        bound, limit = reach, WIDE_SUM_MAX - 1
        if multiplier.shift > WIDE_SHIFT_MAX or reach * 2.0**multiplier.shift > INT32_MAX:
            bound = limit + 1
    if bound > limit:
        raise check.unsupported(f"the accumulator can reach {bound}; the limit is {limit}")


def _bias(model: Model, op: UnidirectionalSequenceLstm, gate: str) -> NDArray[np.int64]:
    return np.asarray(model.tensor(op.biases[GATES.index(gate)]).array(), np.int64)


def _offset(model: Model, source: int, weight: int) -> NDArray[np.int64]:
    """What the source's zero point takes off each sum of its products."""
    sums = np.asarray(model.tensor(weight).array(), np.int64).sum(axis=1)
    return np.asarray(-zero_point(model, source) * sums)


def _gate_fields(
    model: Model, op: UnidirectionalSequenceLstm, gate: str, constants: Constants
) -> Fields:
    """Members of `struct tinyssl_lstm_gate`."""
    number = GATES.index(gate)
    weight, recurrent = op.weights[number], op.recurrent[number]
    start = _bias(model, op, gate) + _offset(model, op.input, weight)
    back = _offset(model, op.hidden, recurrent)
    wide = model.tensor(op.input).dtype is DType.INT16
    own, other = (
        _sum_multiplier(model, op.input, weight),
        _sum_multiplier(model, op.hidden, recurrent),
    )
    return {
        "weight": constants.tensor("weight", weight),
        "recurrent": constants.tensor("weight", recurrent),
        "start": constants.table(
            f"start_{gate}", op, "int64_t" if wide else "int32_t", start.tolist()
        ),
        "back": constants.table(f"back_{gate}", op, "int32_t", back.tolist()),
        "multiplier": own.value,
        "back_multiplier": other.value,
        "shift": own.shift,
        "back_shift": other.shift,
    }


def lstm_params(model: Model, op: UnidirectionalSequenceLstm, constants: Constants) -> Fields:
    """Members of `struct tinyssl_lstm`."""
    fields: Fields = {}
    for gate in KERNEL_GATES:
        fields |= prefix_fields(gate, _gate_fields(model, op, gate, constants))
    for name, product in _products(model, op).items():
        fields |= {f"{name}.multiplier": product.value, f"{name}.shift": product.shift}
    batches, steps = _batches_steps(model, op)
    power = _state_power(model, op)
    low, high = _state_range(model, op)
    return {
        **fields,
        "table": sigmoid_array(constants),
        "inputs": model.tensor(op.input).shape[2],
        "units": _units(model, op),
        "batches": batches,
        "steps": steps,
        "batch_rows": 1 if op.time_major else steps,
        "step_rows": batches if op.time_major else 1,
        "state_multiplier": 3 << max(power, 0),
        "state_shift": max(-power, 0),
        "state_min": low,
        "state_max": high,
        "out_zero": zero_point(model, op.hidden),
    }


def _state_range(model: Model, op: UnidirectionalSequenceLstm) -> tuple[int, int]:
    """Smallest and largest state."""
    low, high = INTEGERS[DType.INT16]
    if not op.clip > 0:
        return low, high
    clip = int(min(max(op.clip / _scale(model, op.state), low), high))
    return -clip, clip


def _macs(model: Model, op: UnidirectionalSequenceLstm) -> int:
    batches, steps = _batches_steps(model, op)
    weights = sum(model.tensor(index).elements for index in (*op.weights, *op.recurrent))
    return batches * steps * weights


def _words(model: Model, op: UnidirectionalSequenceLstm) -> list[str]:
    return [f"{_batches_steps(model, op)[1]} steps", f"{_units(model, op)} units"]


def reads_type(dtype: DType, model: Model, op: UnidirectionalSequenceLstm) -> bool:
    """Whether the input is of a type."""
    return model.tensor(op.input).dtype is dtype


def _kernels() -> Iterator[Kernel[UnidirectionalSequenceLstm]]:
    for name, dtype in (("lstm_s8", DType.INT8), ("lstm_s16", DType.INT16)):
        yield Kernel(
            name,
            "tinyssl_lstm",
            ("lstm_unit.h", "sigmoid_s16.h"),
            source="lstm",
            supports=partial(reads_type, dtype),
            make_params=lstm_params,
        )


def _read(op: OperatorContext) -> UnidirectionalSequenceLstm:
    if len(op.inputs) != INPUTS:
        raise op.unsupported(
            f"{len(op.inputs)} inputs; {INPUTS} are supported", "convert it with TensorFlow 2"
        )
    if any(op.inputs[position] != -1 for position in ABSENT):
        raise op.unsupported("peephole weights, a projection or layer normalisation")
    if any(op.inputs[at] == -1 for at in range(INPUTS) if at not in ABSENT):
        raise op.unsupported("an input and forget gate in one")
    options = op.require_options()
    if options.fusedActivationFunction != TANH:
        raise op.unsupported(
            f"fused activation {options.fusedActivationFunction}; TANH is supported"
        )
    return UnidirectionalSequenceLstm(
        index=op.index,
        input=op.inputs[0],
        weights=op.inputs[1:5],
        recurrent=op.inputs[5:9],
        biases=op.inputs[12:16],
        hidden=op.inputs[18],
        state=op.inputs[19],
        output=op.output,
        time_major=bool(options.timeMajor),
        clip=float(options.cellClip),
    )


def _write(op: UnidirectionalSequenceLstm, to: Lowering) -> FileOp:
    none = (-1,)
    inputs = (op.input, *op.weights, *op.recurrent, *3 * none, *op.biases, *2 * none)
    fields = {
        "FusedActivationFunction": TANH,
        "CellClip": op.clip,
        "TimeMajor": op.time_major,
    }
    return FileOp(
        op.kind,
        1,
        (*inputs, op.hidden, op.state, *4 * none),
        op.outputs,
        "UnidirectionalSequenceLSTMOptions",
        fields,
    )


SPEC = OpSpec(
    op=UnidirectionalSequenceLstm,
    shapes=lambda model, op: ((*model.tensor(op.input).shape[:2], _units(model, op)),),
    checks=(_check_form, _check_numbers),
    macs=_macs,
    words=_words,
    kernels=tuple(_kernels()),
    tflite=TfliteFormat(
        read=_read,
        write=_write,
        inputs=(1, INPUTS),
        options="UnidirectionalSequenceLSTMOptions",
    ),
    tflm=TflmNames("AddUnidirectionalSequenceLSTM", "unidirectional_sequence_lstm"),
)
