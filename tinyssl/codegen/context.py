"""All that the aot templates may see: names, numbers and text, worked out here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.compiler.calls import KernelCall, call_inputs, call_ops, call_output
from tinyssl.compiler.describe import call_label, op_text, shape_text
from tinyssl.compiler.program import Program
from tinyssl.compiler.search import ALIGNMENT
from tinyssl.core.text import percent_encoded
from tinyssl.graph.model import Model
from tinyssl.graph.shapes import macs
from tinyssl.ops.params import Array, Fields
from tinyssl.targets.kernels import KERNEL_ABI, Kernel

VALUES_A_ROW = 16
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
class Call:
    """A kernel call in model.c."""

    last: int
    """Position of its last operator in the execution order"""
    label: str
    """`#3 CONV_2D`, `#3-#4 CONV_2D+ADD`: numbers in the file it was read from"""
    comments: list[str]
    """One for each operator, and where the data lie, in bytes"""
    parameters: str
    """Address of the parameter struct, or NULL"""
    kernel: str
    """Name of the kernel's enumeration constant"""
    place: int
    """Input, in units of the arena's alignment"""
    output_place: int
    more_place: int
    """Second input, or working memory; 0 where there is neither"""


@dataclass(frozen=True)
class KernelCase:
    """A kernel in model.c."""

    constant: str
    """Name in the enumeration"""
    call: str
    """The C expression that calls it"""


@dataclass(frozen=True)
class Struct:
    """The parameters of one call."""

    type: str
    name: str
    members: list[tuple[str, int | str]]


@dataclass(frozen=True)
class Table:
    """An array of weights.c."""

    declaration: str
    comment: str
    rows: list[str]


def comment_text(text: str) -> str:
    """Text that may stand in a C comment: one line of printable ASCII that cannot close it."""
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")


def string_literal(text: str) -> str:
    """A C string literal; what would mean something to C or on the serial line is encoded."""
    return f'"{percent_encoded(text)}"'


def float_literal(value: float) -> str:
    """The shortest C literal that gives back this float32."""
    text = repr(float(str(np.float32(value))))
    return f"{text}f"


def rows(values: NDArray[np.integer[Any]]) -> list[str]:
    """Numbers as lines of C; INT32_MIN as an expression, as C has no negative literals."""
    texts = [_number(int(value)) for value in values]
    return [
        ", ".join(texts[start : start + VALUES_A_ROW]) + ","
        for start in range(0, len(texts), VALUES_A_ROW)
    ]


def _number(value: int) -> str:
    return "-2147483647 - 1" if value == -(2**31) else str(value)


def model_context(program: Program) -> dict[str, Any]:
    """Names for model.h, model.c, weights.h, weights.c and engine_aot.c."""
    graph, plan, calls = program.graph, program.plan, program.calls
    structs = [
        Struct(call.kernel.struct, _params_name(call), _members(params))
        for call, params in zip(calls, program.params, strict=True)
        if call.kernel is not None
    ]
    return {
        **_facts(program),
        "kernel_abi": KERNEL_ABI,
        "kernel_headers": sorted({f"{call.kernel.name}.h" for call in calls if call.kernel}),
        "place_bytes": ALIGNMENT,
        "place_type": "uint16_t" if plan.peak // ALIGNMENT <= UINT16_MAX else "uint32_t",
        "kernels": _kernel_cases(graph, calls),
        "calls": [_call(program, call) for call in calls],
        "structs": structs,
        "tables": [_table(array) for array in program.constants],
        "weight_bytes": program.constant_bytes,
    }


