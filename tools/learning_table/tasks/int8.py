"""INT8 parameters: a network for upright digits learns digits that lie on their side.

The same training four times: float32 weights, INT8 weights with quantisation-aware scaling, and
without it, at float32's rate and at the best of some larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.float_graph import write_float
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import activation_ranges
from tinyssl.core.config import BuildConfig
from tinyssl.data.digits import FULL_SCALE, SIDE, read_table
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_tail import float_tail, learning_layers
from tinyssl.graph.passes.int8_tail import joined
from tinyssl.graph.training import TARGET, Training, add_training
from tinyssl.ops.common.activation import Activation
from tinyssl.project.learner import Weights
from tinyssl.runtimes.host import HostModel
from tools.learning_table.device import learning_device
from tools.learning_table.row import Costs, Found, Measure, Session, Task

TAUGHT = 900
"""Digits that teach; the others judge"""
PASSES, RATE = 8, 0.01
FIRST_PASSES, FIRST_RATE = 8, 0.02
"""Of the upright digits, before"""
LARGER = (1e4, 2e4, 4e4, 8e4)
"""Times the rate, without scaling: about the square of a weight's scale makes up for it"""
SEEDS = 3
"""Orders of the samples"""
BOARD_STEPS = 60
NEAR = 0.02
"""Of float32's accuracy"""
HE = float(np.sqrt(2))

SCALED = "accuracy, INT8 with scaling"
PLAIN = "accuracy, INT8 without scaling"


@dataclass(frozen=True)
class Digits:
    """Samples, and what they are."""

    inputs: NDArray[Any]
    labels: NDArray[np.int32]

    def part(self, *, taught: bool) -> Digits:
        """Those that teach, or those that judge."""
        chosen = slice(TAUGHT) if taught else slice(TAUGHT, None)
        return Digits(self.inputs[chosen], self.labels[chosen])


def upright(seed: int) -> Digits:
    """All 1,797 digits as 16x16 images in [0, 1], in random order."""
    table = np.random.default_rng(seed).permutation(read_table())
    images = (table[:, :-1] / FULL_SCALE).reshape(-1, SIDE, SIDE, 1).astype(np.float32)
    return Digits(images.repeat(2, 1).repeat(2, 2), table[:, -1].astype(np.int32))


def network(seed: int) -> LayerStack:
    """Convolution, twice depthwise and pointwise, mean, ten classes: 3,258 parameters."""
    stack = LayerStack((1, 16, 16, 1), seed)
    stack.conv(16, 3, Activation.RELU6, gain=HE)
    for count in (32, 48):
        channels = stack.values[stack.last].shape[3]
        weight = stack.weight((1, 3, 3, channels), 9, HE)
        stack.convolution("DEPTHWISE_CONV_2D", weight, channels, 3, Activation.RELU6, multiplier=1)
        _, height, width, _ = stack.values[stack.last].shape
        weight = stack.weight((count, 1, 1, channels), channels, HE)
        bias = stack.constant(f"b{len(stack.ops)}", np.zeros(count))
        shape, clamp = (1, height, width, count), Activation.RELU6
        stack.layer("CONV_2D", weight, shape, bias=bias, activation=clamp)
    stack.operator("MEAN", (1, 48), input=stack.last, axes=(1, 2), keep_dims=False)
    stack.dense(10, gain=0.3)
    return stack


def accuracy(host: HostModel, digits: Digits) -> float:
    """Share of the right answers."""
    right = [
        next(iter(host.run(host.feed(x[None])).values())).argmax() == label
        for x, label in zip(digits.inputs, digits.labels, strict=True)
    ]
    return float(np.mean(right))


def taught(host: HostModel, digits: Digits, passes: int, seed: int) -> None:
    """Learns all samples, in another order at each pass."""
    random = np.random.default_rng(seed)
    for _ in range(passes):
        for at in random.permutation(len(digits.labels)):
            host.train(host.feed(digits.inputs[at][None]), {TARGET: digits.labels[at : at + 1]})


def quantised(digits: Digits, seed: int) -> bytes:
    """The network after it learnt upright digits in float32, as a canonical INT8 .tflite."""
    stack = network(seed)
    model = stack.model("digits")
    training = Training(tuple(stack.parameters), rate=FIRST_RATE)
    with HostModel(compiler.compile(add_training(model, training))) as host:
        taught(host, digits, FIRST_PASSES, seed)
        found = host.snapshot()
    values = list(model.tensors)
    for index in stack.parameters:
        values[index] = replace(values[index], data=found[values[index].name].tobytes())
    data = write_float(replace(model, tensors=tuple(values)))
    return canonicalise(quantise(data, activation_ranges(data, digits.inputs[:200])))


