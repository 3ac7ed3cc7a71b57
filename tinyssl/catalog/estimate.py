"""What a program takes before it was ever built: instructions, time and flash, with their error.

Instructions are the cost model's where that knows the kernel (docs/engine.md); of other kernels and
cores a rate for each multiply-accumulate and each element. The errors are those seen against the
measured rows of docs/engines.json and docs/families.json, on the programs there.
"""

from __future__ import annotations

from tinyssl.catalog.quantity import Basis, Quantity
from tinyssl.compiler import Program
from tinyssl.compiler.calls import KernelCall, call_ops
from tinyssl.ops import macs
from tinyssl.targets.boards import Board
from tinyssl.targets.fusing import Fusing, fusing_for

RULES = 2
"""Raised when a figure below changes: what was estimated before is estimated anew"""
KNOWN_ERROR = 0.05
"""All kernels are the cost model's: 0.2 % on six models of the Cortex-M7, 4.3 % on the M55"""
RATE_ERROR = 1.0
"""By the rates below: within a factor of two"""
PER_MAC = 6.0
PER_ELEMENT = 6.0
"""Instructions of plain C, and of kernels that the cost model does not know"""
FIRMWARE_CODE = 15_000
"""Bytes of code of the firmware around a program: start-up, serial line, commands"""
KERNEL_CODE = 1_550
"""Bytes of code for each kernel that a program uses"""
CODE_ERROR = 0.2
VARIABLES = 2_000
"""Bytes of the firmware's variables beside arena and stack"""
VARIABLES_ERROR = 0.4


def instructions(program: Program) -> Quantity:
    """Instructions of one inference."""
    fusing = fusing_for(program.isa)
    costs = [_cost(program, call, fusing) for call in program.inference_calls if call.kernel]
    total = sum(cost for cost, _ in costs)
    rated = sum(cost for cost, known in costs if not known)
    share = rated / total if total else 1.0
    error = KNOWN_ERROR + (RATE_ERROR - KNOWN_ERROR) * share
    return Quantity("Instructions", round(total), Basis.ESTIMATED, "cost model", round(error, 3))


def _cost(program: Program, call: KernelCall, fusing: Fusing | None) -> tuple[float, bool]:
    """Instructions of a call, and whether the cost model knows them."""
    graph = program.graph
    if fusing is not None:
        if call.block is not None:
            return fusing.block_cost(graph, call.block, call.cache_taps), True
        cost = fusing.op_cost(graph, graph.ops[call.first])
        if cost:
            return cost, True
    ops = call_ops(graph, call)
    elements = sum(graph.tensor(index).elements for op in ops for index in op.outputs)
    return PER_MAC * sum(macs(graph, op) for op in ops) + PER_ELEMENT * elements, False


def duration(found: Quantity, board: Board) -> Quantity:
    """Seconds at one instruction a cycle, which no chip does: an order of magnitude."""
    seconds = found.value / board.tinyssl.clock_hz
    text = f"{found.source}, one instruction a cycle at {board.tinyssl.clock_hz / 1e6:g} MHz"
    return Quantity("Duration", seconds, Basis.ESTIMATED, text, RATE_ERROR)


def flash(program: Program) -> Quantity:
    """Bytes of constants, which are exact, and of code."""
    kernels = {call.kernel.name for call in program.calls if call.kernel}
    code = FIRMWARE_CODE + KERNEL_CODE * len(kernels)
    total = program.constant_bytes + code
    error = round(CODE_ERROR * code / total, 3)
    return Quantity("Flash", total, Basis.ESTIMATED, "constants, code by kernels", error)


def ram(program: Program, stack: int) -> Quantity:
    """Bytes of the arena, which is exact, of the stack, and of the firmware's variables.

    Args:
        program: The program.
        stack: Bytes that the board keeps for its stack.
    """
    total = program.arena_bytes + stack + VARIABLES
    error = round(VARIABLES_ERROR * VARIABLES / total, 3)
    return Quantity("RAM", total, Basis.ESTIMATED, "arena, stack and variables", error)
