"""TensorFlow Lite Micro on this computer, and our C beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.ops.cases import inputs_for
from tinyssl.compiler import Program, assemble
from tinyssl.compiler.arena import overlaps, plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Isa

ARENA = 4_000_000


class Tflm:
    """The oracle, through PyPI's tflite-micro alone: these tests rest on nothing of ours."""

    def __init__(self, data):
        from tflite_micro.python.tflite_micro import runtime

        preserve = runtime.InterpreterConfig.kPreserveAllTensors
        # The argument's name is misspelt in the package.
        self.interpreter = runtime.Interpreter.from_bytes(
            data, arena_size=ARENA, intrepreter_config=preserve
        )

    def invoke(self, x):
        self.interpreter.set_input(x, 0)
        self.interpreter.invoke()
        return np.array(self.interpreter.get_output(0))

    def tensor(self, index, shape):
        return np.asarray(self.interpreter.GetTensor(index, 0)["tensor_data"]).reshape(shape)


@dataclass(frozen=True)
class Graph:
    """A .tflite and what it was compiled to."""

    data: bytes
    program: Program


def prepare(data, passes=True, name="case", isa=Isa.HOST):
    """Reads, checks and plans."""
    model = read_model(data, name)
    verify(model)
    if passes:
        model = run_passes(model)
        verify(model)
    plan = plan_arena(model, choose_calls(model, isa))
    assert overlaps(plan) == []
    return Graph(data, assemble(model, plan, isa))


def check(ours, data, count=6):
    """Every operator's output of compiled C must be TFLM's, on `count` inputs.

    Returns the outputs, so that a test can ask whether they say anything.
    """
    oracle = Tflm(data)
    quant = ours.model.input.quant
    assert quant is not None
    outputs = []
    for x in inputs_for(ours.model.input.shape, quant.zero_point[0], count):
        expected = oracle.invoke(x)
        for call, found in zip(ours.program.calls, ours.invoke_profiled(x), strict=True):
            op = ours.model.ops[call.last]
            np.testing.assert_array_equal(
                found, oracle.tensor(op.output, found.shape), err_msg=op.label
            )
        np.testing.assert_array_equal(ours.invoke(x), expected)
        outputs.append(expected)
    return np.stack(outputs)


def compare(data, count=6, passes=True, name="case", isa=Isa.HOST):
    """From a .tflite to compiled C that runs; returns the outputs of `check`."""
    graph = prepare(data, passes, name, isa)
    with HostModel(graph.program) as ours:
        return check(ours, data, count)
