"""What every mutant must do, for the tests and for the tools that try many."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.ops.mutants import Mutator
from tests.ops.oracle import rows_for
from tinyssl.compiler.arena import plan_arena
from tinyssl.core.errors import InterpreterFailed, ModelError
from tinyssl.frontends.tflite import complete, read_model, simplify
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.ops import macs
from tinyssl.runtimes.process import InterpreterProcess

SECONDS = 5.0
"""Longest time for one mutant of a few kilobytes"""
MACS_MAX = 3_000_000
ARENA_MAX = 1 << 20
"""Larger ones are read, but not run"""
INPUTS = 4


@dataclass
class ReaderTally:
    """What the reader did with mutants."""

    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Mutants that ended as anything but a model or a ModelError, or took too long"""

    def text(self) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return (
            f"{self.accepted + self.refused} mutants: {self.accepted} accepted, {self.refused} "
            f"refused, {len(self.wrong)} wrong; slowest {self.slowest:.2f} s, peak {peak:.0f} MB"
        )


def accepted(data: bytes) -> Model | None:
    """The model after passes, if a build would take the file; None where it is refused.

    Raises:
        Exception: Whatever is no ModelError: a fault of ours.
    """
    try:
        model = read_model(data)
        verify(model)
        complete(data)
        simplify(data, model)
    except ModelError:
        return None
    return run_passes(model)


def check_reader(mutator: Mutator, count: int, say: Callable[[str], None] = print) -> ReaderTally:
    """Reads, verifies and plans so many mutants; a wrong one is said with its number."""
    tally = ReaderTally()
    for number in range(count):
        data = mutator.mutant()
        started = time.monotonic()
        try:
            model = accepted(data)
            if model is not None:
                plan_arena(model)
        except Exception as error:  # the fault that is looked for
            tally.wrong.append(f"mutant {number}: {type(error).__name__}: {error}")
            say(tally.wrong[-1])
            continue
        seconds = time.monotonic() - started
        tally.slowest = max(tally.slowest, seconds)
        if seconds > SECONDS:
            tally.wrong.append(f"mutant {number}: {seconds:.1f} s")
            say(tally.wrong[-1])
        tally.accepted += model is not None
        tally.refused += model is None
    return tally


class Oracle:
    """TensorFlow Lite Micro for many files: one child, and a new one after each death."""

    def __init__(self) -> None:
        self._process: InterpreterProcess | None = None
        self.deaths: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def answers(self, data: bytes, model: Model) -> list[bytes] | None:
        """INPUTS inputs with their outputs; None where TFLM refuses the file or dies of it."""
        feed = rows_for(model, INPUTS)
        outputs = len(model.outputs)
        try:
            self._process = self._process or InterpreterProcess("tflm", seconds=20)
            self._process.open("model", complete(data).data, {"keep_tensors": False})
            found = [self._process.invoke("model", row, outputs) for row in feed]
        except InterpreterFailed as error:
            self._process = None
            self.deaths[f"{error.message} ({model.ops[-1].kind})"] += 1
            return None
        except ModelError as error:
            self.refusals[error.message[:160]] += 1
            return None
        rows = zip(feed, found, strict=True)
        return [x.tobytes() for row, given in rows for x in (*row, *given)]


def small(model: Model) -> bool:
    """Whether it is compiled and run."""
    arena = sum(model.tensor(index).bytes for op in model.ops for index in op.outputs)
    arena += sum(model.tensor(index).bytes for index in model.inputs)
    return arena < ARENA_MAX and sum(macs(model, op) for op in model.ops) < MACS_MAX
