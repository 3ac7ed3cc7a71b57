"""Anomaly: an autoencoder that knows one machine learns another, on the device.

MLPerf Tiny's network (640-128x4-8-128x4-640) is trained on synthetic sounds of a machine that
works, and converted to INT8. Then speed, mounting, room and microphone change. The device hears the
changed machine for some minutes and learns its last layer again, in float32 behind the INT8 front.
All of it happens with several seeds: of sounds, of the network's start, and of the order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.bench.reconstruction import area_under_curve
from tinyssl.core.config import BuildConfig, ConvertConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data.machines import NORMAL, SHIFTED, RotatingMachine, make_clips
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.interface import Feeds, Outputs, ValueInfo
from tinyssl.runtimes.inputs import nearest_codes
from tinyssl.verify.sqnr import dequantised
from tools.learning_table import autoencoder
from tools.learning_table.autoencoder import Layers, Rows
from tools.learning_table.device import learning_device
from tools.learning_table.new_classes import half_width
from tools.learning_table.row import Costs, Found, Measure, Session, Task

TRAINING, ADAPTING, TESTING = 300, 150, 80
"""Clips of a second: for the host, for the device, of each kind to judge"""
RATE = 0.1
"""Learning rate of the device"""
SEEDS = 5
"""Sounds, networks and orders, all of them on the board, too"""

Errors = Callable[[Rows], NDArray[np.float64]]


@dataclass(frozen=True)
class Heard:
    """Samples of one machine."""

    works: Rows
    fails: Rows

    def area(self, errors: Errors) -> float:
        """How well errors tell the two apart."""
        found = errors(np.concatenate([self.works, self.fails]))
        return area_under_curve(found, np.arange(len(found)) >= len(self.works))


def rows_of(machine: RotatingMachine, clips: int, seed: int, *, faulty: bool = False) -> Rows:
    """(samples, 640)."""
    found = make_clips(machine, clips, seed, faulty=faulty)
    return found.reshape(-1, found.shape[-1])


def heard(machine: RotatingMachine, clips: int, seed: int) -> Heard:
    """To judge by."""
    return Heard(rows_of(machine, clips, seed), rows_of(machine, clips, seed + 1, faulty=True))


class Played:
    """Errors of a model that runs: of the C on this computer, or of the device."""

    def __init__(self, source: ValueInfo, run: Callable[[Feeds], Outputs]) -> None:
        self._source, self._run = source, run

    def feeds(self, row: NDArray[np.float32]) -> Feeds:
        """A sample as the model takes it."""
        return {self._source.name: nearest_codes(self._source, row[None])}

    def errors(self, rows: Rows) -> NDArray[np.float64]:
        """(n, 640) to (n,)."""
        return np.array([self._error(self.feeds(row)) for row in rows])

    def _error(self, feeds: Feeds) -> float:
        (output,) = self._run(feeds).values()
        wanted = dequantised(self._source, feeds[self._source.name])
        return float(np.mean((output - wanted) ** 2))


def int8_model(layers: Layers, rows: Rows, folder: Path) -> Path:
    """The network as `tinyssl convert --model` makes it."""
    path, samples = folder / "autoencoder.tflite", folder / "normal.npy"
    path.write_bytes(write_model(autoencoder.as_model(layers)))
    np.save(samples, rows)
    config = ConvertConfig(model=str(path), calibration=samples)
    from tinyssl.stages.convert import convert

    return convert(config, Workspace(folder), Silent()).path("model")


def build_config(model: Path, board: str) -> BuildConfig:
    """What a user says to `tinyssl build`."""
    return BuildConfig(board=board, model=model, train="head", autoencoder=True, learning_rate=RATE)


@dataclass(frozen=True)
class Areas:
    """Areas under the curve of one seed in float, on this computer and on the device."""

    known: NDArray[np.float64]
    """(3,) of the machine that it knows, before it learns"""
    changed: NDArray[np.float64]
    """(3,) of the changed machine, before"""
    adapted: NDArray[np.float64]
    """(3,) of the changed machine, afterwards"""


def measure(session: Session) -> Found:
    """The row."""
    found: list[Areas] = []
    all_costs: list[Costs] = []
    for seed in range(session.seed, session.seed + SEEDS):
        folder = session.folder / str(seed)
        folder.mkdir()
        areas, costs = one_seed(replace(session, seed=seed, folder=folder))
        session.say(f"seed {seed}: {areas}")
        found.append(areas)
        all_costs.append(costs)
    steps = sum(each.steps for each in all_costs)
    equal = all(each.equal for each in all_costs)
    return Found(
        _measures(found, all_costs[0].steps), replace(all_costs[0], steps=steps, equal=equal)
    )


def one_seed(session: Session) -> tuple[Areas, Costs]:
    """Trains, converts, builds, and lets the board and this computer learn the changed machine."""
    session.say(f"{TRAINING + ADAPTING + 4 * TESTING} clips of synthetic machines")
    seeds = np.random.default_rng(session.seed).integers(0, 2**31, 4).tolist()
    normal, shifted = heard(NORMAL, TESTING, seeds[0]), heard(SHIFTED, TESTING, seeds[1])
    training = rows_of(NORMAL, TRAINING, seeds[2])
    session.say(f"training on {len(training):,} samples in PyTorch")
    layers = autoencoder.trained(training, session.seed)
    adapting = np.random.default_rng(session.seed).permutation(rows_of(SHIFTED, ADAPTING, seeds[3]))
    model = int8_model(layers, training, session.folder)
    with learning_device(build_config(model, session.board), session.folder) as board:
        session.say(f"{len(adapting):,} steps on {session.board}")
        players = [Played(board.host.inputs[0], run) for run in (board.host.run, board.run)]
        before = [[each.area(player.errors) for player in players] for each in (normal, shifted)]
        for row in adapting:
            board.step(players[0].feeds(row), {})
        after = [shifted.area(player.errors) for player in players]
        board.compare()
        costs = board.costs()

    def in_float(machine: Heard, layers: Layers) -> float:
        return machine.area(lambda rows: autoencoder.errors(layers, rows))

    learnt = autoencoder.adapted(layers, adapting, RATE)
    known = np.array([in_float(normal, layers), *before[0]])
    changed = np.array([in_float(shifted, layers), *before[1]])
    return Areas(known, changed, np.array([in_float(shifted, learnt), *after])), costs


def _measures(found: list[Areas], samples: int) -> tuple[Measure, ...]:
    """Means over the seeds; each seed's device must have gained."""
    columns = [
        np.array([getattr(each, name) for each in found])
        for name in ("known", "changed", "adapted")
    ]
    known, changed, adapted = columns
    shares = (adapted - changed)[:, 1] / (known - changed)[:, 1]
    texts = (
        (f"AUC on the machine that it knows, mean of {len(found)} seeds", "–"),
        ("AUC on the changed machine", "–"),
        (
            f"AUC after {samples:,} samples of it: {100 * shares.mean():.0f} % of the loss "
            f"regained ({100 * shares.min():.0f} to {100 * shares.max():.0f})",
            "more than before, with every seed",
        ),
    )
    gained = bool((adapted[:, 1:] > changed[:, 1:]).all())
    return tuple(
        Measure(
            what,
            target,
            gained or target == "–",
            float(column[:, 1].mean()),
            float(column[:, 0].mean()),
            float(column[:, 2].mean()),
            half_width(column[:, 1]),
        )
        for (what, target), column in zip(texts, columns, strict=True)
    )


TASK = Task(
    "anomaly",
    "synthetic machines (no ToyADMOS here): 5 frames of 128 log-mel filters, a sample each 160 ms",
    measure,
)
