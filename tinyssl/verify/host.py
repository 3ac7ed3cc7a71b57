"""TensorFlow Lite Micro against our C, on this computer, operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyssl import compiler
from tinyssl.compiler import Program
from tinyssl.core.errors import Mismatch
from tinyssl.core.progress import Progress, Silent
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.oracle import Oracle, open_oracle
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.bits import bits
from tinyssl.verify.original import Referee, check_original

STEPPED_INPUTS = 64
"""Inputs on which every operator is compared, not only the output; `make_inputs` puts the extremes
first"""
RESET_INPUTS = 16
"""Inputs that a model with states sees again after a reset"""
MISMATCH_HINT = (
    "the generated C is wrong for this operator, or was changed by hand: build again; if it stays, "
    "report it with the model"
)

LITERT_HINT = (
    "TensorFlow Lite Micro does not run this model. LiteRT rounds FULLY_CONNECTED once and our C, "
    "as TFLM, twice: an output may differ by 1. Compare on data whose right answers you know"
)


@dataclass(frozen=True)
class HostCheck:
    """What was compared, all of it equal."""

    inputs: int
    operators: int
    """Whose outputs were compared, on the first `STEPPED_INPUTS` inputs; 0 where TFLM cannot"""
    bytes: int
    """Compared in all"""
    outputs: list[Outputs]
    """What our C gave, by input"""
    changes: tuple[str, ...] = ()
    """What was done to the model, one line for each kind"""
    judge: Referee = Referee.NOBODY
    """What compared the file with what is left of it after `simplify`"""


@dataclass(frozen=True)
class OpDifference:
    """The first operator whose outputs differ, on one input."""

    input: int
    operator: str
    """`#3 CONV_2D`"""
    element: tuple[int, ...]
    expected: float
    found: float
    count: int
    """Elements of this operator's output that differ"""
    elements: int
    reference: str = TflmInterpreter.title
    """Whose output is the right one"""

    def __str__(self) -> str:
        element = "".join(f"[{index}]" for index in self.element)
        return (
            f"input {self.input}: {self.operator} is the first operator that differs: element "
            f"{element} is {self.expected} in {self.reference}, {self.found} in our C; "
            f"{self.count} of {self.elements} elements differ"
        )


def first_difference(
    expected: Array, found: Array, number: int, operator: str
) -> OpDifference | None:
    """Where two outputs of an operator differ first, in memory order; None where they are equal."""
    different = bits(expected) != bits(found)
    count = int(np.count_nonzero(different))
    if not count:
        return None
    element = tuple(int(index) for index in np.argwhere(different)[0])
    return OpDifference(
        number,
        operator,
        element,
        expected[element].item(),
        found[element].item(),
        count,
        expected.size,
    )


def check_host(
    data: bytes,
    inputs: Sequence[Feeds],
    *,
    program: Program | None = None,
    progress: Progress | None = None,
) -> HostCheck:
    """Proves that our C gives TFLM's bytes for this model, or LiteRT's where TFLM does not run it.

    Outputs are compared on all inputs, the results of every operator on the first
    `STEPPED_INPUTS` of them and wherever an output differs. The inputs are one sequence: states go
    on from one to the next, and a reset must bring back the outputs of its start.

    Args:
        data: The INT8 .tflite file.
        inputs: One or more.
        program: What `data` was compiled to for a board; by default for this computer.
        progress: Told of every input.

    Raises:
        Mismatch: They differ; names the first operator in execution order and both values.
        ModelError: The file is damaged or unsupported.
        InterpreterFailed: TFLM died of the model, or took too long.
        ToolMissing: No C compiler, or no tflite-micro.
    """
    progress = progress or Silent()
    oracle = open_oracle(data, progress)
    program = program or compiler.compile(oracle.model)
    passes = program.graph.changes[len(oracle.model.changes) :]
    changes = (*oracle.changes, *map(str, passes))
    judge = check_original(oracle, inputs, progress)
    outputs, compared = [], 0
    with (
        HostModel(program) as ours,
        progress.track(f"our C against {oracle.title}", len(inputs), "input") as task,
    ):
        pair = _EnginePair(oracle, ours, oracle.keeps_tensors())
        if not pair.stepping:
            progress.note(f"{oracle.title} cannot keep all tensors: outputs alone are compared")
        for number, x in enumerate(inputs):
            if number < STEPPED_INPUTS and pair.stepping:
                compared += pair.compare_operators(x, number)
            outputs.append(pair.compare_outputs(x, number))
            compared += sum(output.nbytes for output in outputs[-1].values())
            task.advance()
        pair.check_reset(inputs, outputs)
    operators = len(program.graph.ops) if pair.stepping else 0
    return HostCheck(len(inputs), operators, compared, outputs, changes, judge)


def note_changes(changes: Sequence[str], progress: Progress) -> None:
    """Tells what was done to a model, one line for each kind."""
    for text in changes:
        progress.note(f"model: {text}")


@dataclass(frozen=True)
class _EnginePair:
    """One model in TFLM, or LiteRT, and in our C."""

    oracle: Oracle
    ours: HostModel
    stepping: bool
    """Whether operators can be compared one by one"""

    def compare_operators(self, x: Feeds, number: int) -> int:
        """Operator by operator; returns the bytes compared, all equal. States stay as they were."""
        states = self.ours.snapshot()
        expected, found = self.oracle.tensors(x), self.ours.run_profiled(x)
        self.ours.restore(states)
        for call, output in zip(self.ours.program.calls, found, strict=True):
            op = self.ours.model.ops[call.last]
            if op.outputs[0] not in expected:
                continue  # a state: it shows in what reads it
            theirs = expected[op.outputs[0]]
            difference = first_difference(theirs, output.reshape(theirs.shape), number, op.label)
            if difference is not None:
                raise self._mismatch(difference)
        return sum(output.nbytes for output in found)

    def compare_outputs(self, x: Feeds, number: int) -> Outputs:
        """In one go, with both arenas shared between tensors, as on a microcontroller."""
        expected, found = self.oracle.run(x), self.ours.run(x)
        for name, ours in found.items():
            difference = first_difference(expected[name], ours, number, f"the output {name}")
            alone = self.ours.lasting or not self.stepping  # a state has moved on
            if difference is not None and alone:
                raise self._mismatch(difference)
            if difference is not None:
                self.compare_operators(x, number)
                raise Mismatch(
                    f"{difference}, though every operator agrees when run step by step",
                    hint="tensors overlap in an arena: please report this with the model",
                )
        return found

    def _mismatch(self, difference: OpDifference) -> Mismatch:
        hint = MISMATCH_HINT if isinstance(self.oracle, TflmInterpreter) else LITERT_HINT
        return Mismatch(str(replace(difference, reference=self.oracle.title)), hint=hint)

    def check_reset(self, inputs: Sequence[Feeds], outputs: Sequence[Outputs]) -> None:
        """After a reset the first inputs give what they gave, where the model has states."""
        if not self.ours.lasting:
            return
        self.ours.reset()
        for number, (x, before) in enumerate(zip(inputs[:RESET_INPUTS], outputs, strict=False)):
            for name, again in self.ours.run(x).items():
                difference = first_difference(before[name], again, number, f"the output {name}")
                if difference is not None:
                    raise Mismatch(
                        f"after a reset, {difference}", hint="please report this with the model"
                    )
