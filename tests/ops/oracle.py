"""TensorFlow Lite Micro on this computer, and our C beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tests.ops.cases import inputs_for
from tests.ops.flatfile import INDEX_BELOW
from tinyssl.compiler import Program, assemble
from tinyssl.compiler.arena import overlaps, plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, ValueKind
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Isa

Row = list[NDArray[Any]]
"""Arrays of all inputs, in the model's order"""
ARENA = 4_000_000
KEPT = 4096
"""Most models that a worker keeps, for the next instruction set"""


class Tflm:
    """The oracle, through PyPI's tflite-micro alone: these tests rest on nothing of ours."""

    def __init__(self, data):
        from tflite_micro.python.tflite_micro import runtime

        preserve = runtime.InterpreterConfig.kPreserveAllTensors
        # The argument's name is misspelt in the package.
        self.interpreter = runtime.Interpreter.from_bytes(
            data, arena_size=ARENA, intrepreter_config=preserve
        )

        graph = schema.Model.GetRootAs(data, 0).Subgraphs(0)
        self.outputs, self.tensors = graph.OutputsLength(), graph.TensorsLength()

    def invoke(self, x):
        """The first output, of a model with one input."""
        return self.run([x])[0]

    def run(self, row):
        """All outputs in order."""
        for index, x in enumerate(row):
            self.interpreter.set_input(x, index)
        self.interpreter.invoke()
        return [np.array(self.interpreter.get_output(index)) for index in range(self.outputs)]

    def tensor(self, index, shape):
        return np.asarray(self.interpreter.GetTensor(index, 0)["tensor_data"]).reshape(shape)


@dataclass(frozen=True)
class Graph:
    """A .tflite and what it was compiled to."""

    data: bytes
    program: Program


@lru_cache(KEPT)
def legal_model(data, name, passes=True):
    """The model of a file, checked before and after the passes. Every instruction set has it."""
    model = read_model(data, name)
    verify(model)
    if passes:
        model = run_passes(model)
        verify(model)
    return model


def prepare(data, passes=True, name="case", isa=Isa.HOST):
    """Reads, checks and plans."""
    model = legal_model(data, name, passes)
    plan = plan_arena(model, choose_calls(model, isa))
    assert overlaps(plan) == []
    return Graph(data, assemble(model, plan, isa))


def rows_for(model, count=6) -> list[Row]:
    """Arrays of all inputs in order, `count` times."""
    columns = [
        values_for(model.tensor(index), count, seed) for seed, index in enumerate(model.inputs)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def values_for(value, count, seed):
    """`inputs_for` in the value's own type."""
    if value.name.startswith(INDEX_BELOW):
        source, end = np.random.default_rng(seed), int(value.name.removeprefix(INDEX_BELOW))
        return [source.integers(0, end, value.shape, np.int32) for _ in range(count)]
    zero = value.quant.zero_point[0] if value.quant else 0
    drawn = inputs_for(value.shape, 0, count, seed)
    match value.dtype:
        case DType.INT8:
            return inputs_for(value.shape, zero, count, seed)
        case DType.FLOAT32:
            return [x.astype(np.float32) / 32 for x in drawn]
        case DType.BOOL:
            return [x > 0 for x in drawn]
        case _:
            limits = np.iinfo(value.dtype.value)
            step = (limits.max - limits.min) // 255
            spread = [x.astype(np.int64) * step + (limits.min + 128 * step) for x in drawn]
            return [x.clip(limits.min, limits.max).astype(value.dtype.value) for x in spread]


def as_row(row: Row | NDArray[Any]) -> Row:
    """One array stands for a model with one input."""
    return row if isinstance(row, list) else [row]


def check(ours, data, count=6):
    """Every operator's output of compiled C must be TFLM's, on `count` inputs.

    Returns the first outputs, so that a test can ask whether they say anything.
    """
    oracle = Tflm(data)
    outputs = []
    for row in rows_for(ours.model, count):
        feeds = {value.name: x for value, x in zip(ours.inputs, row, strict=True)}
        expected = oracle.run(row)
        states = ours.snapshot()
        for call, found in zip(ours.program.calls, ours.run_profiled(feeds), strict=True):
            op = ours.model.ops[call.last]
            is_state = ours.model.tensor(op.outputs[0]).kind is ValueKind.STATE
            if is_state or op.outputs[0] >= oracle.tensors:
                continue  # TFLM does not show resource variables, nor has what a pass adds
            np.testing.assert_array_equal(
                found, oracle.tensor(op.outputs[0], found.shape), err_msg=op.label
            )
        ours.restore(states)
        for value, theirs, found in zip(
            ours.outputs, expected, ours.run(feeds).values(), strict=True
        ):
            np.testing.assert_array_equal(found, theirs, err_msg=value.name)
        outputs.append(expected[0])
    return np.stack(outputs)


def compare(data, count=6, passes=True, name="case", isa=Isa.HOST):
    """From a .tflite to compiled C that runs; returns the outputs of `check`."""
    graph = prepare(data, passes, name, isa)
    with HostModel(graph.program) as ours:
        return check(ours, data, count)
