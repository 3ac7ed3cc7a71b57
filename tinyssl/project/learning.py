"""The training step of a model whose last layers are to learn on the device."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tinyssl import compiler
from tinyssl.compiler import Program
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.passes.float_tail import float_tail, learning_layers
from tinyssl.graph.passes.int8_tail import joined
from tinyssl.graph.training import Loss, Training, add_training, learnt_elements, training_start
from tinyssl.ops import macs
from tinyssl.project.guard import note_guard
from tinyssl.project.learner import Learner
from tinyssl.project.learner_file import learning_start
from tinyssl.project.learnt_tensors import chosen_tensors
from tinyssl.project.source import CHECK_INPUTS, ModelSource, sample_inputs
from tinyssl.targets.boards import Isa
from tinyssl.verify.quantised_training import check_quantised_training
from tinyssl.verify.training import check_training, step_squares

LIMITS = {Loss.CROSS_ENTROPY: 4.0, Loss.SQUARED_ERROR: 1.0, Loss.ABSOLUTE_ERROR: 1.0}
"""Loss -> the rate above which a step overshoots on a sample of size 1: 2 over the largest
curvature by one output, which is 1/2 of softmax and 2 of a square; times the outputs where the loss
is a mean over them"""
RATE_SHARE = 0.25
"""Of that limit"""


def with_training(graph: Model, learner: Learner) -> Model:
    """The graph of a file from `write_learner` with its training step.

    Parameters are called `head/weight` and `head/bias`, or `layer12/weight` by their number among
    the layers with weights, from 1.

    Raises:
        UnsupportedModel: An operator has no backward pass.
    """
    if learner.weights == "int8":
        graph = joined(graph)
    named, parameters = _named_parameters(graph, learner.what)
    clip = math.inf if learner.error_clip is None else learner.error_clip
    rate = 1.0 if learner.learning_rate is None else learner.learning_rate
    local = _local(named, learner, parameters)
    training = Training(
        parameters,
        learner.loss,
        rate,
        learner.sgd,
        clip,
        autoencoder=learner.autoencoder,
        normalise=learner.normalise,
        local=local,
        growing=parameters[-1] if learner.learning.grows else None,
    )
    return add_training(named, training)


def _local(graph: Model, learner: Learner, parameters: tuple[int, ...]) -> frozenset[int]:
    """Parameters of the last layers that have a learning rate for themselves.

    Raises:
        UsageError: No others are left.
    """
    if not learner.local_layers:
        return frozenset()
    layers = learning_layers(graph)[-learner.local_layers :]
    local = frozenset(parameters).intersection(i for at in layers for i in graph.ops[at].inputs)
    if local == frozenset(parameters):
        raise UsageError(
            f"--local-layers {learner.local_layers}: no layer that learns is left for the others",
            hint="let more layers learn (--train), or name fewer",
        )
    return local


def _named_parameters(graph: Model, what: str) -> tuple[Model, tuple[int, ...]]:
    """The graph with names for what learns, and its values."""
    chosen, values = chosen_tensors(graph, what), list(graph.tensors)
    last = len(learning_layers(graph)) - 1
    head = all(tensor.layer == last for tensor in chosen)
    for tensor in chosen:
        name = tensor.head_name if head else tensor.name
        values[tensor.index] = replace(values[tensor.index], name=name)
    return replace(graph, tensors=tuple(values)), tuple(tensor.index for tensor in chosen)


def learning_source(
    source: ModelSource, learner: Learner, isa: Isa, progress: Progress, *, check: bool = True
) -> tuple[ModelSource, Learner]:
    """The model with a training step, compiled for a board, and what learns, with its rate.

    Args:
        source: Of a file from `write_learner`, compiled for inference.
        learner: What learns, and how.
        isa: Instruction set of the board.
        progress: Told what a step takes.
        check: Compare the gradients with the loss that they lower.

    Raises:
        UnsupportedModel: An operator has no backward pass.
        Mismatch: The backward pass is wrong.
    """
    plain = plain_learner(learner)
    graph = with_training(float_twin(source.graph, learner), plain)
    inputs = sample_inputs(source, CHECK_INPUTS)
    if check:
        check_training(graph, inputs, progress)
    if check and learner.weights == "int8":
        int8 = with_training(source.graph, replace(plain, weights="int8"))
        found = check_quantised_training(int8, graph, inputs, progress)
        progress.note(f"INT8 and float32 steps have cosines of {found.worst[1]:.2f} or more")
    if learner.learning_rate is None:
        rated = graph
        if not _has_rate(graph):
            rated = with_training(float_twin(source.graph, learner), replace(plain, what="head"))
        learner = replace(learner, learning_rate=suited_rate(rated, learner.loss, inputs, progress))
    made = replace(source, compiled=compiler.compile(with_training(source.graph, learner), isa))
    progress.note(_needs(source.program, made.program))
    note_guard(source.graph, made.graph, learner.guard, progress)
    return made, learner


def float_twin(graph: Model, learner: Learner) -> Model:
    """What learns in float32, whatever form it is to learn in."""
    if learner.weights == "float32":
        return graph
    return float_tail(graph, learning_start(graph, learner.what))


def plain_learner(learner: Learner) -> Learner:
    """The same in float32, with steps that are the gradients."""
    return replace(
        learner,
        learning_rate=None,
        momentum=0.0,
        weight_decay=0.0,
        clip=None,
        error_clip=None,
        local_layers=0,
        weights="float32",
    )


def _has_rate(graph: Model) -> bool:
    """Whether a step tells what `suited_rate` asks: all of the last layer learns, or biases."""
    names = [graph.tensor(index).name for index in graph.of_kind(ValueKind.PARAMETER)]
    last = learning_layers(graph)[-1]
    head = {graph.tensor(index).name for index in graph.ops[last].inputs[1:]}
    weights = any(name.endswith("/weight") for name in names)
    return head.issubset(names) or (not weights and not head.isdisjoint(names))


def suited_rate(graph: Model, loss: Loss, inputs: list[Feeds], progress: Progress) -> float:
    """A learning rate that does not overshoot: a share of the limit of one layer, over 1 + |x|^2.

    x is what the last layer reads, and 1 stands for its bias. Ours; two digits.
    """
    squares = step_squares(graph, inputs)
    outputs = 1 if loss is Loss.CROSS_ENTROPY else graph.output.elements
    found = float(f"{RATE_SHARE * LIMITS[loss] * outputs / np.mean(squares):.1e}")
    progress.note(f"learning rate {found:g}, of the size of what the last layer reads")
    return found


def _needs(inference: Program, both: Program) -> str:
    """What a training step takes."""
    graph = both.graph
    start, count = training_start(graph), learnt_elements(graph)
    more = both.arena_bytes - inference.arena_bytes
    step = sum(macs(graph, op) for op in graph.ops[start:])
    return (
        f"{count:,} parameters learn; RAM for tensors {both.arena_bytes:,} bytes, {more:,} more "
        f"than for inference alone; {step:,} multiply-accumulates a step beside the inference"
    )
