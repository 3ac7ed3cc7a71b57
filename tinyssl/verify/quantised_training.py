"""Before a model that learns in INT8 is built: its step against that of its float32 twin.

The twin has the same weights as real numbers. INT8 rounds activations, errors and steps, so the two
differ; but their steps point the same way, and are as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyssl import compiler
from tinyssl.core.errors import Mismatch
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import Feeds, Outputs, named_values
from tinyssl.graph.model import Model, Quant, ValueKind
from tinyssl.graph.training import RATE
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.host import HostModel
from tinyssl.verify.training import SEED, any_targets

LEAST_COSINE = 0.5
"""Between the steps of both, of each parameter; median of the inputs"""
REACH = 40.0
"""Quantisation steps that the largest step of a weight takes"""
LEAST_STEP = 8.0
"""Quantisation steps; of shorter ones the rounding is much"""
WEIGHT_MAX = 127


@dataclass(frozen=True)
class TwinCheck:
    """What was compared, by the parameter's name; a figure for each input that moved it."""

    cosines: dict[str, list[float]]
    lengths: dict[str, list[float]]
    """Of INT8's step along the twin's, over that one's"""

    @property
    def worst(self) -> tuple[str, float]:
        """The parameter with the smallest median cosine."""
        medians = {name: float(np.median(each)) for name, each in self.cosines.items()}
        name = min(medians, key=medians.__getitem__, default="")
        return name, medians.get(name, 1.0)


@dataclass(frozen=True)
class _Pair:
    """A model that learns in INT8, and its twin."""

    int8: HostModel
    real: HostModel
    quants: dict[str, Quant]
    """Of its parameters, by name"""


def check_quantised_training(
    model: Model, twin: Model, inputs: list[Feeds], progress: Progress
) -> TwinCheck:
    """Compares a step in INT8 with the same step in float32.

    Args:
        model: With a training step of INT8 layers, and a learning rate.
        twin: The same in float32; its parameters have the same names.
        inputs: One or more.
        progress: Told of every input.

    Raises:
        Mismatch: The steps point elsewhere.
    """
    random = np.random.default_rng(SEED)
    with (
        HostModel(compiler.compile(model)) as int8,
        HostModel(compiler.compile(twin)) as real,
        progress.track("INT8 steps against float32 ones", len(inputs), "input") as task,
    ):
        pair, found = _Pair(int8, real, _quants(model)), TwinCheck({}, {})
        first = int8.snapshot(), real.snapshot()
        for feeds in inputs:
            _compare(pair, first, (feeds, any_targets(int8, model, random)), found)
            task.advance()
    name, cosine = found.worst
    if not cosine >= LEAST_COSINE:
        raise Mismatch(
            f"a training step of {name} in INT8 points elsewhere than one in float32: their cosine "
            f"is {cosine:.2f}, {LEAST_COSINE:g} is the least",
            hint="let fewer layers learn, or leave --train-weights out",
        )
    return found


def _quants(model: Model) -> dict[str, Quant]:
    """Of parameters; a bias has the scales of its layer's sums."""
    return {
        value.name: value.quant
        for value in named_values(model)
        if value.kind is ValueKind.PARAMETER and value.quant is not None
    }


def _compare(
    pair: _Pair, first: tuple[Outputs, Outputs], sample: tuple[Feeds, Feeds], found: TwinCheck
) -> None:
    """Adds the cosines of one input, of parameters that it moves."""
    slope = _moved(pair.real, first[1], sample, 1.0)
    steps = {name: slope[name] / _scale(quant, slope[name]) for name, quant in pair.quants.items()}
    wide = [name for name in steps if first[0][name].dtype == np.int8] or list(steps)
    largest = max(float(np.abs(steps[name]).max()) for name in wide)
    if largest == 0:
        return
    moved = _moved(pair.int8, first[0], sample, REACH / largest)
    for name, each in steps.items():
        expected = each * (REACH / largest)
        free = _free(moved[name] + first[0][name], first[0][name])
        ours, theirs = moved[name][free], expected[free]
        if np.abs(theirs).max(initial=0.0) >= LEAST_STEP:
            dot, square = float(ours @ theirs), float(theirs @ theirs)
            size = float(np.sqrt((ours @ ours) * square))
            found.cosines.setdefault(name, []).append(dot / size if size > 0 else 0.0)
            found.lengths.setdefault(name, []).append(dot / square)


def _free(after: Array, before: Array) -> Array:
    """Parameters that are at no end of int8."""
    return np.abs(after) < WEIGHT_MAX if before.dtype == np.int8 else np.ones(before.shape, bool)


def _moved(
    host: HostModel, start: Outputs, sample: tuple[Feeds, Feeds], rate: float
) -> dict[str, Array]:
    """How far a step moves each parameter down."""
    host.restore(start | {RATE: np.array([rate], np.float32)})
    host.train(*sample)
    after = host.snapshot()
    return {name: after[name].astype(np.float64) - start[name] for name in start}


def _scale(quant: Quant, like: Array) -> Array:
    """Real value of a quantisation step, for each element."""
    shape = [1] * like.ndim
    if quant.per_channel:
        shape[quant.axis] = len(quant.scale)
    return np.array(quant.scale, np.float64).reshape(shape if quant.per_channel else ())
