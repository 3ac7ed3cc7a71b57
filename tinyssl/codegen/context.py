"""All that the aot templates may see: names, numbers and text, worked out here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.codegen.literals import comment_text, rows, string_literal
from tinyssl.codegen.tensors import memory_context, table_context
from tinyssl.compiler.calls import KernelCall, call_inputs, call_ops, call_outputs
from tinyssl.compiler.describe import call_label, op_text, shape_text
from tinyssl.compiler.layout import ALIGNMENT, PART_ALIGNMENT, lasting
from tinyssl.compiler.program import Program
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import DType, Model, Role
from tinyssl.graph.training import has_training, training_start
from tinyssl.ops import macs
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Array, Fields, c_type
from tinyssl.targets.kernels import KERNEL_ABI

UINT8_ZERO_POINT = -128
INT32_MAX = 2**31 - 1
UINT16_MAX = 2**16 - 1

MLPERF_IDS: dict[tuple[tuple[int, ...], int], str] = {
    ((1, 96, 96, 3), 2): "vww01",
    ((1, 32, 32, 3), 10): "ic01",
    ((1, 49, 10, 1), 12): "kws01",
}
"""Input shape and classes of the MLPerf Tiny references -> the id that their runner asks for"""


@dataclass(frozen=True)
class CallRow:
    """A kernel call in model.c."""

    last: int
    """Position of its last operator in the execution order"""
    label: str
    """`#3 CONV_2D`, `#3-#4 CONV_2D+ADD`: numbers in the file it was read from"""
    comments: list[str]
    """One for each operator, and where the data lie, in bytes"""
    params: str
    """Address of the parameter struct, or NULL"""
    kernel: str
    """Name of the kernel's enumeration constant"""
    operands: list[int]
    """Outputs, inputs, then working memory: offsets in units of `_operand_unit`. Of a kernel
    with any number of operands: its first output, and where its operands begin in the list"""


@dataclass(frozen=True)
class KernelCase:
    """A kernel in model.c."""

    constant: str
    """Name in the enumeration"""
    arrays: list[str]
    """Declarations of arrays of pointers, for operators of any number of operands"""
    call: str
    """The C expression that calls it"""


@dataclass(frozen=True)
class Struct:
    """The parameters of one call."""

    type: str
    name: str
    members: list[tuple[str, int | str]]


@dataclass(frozen=True)
class ConstantArray:
    """An array of weights.c."""

    declaration: str
    comment: str
    rows: list[str]


def model_context(program: Program) -> dict[str, Any]:
    """Names for all generated files; weights.c takes those of `weights_context` too."""
    graph, plan, calls = program.graph, program.plan, program.calls
    unit = _operand_unit(program)
    structs = [
        Struct(call.kernel.struct, _params_name(call), _members(params))
        for call, params in zip(calls, program.params, strict=True)
        if call.kernel is not None
    ]
    return {
        **_facts(program),
        "kernel_abi": KERNEL_ABI,
        "kernel_headers": sorted({call.kernel.header for call in calls if call.kernel}),
        "operand_unit": unit,
        "operand_type": "uint16_t" if plan.peak // unit <= UINT16_MAX else "uint32_t",
        "kernels": _kernel_cases(graph, calls),
        **_call_table(program),
        "inference_count": len(program.inference_calls),
        **_loss(program),
        "structs": structs,
        "weight_bytes": program.constant_bytes,
    }


def _loss(program: Program) -> dict[str, int | None]:
    """Where the loss of a training step lies in the arena, and its id; None without one."""
    graph = program.graph
    if not has_training(graph):
        return {"loss": None, "loss_tensor": None}
    (loss,) = graph.ops[training_start(graph)].results_of_role(Role.STATE)
    (named,) = (value for value in named_values(graph) if value.index == loss)
    return {"loss": program.plan.offset(loss), "loss_tensor": named.id}


def weights_context(program: Program) -> dict[str, Any]:
    """The constants as text: by far the most of what is written, and only in weights.c."""
    return {"tables": [_define_array(array) for array in program.constants]}