def parameters(model: Model) -> tuple[int, ...]:
    """Weights and biases of all layers."""
    return tuple(index for at in learning_layers(model) for index in model.ops[at].inputs[1:])


def learnt(model: Model, digits: Digits) -> tuple[float, float]:
    """Mean accuracy over the seeds, and half of its 95 % interval."""
    found = []
    with HostModel(compiler.compile(model)) as host:
        first = host.snapshot()
        for seed in range(SEEDS):
            host.restore(first)
            taught(host, digits.part(taught=True), PASSES, seed)
            found.append(accuracy(host, digits.part(taught=False)))
    spread = np.std(found, ddof=1) if SEEDS > 1 else 0.0
    return float(np.mean(found)), float(1.96 * spread / np.sqrt(SEEDS))


def on_board(session: Session, model: Path, digits: Digits, form: Weights) -> Costs:
    """What learning in one form takes on the board."""
    config = BuildConfig(
        board=session.board, model=model, train="all", train_weights=form, learning_rate=RATE
    )
    with learning_device(config, session.folder / form) as board:
        (name,) = (value.name for value in board.host.inputs)
        for x, label in zip(digits.inputs[:BOARD_STEPS], digits.labels, strict=False):
            board.step({name: x[None]}, {TARGET: label.reshape(1)})
        return board.costs()


def accuracies(model: Model, side: Digits, session: Session) -> tuple[Measure, ...]:
    """Of the four trainings, on this computer."""
    wide = float_tail(model, learning_layers(model)[0])
    session.say(f"{PASSES} passes, {SEEDS} orders, in float32 and INT8")
    real, _ = learnt(add_training(wide, Training(parameters(wide), rate=RATE)), side)
    make = partial(Training, parameters(model))
    scaled, half = learnt(add_training(model, make(rate=RATE)), side)
    session.say("without scaling")
    plain, _ = learnt(add_training(model, make(rate=RATE, aware=False)), side)
    larger = [
        learnt(add_training(model, make(rate=RATE * each, aware=False)), side)[0] for each in LARGER
    ]
    share = partial(Measure, reference=real, percent=True)
    best, worst = max(larger), min(larger)
    return (
        share(SCALED, "float32 − 2 points", scaled >= real - NEAR, scaled, interval=half),
        share(f"{PLAIN}, the same rate", "< 30 %: it learns nothing", plain < 0.3, plain),
        share(f"{PLAIN}, the best of 4 rates, 10,000 to 80,000 times it", "none", True, best),
        share(f"{PLAIN}, the worst of these", "none", True, worst),
    )


def measure(session: Session) -> Found:
    """The row."""
    digits = upright(session.seed)
    session.say("learning upright digits in float32")
    data = quantised(digits.part(taught=True), session.seed)
    path = session.folder / "digits.tflite"
    path.write_bytes(data)
    sides = np.rot90(digits.inputs, axes=(1, 2))
    codes = np.clip(np.round(sides * 255) - 128, -128, 127).astype(np.int8)
    side = Digits(np.ascontiguousarray(codes), digits.labels)
    found = accuracies(joined(read_model(data, "digits")), side, session)
    session.say(f"{BOARD_STEPS} steps on {session.board}, in both forms")
    wide = on_board(session, path, side, "float32")
    narrow = on_board(session, path, side, "int8")
    ratios = (
        Measure(
            "RAM of the firmware in KB, beside float32's",
            "half",
            2 * narrow.ram <= wide.ram,
            narrow.ram / 1000,
            wide.ram / 1000,
            narrow.ram / 1000,
        ),
        Measure(
            "instructions of inference and step in thousands, beside float32's",
            "none",
            True,
            (narrow.inference + narrow.step) / 1000,
            (wide.inference + wide.step) / 1000,
            (narrow.inference + narrow.step) / 1000,
        ),
    )
    return Found((*found, *ratios), replace(narrow, equal=narrow.equal and wide.equal))


TASK = Task("int8", "digits, turned by 90°: 900 teach, 897 judge", measure)
