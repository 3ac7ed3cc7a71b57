"""Eight emulated boards side by side: every parameter after every step is that of this computer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flwr.serverapp.strategy import FedAvg

from tinyssl import compiler
from tinyssl.bench.subject import load_model
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.data.episodes import find_family
from tinyssl.device import emulator
from tinyssl.device.flashed import Flashed
from tinyssl.federated.client import Node
from tinyssl.federated.grid import DeviceGrid
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import Figures, HostLearner, LocalLearner, Step, open_board
from tinyssl.federated.population import Ends, FamilySamples, always
from tinyssl.federated.records import RoundTask, to_arrays
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.stages.build import build
from tinyssl.targets.boards import find_board

pytestmark = [pytest.mark.emulator, pytest.mark.nightly, pytest.mark.timeout(1200)]

KINDS = ("mps2_an385", "mps2_an386", "mps2_an500", "riscv32_virt")
EACH, ROUNDS, STEPS = 2, 2, 8


@dataclass
class StepTwin:
    """A board and our C that do the same; compared after each step. A `LocalLearner`."""

    board: LocalLearner
    host: HostLearner
    steps: int = 0
    odd: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parameters = self.board.parameters
        self.names = {value.name for value in self.parameters}

    def assign(self, values: Feeds) -> None:
        self.board.assign(values)
        self.host.assign(values)

    def set_rate(self, rate: float, *, local: bool = False) -> None:
        self.board.set_rate(rate, local=local)
        self.host.set_rate(rate, local=local)

    def first_values(self) -> None:
        self.board.first_values()
        self.host.first_values()

    def learnt(self, names: Container[str]) -> Outputs:
        return self.board.learnt(names)

    def step(self, feeds: Feeds, target: Feeds) -> Step:
        found, expected = self.board.step(feeds, target), self.host.step(feeds, target)
        ours, theirs = self.host.learnt(self.names), self.board.learnt(self.names)
        self.odd += [name for name in ours if ours[name].tobytes() != theirs[name].tobytes()]
        self.odd += (
            [] if (found.learnt, found.loss) == (expected.learnt, expected.loss) else ["loss"]
        )
        self.steps += 1
        return found

    def run(self, feeds: Feeds) -> Outputs:
        return self.board.run(feeds)

    def save(self) -> None:
        self.board.save()

    def figures(self) -> Figures:
        return self.board.figures()

    def close(self) -> None:
        self.board.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[list[Path]]:
    """One for each board; its emulator runs from there."""
    model = tmp_path / "sine.tflite"
    model.write_bytes(write_model(find_family("sine").network(0)))
    workspace, found = Workspace(tmp_path), []
    for board in KINDS:
        config = BuildConfig(
            board=board, model=model, train="all", loss="squared-error", check=False
        )
        build(config, workspace)
        for number in range(EACH):
            folder = tmp_path / f"{board}-{number}"
            shutil.copytree(workspace.builds / board, folder)
            found.append(folder)
    try:
        for folder in found:
            emulator.start(folder, folder / BuildInfo.load(folder).artifacts["elf"], timeout=120)
        yield found
    finally:
        for folder in found:
            emulator.stop(folder)


def test_eight_boards_have_this_computers_bits_after_each_step(folders: list[Path]) -> None:
    family, twins = find_family("sine"), []
    model, _ = load_model(BuildInfo.load(folders[0], folders[0].parent))
    program = compiler.compile(model)

    def connector(folder: Path) -> Callable[[], LocalLearner]:
        info = BuildInfo.load(folder, folder.parent)
        board = find_board(info.board)
        port = Flashed.load(folder).port

        def connect() -> LocalLearner:
            line = open_board(port, board.tinyssl.serial.baud, model, board, timeout=60.0)()
            twins.append(StepTwin(line, HostLearner(program)))
            return twins[-1]

        return connect

    ends = Ends.of(model)
    nodes = [
        Node(connector(folder), FamilySamples(family, ends, always(number)))
        for number, folder in enumerate(folders)
    ]
    host = HostLearner(program)
    first = host.learnt({value.name for value in host.parameters})
    with DeviceGrid(nodes) as devices:
        grid = GuardedGrid(devices)
        strategy = FedAvg(fraction_evaluate=0.0, min_available_nodes=len(nodes))
        task = RoundTask(rate=0.02, samples=STEPS).config()
        strategy.start(grid, to_arrays(first), ROUNDS, train_config=task)
    assert [each.reason for each in grid.exchanges] == [""] * ROUNDS * EACH * len(KINDS)
    assert [(twin.steps, twin.odd) for twin in twins] == [(ROUNDS * STEPS, [])] * 8
    for each in grid.exchanges:
        assert each.device["board"] in KINDS
        assert each.device["unit"] == "instructions"
        assert each.device["training-step"] > 1000