def _facts(program: Program) -> dict[str, Any]:
    model, plan = program.graph, program.plan
    named = (*model.inputs, *model.outputs, *lasting(model))
    return {
        "name": comment_text(model.name),
        "name_literal": string_literal(model.name),
        "mlperf_literal": string_literal(mlperf_id(model)),
        "sha256": model.source_sha256 or "none (made in memory)",
        "sha256_literal": string_literal(model.source_sha256),
        "input_is_uint8": input_is_uint8(model),
        "output_milli_q16": output_milli_q16(model),
        **table_context(model),
        **memory_context(model, {index: plan.offset(index) for index in named}),
        "op_total": len(model.ops),
        "arena_bytes": plan.peak,
        "lower_bound": plan.lower_bound,
        "macs": f"{sum(macs(model, op) for op in model.ops):,}",
    }


def input_is_uint8(model: Model) -> int:
    """1 where the device takes uint8 pixels: u - 128 is what the model's first input wants."""
    value = model.input
    zero = value.quant.zero_point[0] if value.quant else 0
    return int(value.dtype is DType.INT8 and zero == UINT8_ZERO_POINT)


def output_milli_q16(model: Model) -> int:
    """Thousandths of the first output in one quantisation step, times 2^16; ends at INT32_MAX.

    0 where it is not quantised.
    """
    quant = model.output.quant
    return min(round(1000 * quant.scale[0] * 2**16), INT32_MAX) if quant else 0


def mlperf_id(model: Model) -> str:
    """The MLPerf Tiny id where the shapes are those of a reference model, else the model's name."""
    if len(model.inputs) > 1 or len(model.outputs) > 1:
        return model.name
    return MLPERF_IDS.get((model.input.shape, model.output.elements), model.name)


def _members(fields: Fields, depth: int = 1) -> list[tuple[str, int | str]]:
    """Members in order; `product.depth` and its neighbours as one, as C++ wants them."""
    members: dict[str, Fields] = {}
    for name, value in fields.items():
        outer, _, inner = name.partition(".")
        members.setdefault(outer, {})[inner] = value
    return [
        (outer, parts[""] if "" in parts else _nested(parts, depth))
        for outer, parts in members.items()
    ]


def _nested(parts: Fields, depth: int) -> str:
    indent = "\n" + 4 * depth * " "
    members = _members(parts, depth + 1)
    lines = "".join(f"{indent}    .{name} = {value}," for name, value in members)
    return f"{{{lines}{indent}}}"


def _params_name(call: KernelCall) -> str:
    return f"tinyssl_model_op{call.first}"


def _kernel_cases(model: Model, calls: Sequence[KernelCall]) -> list[KernelCase]:
    """Each kernel once, in the order in which the calls need them."""
    cases: dict[str, KernelCase] = {}
    for call in calls:
        if call.kernel is not None:
            case = _kernel_case(model, call, call.kernel)
            if cases.setdefault(case.constant, case) != case:
                raise ValueError(f"{call.kernel.name} is called in two ways: {case.call}")
    return list(cases.values())


def _kernel_case(model: Model, call: KernelCall, kernel: Kernel[Any]) -> KernelCase:
    """How model.c calls a kernel, with the operands by their place in the row."""
    values = (*call_outputs(model, call), *call_inputs(model, call))
    operands = [_operand(model, kernel, value, at) for at, value in enumerate(values)]
    count = len(call_outputs(model, call))
    written, read, arrays = operands[:count], operands[count:], []
    if kernel.variadic:
        arrays = [_array("const int8_t *const in", read), _array("int8_t *const out", written)]
        read, written = ["in"], ["out"]
    place = f"AT(list[{len(values)}])" if kernel.variadic else f"at{len(values)}"
    scratch = [place] if kernel.scratch else []
    params = f"(const struct {kernel.struct} *)call->params"
    return KernelCase(
        _constant(model, call),
        arrays,
        f"{kernel.function}({', '.join([*read, params, *written, *scratch])})",
    )


