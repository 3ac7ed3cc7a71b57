"""`build --train-ram`: from samples with answers to the names of what learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tinyssl import compiler
from tinyssl.bench.own_data import own_data
from tinyssl.bench.subject import Samples, choose_samples
from tinyssl.core.config import BenchConfig, BuildConfig
from tinyssl.core.errors import UnsupportedModel, UsageError
from tinyssl.core.progress import Progress
from tinyssl.frontends.tflite import read_file, read_model
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import STORED, DType, Model, ValueKind
from tinyssl.graph.training import RATES, TARGET, training_start
from tinyssl.project.contribution import contributions
from tinyssl.project.learner import Learner, learner_of, parse_learning
from tinyssl.project.learner_file import learner_file
from tinyssl.project.learning import plain_learner, with_training
from tinyssl.project.learnt_tensors import chosen_tensors
from tinyssl.project.selection import Candidates, Selection, parse_bytes, ranked, select
from tinyssl.targets.boards import Isa
from tinyssl.verify.subject import ModelFile, declared_pixels, load_split

SAMPLES = 128
"""On which contributions are measured, at most"""
ROLES = ("/weight", "/bias")
LEAST = 8
"""At least"""


@dataclass(frozen=True)
class _Choosing:
    """What a selection is made of."""

    model: Model
    """As it is in the file"""
    learner: Learner
    isa: Isa

    def graph(self, names: Sequence[str], learner: Learner) -> Model:
        """The model with a training step of these weights and biases."""
        what = ",".join(names)
        file = learner_file(self.model, what, learner.weights)
        return with_training(read_model(file, self.model.name), replace(learner, what=what))

    def extra(self, before: int, names: Sequence[str]) -> int:
        """Bytes by which the tensors of the model grow."""
        graph = self.graph(names, self.learner)
        return compiler.compile(graph, self.isa).arena_bytes - before


def selected(config: BuildConfig, subject: ModelFile, isa: Isa, progress: Progress) -> Selection:
    """The weights and biases that learn within `config.train_ram`.

    Args:
        config: With `train_ram`; `train` limits what may be chosen.
        subject: The model.
        isa: Of the board: kernels differ in what scratch they take.
        progress: Told what is measured and planned.

    Raises:
        UsageError: There are no samples with answers, or nothing can learn.
        BudgetExceeded: Nothing fits.
    """
    text = config.train_ram
    assert text is not None  # the caller has looked
    model = read_model(read_file(subject.path), subject.path.stem)
    learner = learner_of(config, model)
    assert learner is not None  # with --train-ram something learns
    search = _Choosing(model, learner, isa)
    names, graph = _candidates(search, progress)
    samples = _samples(config, subject, graph, progress)
    found_scores = contributions(graph, samples.inputs, _targets(graph, samples), progress)
    whole = search.graph(names, learner)
    kept = _kept(whole)
    scores = {name: score for name, score in found_scores.items() if name in kept}
    candidates = Candidates(scores, _sizes(whole), kept)
    before, budget = compiler.compile(model, isa).arena_bytes, parse_bytes(text)
    progress.note(f"planning what learns in {budget:,} bytes")
    chosen, ram = select(candidates, budget, partial(search.extra, before))
    found = Selection(budget, ram, len(samples.inputs), ranked(candidates, chosen))
    progress.note(
        f"{len(chosen)} of {len(scores)} weights and biases learn in {ram:,} of {found.budget:,} "
        f"bytes beside the inference: {100 * found.share:.0f} % of what all would contribute"
    )
    return found


def _candidates(search: _Choosing, progress: Progress) -> tuple[list[str], Model]:
    """Names of what may learn, and the graph in which all of them do.

    Raises:
        UsageError: Not even the last layer can learn, or classes are to be added.
    """
    learning = parse_learning(search.learner.what)
    if learning.classes is not None:
        raise UsageError(
            f"--train-ram chooses among layers, but --train {search.learner.what} adds classes",
            hint="leave out --train, or say --train last:LAYERS",
        )
    tensors = chosen_tensors(search.model, search.learner.what)
    plain, told = plain_learner(search.learner), ""
    for first in sorted({tensor.layer for tensor in tensors}):
        names = [tensor.name for tensor in tensors if tensor.layer >= first]
        try:
            search.graph(names, search.learner)
            graph = search.graph(names, plain)
        except UnsupportedModel as error:
            told = error.message
            continue
        if told:
            progress.note(f"what is before layer {first + 1} cannot learn: {told}")
        return names, graph
    raise UsageError(f"nothing can learn: {told}", hint="docs/learning.md lists what can")


def _samples(config: BuildConfig, subject: ModelFile, graph: Model, progress: Progress) -> Samples:
    """Samples that the contributions are measured on.

    Raises:
        UsageError: There are too few, or they have no answers.
    """
    before = load_split(subject.source) if subject.source else None
    if config.data is None:
        found = choose_samples(graph, before, SAMPLES)
    else:
        pixels = config.pixels or declared_pixels(subject.path)
        plain = BenchConfig(data=config.data, pixels=pixels, labels=config.labels, images=SAMPLES)
        known = before.class_names if before else ()
        found = own_data(plain, graph, progress, known, before).samples
    answered = found.split is not None or not graph.of_kind(ValueKind.TARGET)
    if not answered or len(found.inputs) < LEAST:
        what = "has no answers" if not answered else f"is {len(found.inputs)} samples"
        raise UsageError(
            f"--train-ram measures what learning gains, but what it would learn from {what}",
            hint=f"name {LEAST} samples or more with --data, as `tinyssl learn` takes them",
        )
    return found


def _targets(graph: Model, samples: Samples) -> list[Feeds]:
    """The answer of each sample, as a training step takes it."""
    found = graph.of_kind(ValueKind.TARGET)
    if not found or samples.split is None:
        return [{} for _ in samples.inputs]
    value = graph.tensor(found[0])
    dtype = np.int32 if value.dtype is DType.INT32 else np.float32
    answers = np.asarray(samples.split.answers)
    return [{TARGET: each.astype(dtype).reshape(value.shape)} for each in answers]


def _sizes(graph: Model) -> dict[str, int]:
    """Bytes of each parameter with its velocities."""
    values = [graph.tensor(i) for kind in STORED for i in graph.of_kind(kind)]
    found = {value.name: 0 for value in values if value.kind is ValueKind.PARAMETER}
    for value in values:
        name = value.name.removeprefix("velocity of ")
        if name in found and name not in RATES:
            found[name] += value.elements * value.dtype.bytes
    return {name: size for name, size in found.items() if name not in RATES}


def _kept(graph: Model) -> dict[str, int]:
    """Bytes of what the update of each parameter reads of the inference."""
    found: dict[str, int] = {}
    for op in graph.ops[training_start(graph) :]:
        for index in op.outputs:
            value = graph.tensor(index)
            if value.kind is ValueKind.PARAMETER and value.name.endswith(ROLES):
                read = getattr(op, "input", None) if index == getattr(op, "weight", None) else None
                source = None if read is None else graph.tensor(read)
                found[value.name] = 0 if source is None else source.elements * source.dtype.bytes
    return found