def _facts(program: Program) -> dict[str, Any]:
    model, plan = program.graph, program.plan
    source, target = model.quant(model.inputs[0]), model.quant(model.outputs[0])
    return {
        "name": comment_text(model.name),
        "name_literal": string_literal(model.name),
        "mlperf_literal": string_literal(mlperf_id(model)),
        "sha256": model.source_sha256 or "none (made in memory)",
        "sha256_literal": string_literal(model.source_sha256),
        "input": {
            "bytes": model.input.bytes,
            "shape": shape_text(model.input.shape),
            "offset": plan.offset(model.inputs[0]),
            "scale": float_literal(source.scale[0]),
            "zero_point": source.zero_point[0],
            "is_uint8": input_is_uint8(model),
        },
        "output": {
            "bytes": model.output.bytes,
            "shape": shape_text(model.output.shape),
            "offset": plan.offset(model.outputs[0]),
            "scale": float_literal(target.scale[0]),
            "zero_point": target.zero_point[0],
            "milli_q16": output_milli_q16(model),
        },
        "op_total": len(model.ops),
        "arena_bytes": plan.peak,
        "lower_bound": plan.lower_bound,
        "macs": f"{sum(macs(model, op) for op in model.ops):,}",
    }


def input_is_uint8(model: Model) -> int:
    """1 where the device takes uint8 pixels: u - 128 is what the model's input wants."""
    return int(model.quant(model.inputs[0]).zero_point[0] == UINT8_ZERO_POINT)


def output_milli_q16(model: Model) -> int:
    """Thousandths of the real output in one quantisation step, times 2^16; ends at INT32_MAX."""
    return min(round(1000 * model.quant(model.outputs[0]).scale[0] * 2**16), INT32_MAX)


def mlperf_id(model: Model) -> str:
    """The MLPerf Tiny id where the shapes are those of a reference model, else the model's name."""
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
        kernel = call.kernel
        if kernel is not None:
            text = _kernel_call(kernel, len(call_inputs(model, call)))
            if cases.setdefault(kernel.name, KernelCase(_constant(kernel), text)).call != text:
                raise ValueError(f"{kernel.name} is called in two ways: {text}")
    return list(cases.values())


def _constant(kernel: Kernel) -> str:
    return kernel.name.upper()


def _kernel_call(kernel: Kernel, inputs: int) -> str:
    """The C call; `more` is the second input or the working memory."""
    if inputs > 2 or (inputs == 2 and kernel.scratch):
        raise ValueError(f"{kernel.name}: a call has no room for {inputs} inputs")
    arguments = ["in", "more"][:inputs]
    arguments += [f"(const struct {kernel.struct} *)p", "out"]
    return f"{kernel.function}({', '.join(arguments + ['more'] * bool(kernel.scratch))})"


def _call(program: Program, call: KernelCall) -> Call:
    model, plan, kernel = program.graph, program.plan, call.kernel
    inputs, output = call_inputs(model, call), call_output(model, call)
    target = plan.offset(output)
    destination = f"{shape_text(model.tensor(output).shape)} at {target}"
    more = plan.offset(inputs[1]) if len(inputs) > 1 else 0
    if kernel is not None and kernel.scratch:
        more = plan.scratch(call.first)
    places = " + ".join(
        f"{shape_text(model.tensor(index).shape)} at {plan.offset(index)}" for index in inputs
    )
    return Call(
        last=call.last,
        label=string_literal(call_label(model, call)),
        comments=_comments(model, call, places, destination),
        parameters="NULL" if kernel is None else f"&{_params_name(call)}",
        kernel="NOTHING_TO_DO" if kernel is None else _constant(kernel),
        place=plan.offset(inputs[0]) // ALIGNMENT,
        output_place=target // ALIGNMENT,
        more_place=more // ALIGNMENT,
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


def _table(array: Array) -> Table:
    length = math.prod(array.shape)
    aligned = f"TINYSSL_ALIGNED({array.alignment}) " if array.alignment else ""
    return Table(
        declaration=f"{aligned}static const {array.ctype} {array.name}[{length}]",
        comment=comment_text(f"{shape_text(array.shape)}: {array.comment}"),
        rows=rows(array.values),
    )