def _operand(model: Model, kernel: Kernel[Any], value: int, at: int) -> str:
    """The address of an operand, of its element type; kernels of any number take bytes."""
    if kernel.variadic:
        return f"AT(list[{at}])"
    dtype = model.tensor(value).dtype
    return (
        f"at{at}"
        if dtype is DType.INT8 or kernel.any_type
        else f"({c_type(dtype)} *)(void *)at{at}"
    )


def _array(declarator: str, operands: Sequence[str]) -> str:
    return f"{declarator}[] = {{{', '.join(operands)}}}"


def _constant(model: Model, call: KernelCall) -> str:
    """`CONV2D_S8`; `CONCATENATION_S8_3_1` for three inputs and one output."""
    if call.kernel is None:
        return "NO_KERNEL"
    name = call.kernel.name.upper()
    if not call.kernel.variadic:
        return name
    return f"{name}_{len(call_inputs(model, call))}_{len(call_outputs(model, call))}"


def _call_table(program: Program) -> dict[str, Any]:
    """Rows of one width, and the list of operands of kernels that take any number of them."""
    listed: list[int] = []
    rows = []
    for call in program.calls:
        operands = _operands(program, call)
        if call.kernel is not None and call.kernel.variadic:
            start = len(listed)
            listed += operands
            operands = [operands[0], start]
        elif call.kernel is None:
            operands = operands[:2]  # nothing reads more of a call that moves nothing
        rows.append(_call_row(program, call, operands))
    width = max(len(row.operands) for row in rows)
    for row in rows:
        row.operands.extend([0] * (width - len(row.operands)))
    return {"calls": rows, "width": width, "operand_list": listed}


def _operands(program: Program, call: KernelCall) -> list[int]:
    model, plan = program.graph, program.plan
    values = (*call_outputs(model, call), *call_inputs(model, call))
    offsets = [plan.offset(value) for value in values]
    if call.kernel is not None and call.kernel.scratch:
        offsets.append(plan.scratch(call.first))
    unit = _operand_unit(program)
    return [offset // unit for offset in offsets]


def _operand_unit(program: Program) -> int:
    """Bytes that offsets are counted in: fewer where a part lies between two usual places."""
    rooms = program.plan.rooms.values()
    return ALIGNMENT if all(room.offset % ALIGNMENT == 0 for room in rooms) else PART_ALIGNMENT


def _call_row(program: Program, call: KernelCall, operands: list[int]) -> CallRow:
    model = program.graph
    read = _places(program, call_inputs(model, call))
    written = _places(program, call_outputs(model, call))
    return CallRow(
        last=call.last,
        label=string_literal(call_label(model, call)),
        comments=_comments(model, call, read, written),
        params="NULL" if call.kernel is None else f"&{_params_name(call)}",
        kernel=_constant(model, call),
        operands=operands,
    )


def _places(program: Program, values: Sequence[int]) -> str:
    """`1x8x8x4 at 256 + 1x8x8x4 at 512`"""
    shapes = ((value, program.graph.tensor(value).shape) for value in values)
    return " + ".join(
        f"{shape_text(shape)} at {program.plan.offset(value)}" for value, shape in shapes
    )


def _comments(model: Model, call: KernelCall, source: str, target: str) -> list[str]:
    ops = call_ops(model, call)
    lines = [f"#{op.index} {op_text(model, op)}" for op in ops]
    cost = sum(macs(model, op) for op in ops)
    tail = f", {cost:,} MACs" if cost else ""
    if call.kernel is None:
        tail = ", the same bytes"
    lines[-1] += f": {source} -> {target}{tail}"
    return [comment_text(line) for line in lines]


def _define_array(array: Array) -> ConstantArray:
    length = math.prod(array.shape)
    aligned = f"TINYSSL_ALIGNED({array.alignment}) " if array.alignment else ""
    return ConstantArray(
        declaration=f"{aligned}static const {array.ctype} {array.name}[{length}]",
        comment=comment_text(f"{shape_text(array.shape)}: {array.comment}"),
        rows=rows(array.values),
    )
