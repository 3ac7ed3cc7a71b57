"""Anomaly: an autoencoder that knows one machine learns another, on the device.

MLPerf Tiny's network (640-128x4-8-128x4-640) is trained on synthetic sounds of a machine that
works, and converted to INT8. Then speed, mounting, room and microphone change. The device hears the
changed machine for some minutes and learns its last layer again, in float32 behind the INT8 front.
All of it happens with several seeds: of sounds, of the network's start, and of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.bench.reconstruction import area_under_curve
from tinyssl.core.config import BuildConfig, ConvertConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data.machines import NORMAL, SHIFTED, RotatingMachine, make_clips
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.graph.interface import Feeds, Outputs, ValueInfo
from tinyssl.graph.training import Loss
from tinyssl.project.learner import Learner
from tinyssl.project.learner_file import learner_file
from tinyssl.project.learning import with_training
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import nearest_codes
from tinyssl.verify.sqnr import dequantised
from tools.learning_table import autoencoder
from tools.learning_table.autoencoder import Layers, Rows
from tools.learning_table.device import learning_device
from tools.learning_table.new_classes import half_width
from tools.learning_table.row import Found, Measure, Session, Task

TRAINING, ADAPTING, TESTING = 300, 150, 80
"""Clips of a second: for the host, for the device, of each kind to judge"""
RATE = 0.1
"""Learning rate of the device"""
SEEDS = 5
"""Sounds, networks and orders; the first of each on the board, too"""

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
    """Areas under the curve of one seed: in float, on this computer, on a board that took part."""

    known: NDArray[np.float64]
    """(2,) or (3,) of the machine that it knows, before it learns"""
    changed: NDArray[np.float64]
    """The same of the changed machine, before"""
    adapted: NDArray[np.float64]
    """The same of the changed machine, afterwards"""


@dataclass(frozen=True)
class Case:
    """What one seed makes."""

    normal: Heard
    shifted: Heard
    layers: Layers
    adapting: Rows
    model: Path
    """The network in INT8"""


def measure(session: Session) -> Found:
    """The row: the first seed on the board, too."""
    cases = []
    for seed in range(session.seed, session.seed + SEEDS):
        folder = session.folder / str(seed)
        folder.mkdir()
        cases.append(made(replace(session, seed=seed, folder=folder)))
    session.say(f"{len(cases[0].adapting):,} steps on {session.board}")
    with learning_device(build_config(cases[0].model, session.board), session.folder) as board:
        feeds = board.host.inputs[0]
        players = [Played(feeds, run) for run in (board.host.run, board.run)]
        found = [areas(cases[0], players, board.step)]
        board.compare()
        costs = board.costs()
    for case in cases[1:]:
        with on_host(case.model) as host:
            found.append(areas(case, [Played(host.inputs[0], host.run)], host.train))
    for seed, each in enumerate(found, session.seed):
        session.say(f"seed {seed}: {each}")
    return Found(_measures(found, costs.steps), costs)


def made(session: Session) -> Case:
    """Sounds, the trained network, and its INT8 form."""
    session.say(f"seed {session.seed}: {TRAINING + ADAPTING + 4 * TESTING} clips, and training")
    seeds = np.random.default_rng(session.seed).integers(0, 2**31, 4).tolist()
    training = rows_of(NORMAL, TRAINING, seeds[2])
    layers = autoencoder.trained(training, session.seed)
    return Case(
        heard(NORMAL, TESTING, seeds[0]),
        heard(SHIFTED, TESTING, seeds[1]),
        layers,
        np.random.default_rng(session.seed).permutation(rows_of(SHIFTED, ADAPTING, seeds[3])),
        int8_model(layers, training, session.folder),
    )


def on_host(path: Path) -> HostModel:
    """Our C on this computer, of the same build."""
    data = learner_file(read_model(read_file(path), path.stem), "head", "float32")
    learner = Learner("head", Loss.SQUARED_ERROR, RATE, autoencoder=True)
    return HostModel(compiler.compile(with_training(read_model(data, path.stem), learner)))


def areas(case: Case, players: Sequence[Played], step: Callable[[Feeds, Feeds], object]) -> Areas:
    """Before and after all samples of the changed machine have taught."""
    known = [case.normal.area(player.errors) for player in players]
    changed = [case.shifted.area(player.errors) for player in players]
    for row in case.adapting:
        step(players[0].feeds(row), {})
    after = [case.shifted.area(player.errors) for player in players]
    learnt = autoencoder.adapted(case.layers, case.adapting, RATE)
    return Areas(
        np.array([_in_float(case.normal, case.layers), *known]),
        np.array([_in_float(case.shifted, case.layers), *changed]),
        np.array([_in_float(case.shifted, learnt), *after]),
    )


def _in_float(machine: Heard, layers: Layers) -> float:
    return machine.area(lambda rows: autoencoder.errors(layers, rows))


def _measures(found: Sequence[Areas], samples: int) -> tuple[Measure, ...]:
    """Means over the seeds; each of them must have gained, and the board."""
    columns = {
        name: np.array([getattr(each, name)[:2] for each in found])
        for name in ("known", "changed", "adapted")
    }
    known, changed, adapted = (each[:, 1] for each in columns.values())
    shares = (adapted - changed) / (known - changed)
    on_board = found[0]
    gained = bool((adapted > changed).all() and on_board.adapted[2] > on_board.changed[2])
    where = f"mean of {len(found)} seeds (device: the first)"
    texts = {
        "known": (f"AUC on the machine that it knows, {where}", "–"),
        "changed": ("AUC on the changed machine", "–"),
        "adapted": (
            f"AUC after {samples:,} samples of it: {100 * shares.mean():.0f} % of the loss "
            f"regained ({100 * shares.min():.0f} to {100 * shares.max():.0f})",
            "more than before, with every seed",
        ),
    }
    return tuple(
        Measure(
            *texts[name],
            gained or texts[name][1] == "–",
            float(column[:, 1].mean()),
            float(column[:, 0].mean()),
            float(getattr(on_board, name)[2]),
            half_width(column[:, 1]),
            same_part=float(column[0, 1]),
        )
        for name, column in columns.items()
    )


TASK = Task(
    "anomaly",
    "synthetic machines (no ToyADMOS here): 5 frames of 128 log-mel filters, a sample each 160 ms",
    measure,
)
