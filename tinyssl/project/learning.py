"""The file of a model whose last layers are to learn on the device, and its training step."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyssl import compiler
from tinyssl.compiler import Program
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace, write_atomic
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_tail import float_tail, learning_layers
from tinyssl.graph.passes.int8_tail import float_layers, int8_tail, joined
from tinyssl.graph.passes.new_classes import with_classes, with_layer
from tinyssl.graph.training import Loss, Training, add_training, learnt_elements, training_start
from tinyssl.graph.verify import verify
from tinyssl.ops import macs
from tinyssl.project.learner import WHAT_HINT, Learner, Learning, Weights, parse_learning
from tinyssl.project.source import CHECK_INPUTS, ModelSource, sample_inputs
from tinyssl.targets.boards import Isa
from tinyssl.verify.quantised_training import check_quantised_training
from tinyssl.verify.training import check_training, step_squares

FOLDER = "learners"
"""Below the workspace"""
LIMITS = {Loss.CROSS_ENTROPY: 4.0, Loss.SQUARED_ERROR: 1.0, Loss.ABSOLUTE_ERROR: 1.0}
"""Loss -> the rate above which a step overshoots on a sample of size 1: 2 over the largest
curvature by one output, which is 1/2 of softmax and 2 of a square; times the outputs where the loss
is a mean over them"""
RATE_SHARE = 0.25
"""Of that limit"""


def write_learner(
    path: Path, what: str, workspace: Workspace, weights: Weights = "float32"
) -> Path:
    """The model with the layers that learn in their form, as a file of the workspace.

    Args:
        path: A .tflite.
        what: As `--train` says it.
        workspace: Where the file is written.
        weights: Form of what learns.

    Returns:
        The file, whose name holds a hash of the original and what learns.

    Raises:
        UsageError: The model has fewer layers, or more classes already; or INT8 is to learn what it
            cannot.
        ModelError: It cannot be read or is not supported.
    """
    data, learning = read_file(path), parse_learning(what)
    model = read_model(data, path.stem)
    verify(model)
    layers = learning_layers(model)
    count = len(layers) if learning.layers is None else learning.layers
    if not 1 <= count <= len(layers):
        raise UsageError(
            f"--train {what}: the model has {len(layers)} layers with weights", hint=WHAT_HINT
        )
    if weights == "int8":
        changed = _int8_learner(model, layers[-count], learning, what)
    elif learning.new is not None:
        changed = with_layer(model, learning.new)
    else:
        changed = float_tail(model, layers[-count])
    if learning.classes is not None:
        changed = _with_classes(changed, learning.classes)
    digest = hashlib.sha256(data).hexdigest()[:8]
    form = "" if weights == "float32" else f"-{weights}"
    name = f"{path.stem}-{digest}-{what.replace(':', '')}{form}.tflite"
    target = workspace.root / FOLDER / name
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, write_model(changed))
    return target


def _int8_learner(model: Model, start: int, learning: Learning, what: str) -> Model:
    """The model as it is, with biases.

    Raises:
        UsageError: It is to get classes, or what learns is no INT8.
    """
    floats = float_layers(replace(model, ops=model.ops[start:]))
    if floats or learning.grows:
        why = f"{floats[0]} is no INT8 layer" if floats else "the classes of INT8 do not grow"
        raise UsageError(
            f"--train {what} --train-weights int8: {why}", hint="leave --train-weights out"
        )
    return int8_tail(model, start)


def _with_classes(model: Model, classes: int) -> Model:
    before = model.output.elements
    if classes < before:
        raise UsageError(
            f"--train head:{classes}: the model has {before} classes already",
            hint=f"name {before} or more",
        )
    return with_classes(model, classes)


def with_training(graph: Model, learner: Learner) -> Model:
    """The graph of a file from `write_learner` with its training step.

    Parameters are called `head/weight` and `head/bias`, or `layer12/weight` by their number among
    the layers with weights, from 1.

    Raises:
        UnsupportedModel: An operator has no backward pass.
    """
    if learner.weights == "int8":
        graph = joined(graph)
    named, parameters = _named_parameters(graph, learner.learning)
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


def _named_parameters(graph: Model, learning: Learning) -> tuple[Model, tuple[int, ...]]:
    """The graph with names for what learns, and its values."""
    layers = learning_layers(graph)
    values, parameters = list(graph.tensors), []
    for at in layers if learning.layers is None else layers[-learning.layers :]:
        title = "head" if learning.layers == 1 else f"layer{layers.index(at) + 1}"
        weight, bias = graph.ops[at].inputs[1:]
        for index, name in ((weight, "weight"), (bias, "bias")):
            values[index] = replace(values[index], name=f"{title}/{name}")
        parameters += [bias] if learning.biases_alone else [weight, bias]
    return replace(graph, tensors=tuple(values)), tuple(parameters)


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
    plain = replace(
        learner,
        learning_rate=None,
        momentum=0.0,
        weight_decay=0.0,
        clip=None,
        error_clip=None,
        local_layers=0,
    )
    if learner.weights == "int8":
        plain = replace(plain, weights="float32")
    graph = with_training(float_twin(source.graph, learner), plain)
    inputs = sample_inputs(source, CHECK_INPUTS)
    if check:
        check_training(graph, inputs, progress)
    if check and learner.weights == "int8":
        int8 = with_training(source.graph, replace(plain, weights="int8"))
        found = check_quantised_training(int8, graph, inputs, progress)
        progress.note(f"INT8 and float32 steps have cosines of {found.worst[1]:.2f} or more")
    if learner.learning_rate is None:
        learner = replace(learner, learning_rate=suited_rate(graph, learner.loss, inputs, progress))
    made = replace(source, compiled=compiler.compile(with_training(source.graph, learner), isa))
    progress.note(_needs(source.program, made.program))
    return made, learner


def float_twin(graph: Model, learner: Learner) -> Model:
    """What learns in float32, whatever form it is to learn in."""
    if learner.weights == "float32":
        return graph
    layers, count = learning_layers(graph), learner.learning.layers
    return float_tail(graph, layers[0 if count is None else -count])


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
