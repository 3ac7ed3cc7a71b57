"""Before a model that learns is built: its backward pass against its own loss, on this computer.

Along the gradient g the loss falls by step * |g|^2, as long as the step is small. A wrong sign, a
missing term or a wrong layer shows in the quotient of both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyssl import compiler
from tinyssl.core.errors import Mismatch
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.graph.model import DType, Model
from tinyssl.graph.passes.new_classes import growing_rows
from tinyssl.graph.training import LOSS, RATE
from tinyssl.ops.common.new_classes import FREE_BELOW
from tinyssl.ops.common.welford import STATISTICS
from tinyssl.runtimes.host import HostModel

SHARE = 0.01
"""Of the loss, by which a step is to lower it"""
TOLERANCE = 0.1
"""Of the fall that the gradient promises: the loss is curved, and float32 rounds"""
LEAST = 1e-4
"""Loss, and size of a gradient, below which float32 says nothing"""
SEED = 0


@dataclass(frozen=True)
class TrainingCheck:
    """What was compared."""

    steps: int
    """Samples on which the loss fell as the gradient says"""
    worst: float
    """Largest difference, as a share of the fall"""


def check_training(model: Model, inputs: list[Feeds], progress: Progress) -> TrainingCheck:
    """Compares gradients with the loss that they lower.

    Args:
        model: With a plain training step: no momentum, no decay, no clipping.
        inputs: One or more.
        progress: Told of every input.

    Raises:
        Mismatch: The loss falls by another amount.
    """
    random, found = np.random.default_rng(SEED), []
    with (
        HostModel(compiler.compile(model)) as host,
        progress.track("the training step against its loss", len(inputs), "input") as task,
    ):
        first = _first_values(host, model, inputs)
        for number, feeds in enumerate(inputs):
            host.restore(first)
            share = _quotient(host, feeds, any_targets(host, model, random))
            if share is not None and abs(share - 1) > TOLERANCE:
                raise Mismatch(
                    f"input {number}: a small step along the gradient should lower the loss by its "
                    f"length squared; it lowers it {share:.3g} times as much",
                    hint="the backward pass is wrong: please report this with the model",
                )
            found += [] if share is None else [abs(share - 1)]
            task.advance()
    return TrainingCheck(len(found), max(found, default=0.0))


def step_squares(model: Model, inputs: Sequence[Feeds]) -> list[float]:
    """1 + |x|^2 of each input, where x is what the last layer reads in an inference.

    Its weights' gradient is the outer product of its biases' and of x; so a step tells.

    Args:
        model: With a plain training step whose learning rate is 1.
        inputs: Of the inferences.
    """
    with HostModel(compiler.compile(model)) as host:
        first = _first_values(host, model, inputs)
        return [_step_square(host, model, first, feeds) for feeds in inputs]


def _first_values(host: HostModel, model: Model, inputs: Sequence[Feeds]) -> Outputs:
    """Parameters as the build has them, with statistics of the inputs where the model has some."""
    first, random = _all_open(host.snapshot()), np.random.default_rng(SEED)
    if first.keys().isdisjoint(STATISTICS):
        return first
    host.restore(first)
    for feeds in inputs:
        host.train(feeds, any_targets(host, model, random))
    return first | {name: host.snapshot()[name] for name in STATISTICS}


def _all_open(values: Outputs) -> Outputs:
    """With no free class: opening one is no step along a gradient."""
    return {
        name: np.where(each < FREE_BELOW, np.float32(0), each) if name.endswith("/bias") else each
        for name, each in values.items()
    }


def _step_square(host: HostModel, model: Model, first: Outputs, feeds: Feeds) -> float:
    host.restore(first)
    host.train(feeds, any_targets(host, model, np.random.default_rng(SEED)))
    moved = {name: first[name] - each for name, each in host.snapshot().items()}
    last = [name for name in moved if name.endswith("/bias")][-1]
    bias = float(np.sum(np.square(moved[last], dtype=np.float64)))
    weight = moved.get(f"{last.removesuffix('bias')}weight", np.zeros(1))
    square = float(np.sum(np.square(weight, dtype=np.float64)))
    return 1 + (square / bias if bias > 0 else 0.0)


def _first(model: Model) -> int:
    """First class whose score learns: those in front of it are a frozen layer's."""
    rows = growing_rows(model)
    return 0 if rows is None else rows[0] - model.tensor(rows[1]).elements


def any_targets(host: HostModel, model: Model, random: np.random.Generator) -> Outputs:
    """Any answer that the layers that learn give; none of an autoencoder."""
    found = {}
    for value in host.targets:
        label = value.dtype is DType.INT32
        found[value.name] = (
            np.array([random.integers(_first(model), model.output.elements)], np.int32)
            if label
            else random.normal(size=value.shape).astype(np.float32)
        )
    return found


def _quotient(host: HostModel, feeds: Feeds, targets: Feeds) -> float | None:
    """Fall of the loss over what the gradient promises; None where both are too small."""
    before = host.snapshot()
    loss = _step(host, before, feeds, targets, 1.0)
    after = host.snapshot()
    others = (LOSS, RATE, *STATISTICS)
    gradient = {name: before[name] - after[name] for name in before if name not in others}
    square = sum(float(np.sum(np.square(each, dtype=np.float64))) for each in gradient.values())
    if not math.isfinite(square) or loss < LEAST or square < LEAST**2:
        return None
    step = SHARE * loss / square
    moved = {name: before[name] - np.float32(step) * each for name, each in gradient.items()}
    lower = _step(host, before | moved, feeds, targets, 0.0)
    return (loss - lower) / (step * square)


def _step(host: HostModel, start: Outputs, feeds: Feeds, targets: Feeds, rate: float) -> float:
    """One step from these parameters; the loss in front of it."""
    host.restore(start | {RATE: np.array([rate], np.float32)})
    host.train(feeds, targets)
    return float(host.snapshot()[LOSS][0])
