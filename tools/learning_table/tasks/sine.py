"""Regression: a sine of each device, learnt from ten points in one pass.

Settings of TinyReptile's specification: 1-32-32-1 with tanh, 3,000 rounds of 32 fresh samples on
the host, then the device learns with the same rate.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyssl.core.config import BuildConfig
from tinyssl.data.episodes import DeviceData, Group, TaskFamily, find_family
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.training import TARGET
from tinyssl.runtimes.base import Runtime
from tools.learning_table import reptile
from tools.learning_table.device import LearningDevice, learning_device
from tools.learning_table.row import Found, Measure, Session, Task

DEVICES = 40
"""Unseen ones that the board plays, one after the other"""
MORE = 400
"""Unseen ones for the error before learning, whose mean differs much between sines"""
LEARNT, RANDOM = 0.5, 3.0
"""Error below which a meta-learnt start must come, and above which a random one stays"""
BEFORE = (4.3, 4.7)
"""Error before learning; a lower one would mean that the start knows the unseen sines"""


def start_of(model: Model) -> reptile.Layers:
    """Weights and biases of a network, layer by layer."""
    return reptile.paired(
        [value.array().astype(np.float64) for value in model.tensors if value.constant]
    )


def with_start(model: Model, layers: reptile.Layers) -> Model:
    """The network with other weights and biases."""
    arrays = iter([array.astype("<f4") for pair in layers for array in pair])
    values = [
        replace(value, data=next(arrays).tobytes()) if value.constant else value
        for value in model.tensors
    ]
    return replace(model, tensors=tuple(values))


def named(layers: reptile.Layers) -> Feeds:
    """Parameters as a build with `--train all` calls them."""
    return {
        f"layer{number}/{name}": array.astype(np.float32)
        for number, pair in enumerate(layers, 1)
        for name, array in zip(("weight", "bias"), pair, strict=True)
    }


def error_of(runtime: Runtime, data: DeviceData) -> float:
    """Mean squared error on the samples that judge a device."""
    (name,) = (value.name for value in runtime.inputs)
    outputs = [next(iter(runtime.run({name: x[None]}).values()))[0] for x in data.query.inputs]
    return float(np.mean(np.square(np.array(outputs) - data.query.targets)))


def after_learning(board: LearningDevice, family: TaskFamily, start: Feeds) -> tuple[float, float]:
    """Mean error of host and device over the unseen devices, each after one pass from a start."""
    found = []
    (name,) = (value.name for value in board.host.inputs)
    for number in range(DEVICES):
        data = family.device(Group.UNSEEN, number)
        board.restore(start)
        support = data.support(family.settings.online_steps)
        for x, target in zip(support.inputs, support.targets, strict=True):
            board.step({name: x[None]}, {TARGET: target[None]})
        board.compare()
        found.append((error_of(board.host, data), error_of(board.device, data)))
    host, device = np.mean(found, 0)
    return float(host), float(device)


def in_float(family: TaskFamily, start: reptile.Layers, steps: int, devices: int) -> float:
    """As `after_learning`, by the second implementation."""
    settings, found = family.settings, []
    for number in range(devices):
        data = family.device(Group.UNSEEN, number)
        support = data.support(steps)
        clip = np.inf if settings.error_clip is None else settings.error_clip
        own = reptile.learnt(start, support, settings.learning_rate, clip)
        found.append(reptile.squared_error(own, data.query))
    return float(np.mean(found))


def before_learning(board: LearningDevice, family: TaskFamily) -> float:
    """Mean error of the host over many unseen devices."""
    return float(
        np.mean([error_of(board.host, family.device(Group.UNSEEN, n)) for n in range(MORE)])
    )


def build_config(family: TaskFamily, model: Path, board: str) -> BuildConfig:
    """What a user says to `tinyssl build`."""
    return BuildConfig(
        board=board,
        model=model,
        train="all",
        loss="squared-error",
        learning_rate=family.settings.learning_rate,
        error_clip=family.settings.error_clip,
    )


def measure(session: Session) -> Found:
    """The row."""
    family = find_family("sine", seed=session.seed)
    network = family.network(session.seed)
    random = start_of(network)
    session.say(f"meta-learning of {family.settings.rounds:,} rounds in NumPy")
    start = reptile.meta_learnt(family, random)
    path = session.folder / "sine.tflite"
    path.write_bytes(write_model(with_start(network, start)))
    steps = family.settings.online_steps
    with learning_device(build_config(family, path, session.board), session.folder) as board:
        before = before_learning(board, family)
        session.say(f"{2 * DEVICES} devices of {steps} steps each on {session.board}")
        host, device = after_learning(board, family, named(start))
        random_host, random_device = after_learning(board, family, named(random))
        costs = board.costs()
    passed = f"one pass over {steps} samples, {DEVICES} unseen devices"
    return Found(
        (
            Measure(
                f"MSE after {passed}, from a meta-learnt start",
                f"< {LEARNT}",
                max(host, device) < LEARNT,
                host,
                in_float(family, start, steps, DEVICES),
                device,
            ),
            Measure(
                "the same from a random start",
                f"> {RANDOM}",
                min(random_host, random_device) > RANDOM,
                random_host,
                in_float(family, random, steps, DEVICES),
                random_device,
            ),
            Measure(
                f"MSE before learning, {MORE} unseen devices: nothing but learning helps",
                f"{BEFORE[0]} to {BEFORE[1]}",
                BEFORE[0] <= before <= BEFORE[1],
                before,
                in_float(family, start, 0, MORE),
            ),
        ),
        costs,
    )


TASK = Task("sine", "y = A sin(x + φ), A in (0.1, 5), φ in (0, 2π), x in (-5, 5)", measure)
