"""TensorFlow Lite Micro against our C, on this computer, operator by operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.compiler import Program
from tinyssl.core.errors import Mismatch
from tinyssl.core.progress import Progress, Silent
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.tflm import TflmInterpreter

Int8 = NDArray[np.int8]

STEPPED_INPUTS = 64
"""Inputs on which every operator is compared, not only the output; `make_inputs` puts the extremes
first"""
MISMATCH_HINT = (
    "the generated C is wrong for this operator, or was changed by hand: build again; if it stays, "
    "report it with the model"
)


@dataclass(frozen=True)
class HostCheck:
    """What was compared, all of it equal."""

    inputs: int
    operators: int
    """Whose outputs were compared, on the first `STEPPED_INPUTS` inputs"""
    bytes: int
    """Compared in all"""
    outputs: Int8
    """(inputs, *output shape): what our C gave"""


@dataclass(frozen=True)
class Difference:
    """The first operator whose outputs differ, on one input."""

    input: int
    operator: str
    """`#3 CONV_2D`"""
    element: tuple[int, ...]
    expected: int
    found: int
    count: int
    """Elements of this operator's output that differ"""
    elements: int

    def __str__(self) -> str:
        element = "".join(f"[{index}]" for index in self.element)
        return (
            f"input {self.input}: {self.operator} is the first operator that differs: element "
            f"{element} is {self.expected} in TensorFlow Lite Micro, {self.found} in our C; "
            f"{self.count} of {self.elements} elements differ"
        )


def first_difference(expected: Int8, found: Int8, number: int, operator: str) -> Difference | None:
    """Where two outputs of an operator differ first, in memory order; None where they are equal."""
    different = expected != found
    count = int(np.count_nonzero(different))
    if not count:
        return None
    element = tuple(int(index) for index in np.argwhere(different)[0])
    return Difference(
        number,
        operator,
        element,
        int(expected[element]),
        int(found[element]),
        count,
        expected.size,
    )


def check_host(
    data: bytes,
    inputs: Int8,
    *,
    program: Program | None = None,
    progress: Progress | None = None,
) -> HostCheck:
    """Proves that our C for this model gives TFLM's bytes.

    Outputs are compared on all inputs, the results of every operator on the first
    `STEPPED_INPUTS` of them and wherever an output differs.

    Args:
        data: The INT8 .tflite file.
        inputs: (n, *input shape).
        program: What `data` was compiled to for a board; by default for this computer.
        progress: Told of every input.

    Raises:
        Mismatch: They differ; names the first operator in execution order and both values.
        ModelError: The file is damaged, unsupported, or TFLM would misread it.
        InterpreterFailed: TFLM died of the model, or took too long.
        ToolMissing: No C compiler, or no tflite-micro.
    """
    oracle = TflmInterpreter(data)
    progress = progress or Silent()
    for text in oracle.added:
        progress.note(f"for TensorFlow Lite Micro, written into the model: {text}")
    program = program or compiler.compile(oracle.model)
    outputs, compared = [], 0
    with (
        HostModel(program) as ours,
        progress.track("our C against TFLM", len(inputs), "input") as task,
    ):
        pair = _Pair(oracle, ours)
        for number, x in enumerate(inputs):
            if number < STEPPED_INPUTS:
                compared += pair.compare_operators(x, number)
            outputs.append(pair.compare_outputs(x, number))
            compared += outputs[-1].size
            task.advance()
    return HostCheck(len(inputs), len(program.graph.ops), compared, np.stack(outputs))


@dataclass(frozen=True)
class _Pair:
    """One model in TFLM and in our C."""

    oracle: TflmInterpreter
    ours: HostModel

    def compare_operators(self, x: Int8, number: int) -> int:
        """Step by step; returns the bytes compared, all equal."""
        expected, found = self.oracle.tensors(x), self.ours.invoke_profiled(x)
        for call, output in zip(self.ours.program.calls, found, strict=True):
            op = self.ours.model.ops[call.last]
            theirs = expected[op.outputs[0]]
            difference = first_difference(theirs, output.reshape(theirs.shape), number, op.label)
            if difference is not None:
                raise Mismatch(str(difference), hint=MISMATCH_HINT)
        return sum(output.size for output in found)

    def compare_outputs(self, x: Int8, number: int) -> Int8:
        """In one go, with both arenas shared between tensors, as on a microcontroller."""
        expected = self.oracle.invoke(x)
        found = self.ours.invoke(x).reshape(expected.shape)
        last = self.ours.model.ops[-1].label
        difference = first_difference(expected, found, number, last)
        if difference is not None:
            self.compare_operators(x, number)
            raise Mismatch(
                f"{difference}, though every operator agrees when run step by step",
                hint="tensors overlap in an arena: please report this with the model",
            )
        return found
