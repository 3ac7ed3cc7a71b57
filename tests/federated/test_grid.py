"""Flower's strategies drive devices: host C, and firmware over its serial line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.federated.sines import RATE, Sines, sine_model
from tests.host_firmware import HostFirmware, compile_program
from tests.training.reference import Reference
from tinyssl.compiler import Program, compile
from tinyssl.federated.client import Node
from tinyssl.federated.grid import DeviceGrid
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import HostLearner, open_board
from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.graph.interface import Outputs

fl = pytest.importorskip("flwr.serverapp.strategy")

TASK = RoundTask(rate=RATE, samples=8)


@pytest.fixture(scope="module")
def program() -> Program:
    return compile(sine_model())


@pytest.fixture(scope="module")
def first(program: Program) -> Outputs:
    """The parameters of the build."""
    learner = HostLearner(program)
    return learner.learnt({value.name for value in learner.parameters})


@pytest.fixture
def firmware(program: Program, tmp_path: Path) -> Iterator[HostFirmware]:
    running = HostFirmware(compile_program(program, tmp_path, "0" * 16))
    yield running
    assert running.stop() == ""


def by_hand(first: Outputs, seeds: list[int], rounds: int) -> Outputs:
    """FedAvg in NumPy: the mean of what each node learns from its samples."""
    arrays = first
    for number in range(1, rounds + 1):
        found = []
        for seed in seeds:
            reference = Reference(sine_model())
            for name, value in arrays.items():
                reference.by_name(name)[...] = value
            for sample in islice(Sines(seed).stream(number, TASK.samples), TASK.samples):
                reference.train(sample.feeds["x"], sample.target["target"])
            found.append({name: reference.by_name(name).copy() for name in arrays})
        share = 1 / len(seeds)
        arrays = {
            name: sum((each[name] * share for each in found[1:]), found[0][name] * share)
            for name in arrays
        }
    return arrays


def test_fedavg_on_a_serial_line_is_fedavg_in_numpy(
    program: Program, first: Outputs, firmware: HostFirmware
) -> None:
    nodes = [
        Node(open_board(firmware.port, 115200, program.graph), Sines(0)),
        Node(lambda: HostLearner(program), Sines(1)),
    ]
    with DeviceGrid(nodes) as devices:
        grid = GuardedGrid(devices)
        result = fl.FedAvg(fraction_evaluate=1.0).start(
            grid, to_arrays(first), 3, train_config=TASK.config()
        )
        assert [each.reason for each in grid.exchanges] == [""] * 12
    expected = by_hand(first, [0, 1], 3)
    for name, found in from_arrays(result.arrays).items():
        np.testing.assert_array_equal(found, expected[name], err_msg=name)
    losses = [result.evaluate_metrics_clientapp[number]["loss"] for number in (1, 2, 3)]
    assert all(0 < loss < 20 for loss in losses)
