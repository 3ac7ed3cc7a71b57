"""A compiled model: graph, kernel calls, memory plan, parameters and constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.calls import KernelCall, call_inputs, call_outputs
from tinyssl.compiler.schedule import choose_calls
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.graph.training import training_start
from tinyssl.graph.verify import verify
from tinyssl.ops.common.kernel import Placing
from tinyssl.ops.common.params import Array, Constants, Fields
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import PORTABLE


@dataclass(frozen=True)
class Program:
    """All that code generation, reports and runtimes need to know. Nothing is chosen after it."""

    graph: Model
    """After the passes"""
    isa: Isa
    """Instruction set that the kernels are for"""
    plan: Plan
    """Kernel calls in execution order, and where each value lies"""
    params: tuple[Fields, ...]
    """By kernel call: members of its parameter struct; empty for a view"""
    constants: tuple[Array, ...]
    """Weights, biases and tables, in the order in which the calls first use them"""

    @property
    def calls(self) -> tuple[KernelCall, ...]:
        return self.plan.calls

    @property
    def inference_calls(self) -> tuple[KernelCall, ...]:
        """Those of an inference; the others are a training step."""
        start = training_start(self.graph)
        return tuple(call for call in self.calls if call.first < start)

    @property
    def arena_bytes(self) -> int:
        return self.plan.peak

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants."""
        return sum(array.bytes for array in self.constants)


def compile(
    graph: Model, isa: Isa = PORTABLE, calls: Sequence[KernelCall] | None = None
) -> Program:
    """Checks a graph, runs the passes, chooses kernels, plans the memory.

    Args:
        graph: As a frontend read it.
        isa: Instruction set of the target; the portable C kernels by default.
        calls: Kernel calls to take (of the graph after the passes); the cheapest by default.

    Raises:
        ModelError: The graph contradicts itself.
        UnsupportedModel: It uses something that tinyssl does not do; names all of it.
        ValueError: The calls are not those of this graph.
    """
    verify(graph)
    lowered = run_passes(graph)
    return assemble(lowered, plan_arena(lowered, calls or choose_calls(lowered, isa)), isa)


def assemble(graph: Model, plan: Plan, isa: Isa = PORTABLE) -> Program:
    """The program of a plan whose calls name their kernels.

    Args:
        graph: A verified graph after the passes.
        plan: Its plan.
        isa: Instruction set that the calls' kernels are for.
    """
    constants = Constants(graph)
    params = tuple(_params(graph, plan, call, constants) for call in plan.calls)
    return Program(graph, isa, plan, params, tuple(constants.arrays.values()))


def _params(graph: Model, plan: Plan, call: KernelCall, constants: Constants) -> Fields:
    if call.kernel is None or call.make_params is None:
        return {}
    values = (*call_inputs(graph, call), *call_outputs(graph, call))
    pitches = {value: pitch for value in values if (pitch := plan.rooms[value].pitch)}
    if call.place_params is None or not (pitches or call.parts):
        return call.make_params(graph, constants)
    placing = Placing(pitches, {part.value for part in call.parts})
    return call.place_params(graph, constants, placing)
