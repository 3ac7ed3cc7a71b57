"""Which model is built: read, checked, changed by the passes, planned, compared with TFLM."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinyssl import compiler
from tinyssl.compiler import Program
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace, read_record
from tinyssl.frontends.tflite import complete, simplify
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.outline import is_outline
from tinyssl.project.tuning import Tuning, find_tuning
from tinyssl.runtimes import inputs
from tinyssl.runtimes.support import read_for_engine
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import PORTABLE
from tinyssl.verify import check_host
from tinyssl.verify.subject import ModelFile, find_subject, load_split
from tinyssl.zoo import entry_of

SEED = 0
"""Of the random inputs"""
CHECK_INPUTS = 4
"""Inputs of the comparison before a build; `tinyssl verify` takes more"""


Gate = Callable[[Model, bytes], None]


@dataclass(frozen=True)
class ModelSource:
    """A model that is ready for code generation."""

    path: Path
    data: bytes
    """The .tflite"""
    graph: Model
    """As it is in the file"""
    compiled: Program | None
    """For the board's instruction set; None: only the engine `tflm` runs this model"""
    data_run: str
    """Folder of the convert run; empty for a file from elsewhere"""
    tuning: Tuning | None = None
    """What the kernel calls were measured by; None: they are the cost model's choice"""

    @property
    def program(self) -> Program:
        """What our engine runs.

        Raises:
            ValueError: It does not run this model.
        """
        if self.compiled is None:
            raise ValueError(f"{self.graph.name} was not compiled: only TFLM runs it")
        return self.compiled

    @cached_property
    def changes(self) -> tuple[str, ...]:
        """What was done to the model of the file, one line for each kind."""
        if self.compiled is None:
            return complete(self.data).added
        passes = self.program.graph.changes[len(self.graph.changes) :]
        return (*simplify(self.data, self.graph).added, *map(str, passes))


def class_names(subject: ModelFile) -> tuple[str, ...]:
    """The class of each score, by the convert run or the zoo's card; empty: not known."""
    if subject.source:
        return load_split(subject.source).class_names
    entry = entry_of(hashlib.sha256(subject.data).hexdigest())
    return entry.card.classes if entry else ()


def load_model(
    path: Path | None,
    workspace: Workspace,
    *,
    isa: Isa = PORTABLE,
    tuned: bool = False,
    gate: Gate | None = None,
    engine: str = "aot",
) -> ModelSource:
    """The named model, or the last converted one.

    Args:
        path: A .tflite; None: that of the last convert run.
        workspace: Where that is looked for.
        isa: Instruction set whose kernels the arena is planned for.
        tuned: Take the kernel calls that `tinyssl tune` stored for model and instruction set.
        gate: Called with the graph and its file before the work that grows with the weights.
        engine: Which is built: `tflm` takes also what our own does not run.

    Raises:
        UsageError: No model was named and none was converted, or a file cannot be read.
        ModelError: The file is damaged or uses something that the engine does not do.
    """
    subject = find_subject(path, workspace)
    graph = read_for_engine(engine, subject.data, subject.path.stem)
    if gate:
        gate(graph, subject.data)
    tuning, calls = (find_tuning(graph, isa, workspace) if tuned else None) or (None, None)
    program = None if is_outline(graph) else compiler.compile(graph, isa, calls)
    data_run = str(subject.source.folder) if subject.source else ""
    return ModelSource(subject.path, subject.data, graph, program, data_run, tuning)


def sample_inputs(source: ModelSource, count: int) -> list[Feeds]:
    """`count` feeds to try a model with: test images of its convert run, noise to fill up."""
    run = source.data_run
    samples = load_split(read_record(Path(run))).samples if run else None
    return inputs.sample_inputs(source.graph, count, SEED, samples)


def check_model(source: ModelSource, progress: Progress) -> None:
    """Our C for the board against TFLM, on this computer, before it is compiled for the board.

    Kernels for an instruction set that this computer lacks fall back to C of the same meaning.

    Raises:
        Mismatch: They differ; names the first operator that does.
    """
    if source.compiled is None:
        progress.note("our engine does not run this model, so there is nothing to compare")
        return
    progress.note(f"comparing the generated C with TFLM on {CHECK_INPUTS} inputs")
    inputs = sample_inputs(source, CHECK_INPUTS)
    check_host(source.data, inputs, program=source.program, progress=progress)
