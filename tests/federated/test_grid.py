"""Flower's strategies drive devices: our C, and firmware over its serial line."""

from __future__ import annotations

import time

import numpy as np
import pytest
from flwr.app import ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg, FedMedian, Result

from tests.federated.averages import average
from tests.federated.boards import Boards
from tests.federated.sines import RATE, Sines
from tinyssl.compiler import Program
from tinyssl.federated.client import Node
from tinyssl.federated.grid import DeviceGrid, from_bytes
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import HostLearner, open_board
from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.graph.interface import Outputs

TASK = RoundTask(rate=RATE, samples=8)


def host(program: Program, seed: int) -> Node:
    return Node(lambda: HostLearner(program), Sines(seed))


def board(program: Program, boards: Boards, seed: int) -> Node:
    port = boards.start().port
    return Node(open_board(port, 115200, program.graph, timeout=5.0), Sines(seed))


def fedavg(grid: Grid, first: Outputs, rounds: int = 3) -> Result:
    return FedAvg().start(grid, to_arrays(first), rounds, train_config=TASK.config())


def loss(result: Result, number: int) -> float:
    """Of the nodes' judgements in a round."""
    found = result.evaluate_metrics_clientapp[number]["loss"]
    assert isinstance(found, float)
    return found


def reasons(grid: GuardedGrid, node: int) -> list[str]:
    """Why a node was left out, by round."""
    return [each.reason for each in grid.exchanges if each.node == node]


def check(arrays: ArrayRecord, expected: Outputs) -> None:
    found = from_arrays(arrays)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_fedavg_on_a_serial_line_is_fedavg_in_numpy(
    program: Program, first: Outputs, boards: Boards
) -> None:
    with DeviceGrid([board(program, boards, 0), host(program, 1)]) as devices:
        grid = GuardedGrid(devices)
        result = fedavg(grid, first)
    check(result.arrays, average(first, 3, TASK.samples))
    assert [each.reason for each in grid.exchanges] == [""] * 12
    assert all(0 < loss(result, number) < 20 for number in (1, 2, 3))
    trained = next(each for each in grid.exchanges if each.node == 2 and each.kind == "train")
    values = sum(value.nbytes for value in first.values())
    # `set` takes the bytes as they are, `get` gives them in hex; beside them are commands and CRCs.
    assert 3 * values < trained.device["line-bytes-parameters"] < 3 * values + 1000
    assert trained.device["line-bytes-samples"] > TASK.samples * 8
    assert trained.device["training-step"] > 0
    assert values < trained.bytes_up < values + 2500
    assert trained.metrics["num-examples"] == TASK.samples


def test_another_strategy_of_flower_drives_the_same_grid(program: Program, first: Outputs) -> None:
    with DeviceGrid([host(program, seed) for seed in range(3)]) as grid:
        result = FedMedian().start(grid, to_arrays(first), 2, train_config=TASK.config())
    assert len(result.train_metrics_clientapp) == 2
    assert from_arrays(result.arrays).keys() == first.keys()


def test_the_device_learns_before_it_is_judged_and_forgets_it(
    program: Program, first: Outputs
) -> None:
    node = host(program, 0)
    with DeviceGrid([node]) as grid:
        losses = {}
        for samples in (0, 200):
            strategy = FedAvg(fraction_train=0.0, min_available_nodes=1, min_evaluate_nodes=1)
            asked = RoundTask(rate=RATE, samples=samples).config()
            result = strategy.start(grid, to_arrays(first), 1, evaluate_config=asked)
            losses[samples] = loss(result, 1)
    assert losses[200] < losses[0] / 2


def test_no_message_holds_a_sample(program: Program, first: Outputs, boards: Boards) -> None:
    """Of all bytes between server and nodes: no input, no right answer, no pair of them."""
    wire: list[tuple[bytes, bool]] = []
    nodes = [board(program, boards, 0), host(program, 1)]
    with DeviceGrid(nodes, watch=lambda data, down: wire.append((data, down))) as devices:
        fedavg(GuardedGrid(devices), first)
    assert len(wire) == 24
    everything = b"".join(data for data, _ in wire)
    for seed in (0, 1):
        for number in (1, 2, 3):
            stream = Sines(seed).stream(number, TASK.samples)
            samples = [next(stream) for _ in range(TASK.samples)]
            for sample in [*samples, *Sines(seed).held_out(number)]:
                for array in (sample.feeds["x"], sample.target["target"]):
                    assert array.tobytes() not in everything
                    assert np.float64(array.item()).tobytes() not in everything
                    assert str(array.item()).encode() not in everything
    for data, _ in wire:
        names = {*from_bytes(data).content}
        assert names <= {"arrays", "config", "metrics", "device"}


def test_a_late_device_is_left_out_and_comes_back(program: Program, first: Outputs) -> None:
    slow = host(program, 0)
    train = slow.train

    def sleepy(message: Message) -> RecordDict:
        if message.content["config"]["server-round"] == 2:
            time.sleep(1.0)
        return train(message)

    slow.train = sleepy  # type: ignore[method-assign]
    with DeviceGrid([slow, host(program, 1)]) as devices:
        grid = GuardedGrid(devices)
        strategy = FedAvg(fraction_evaluate=0.0)
        result = strategy.start(grid, to_arrays(first), 3, timeout=0.3, train_config=TASK.config())
    assert reasons(grid, 2) == ["", "no reply within 0.3 s", "still at work on an earlier message"]
    assert reasons(grid, 3) == ["", "", ""]
    check(result.arrays, average(first, 3, TASK.samples, {2: [0], 3: [0]}))


def test_a_node_that_nobody_knows_answers_an_error(program: Program, first: Outputs) -> None:
    with DeviceGrid([host(program, 0)]) as grid:
        message = task_message(first, TASK.config())
        (reply,) = grid.send_and_receive([Message(message.content, 99, "train")])
        assert reply.error.reason == "no such node"
        (name,) = grid.push_messages([message])
        while not (found := list(grid.pull_messages([name]))):
            time.sleep(0.01)
        assert found[0].content["metrics"]["num-examples"] == TASK.samples
        assert list(grid.pull_messages([name])) == []


def task_message(first: Outputs, config: ConfigRecord) -> Message:
    return Message(RecordDict({"arrays": to_arrays(first), "config": config}), 2, "train")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"samples": -1}, "samples is -1"),
        ({"samples": 8, "learning-rate": float("nan")}, "learning-rate is nan"),
        ({"samples": 0}, "no sample taught"),
    ],
)
def test_a_task_that_cannot_be_done_is_told(
    program: Program, first: Outputs, config: dict[str, float], reason: str
) -> None:
    with DeviceGrid([host(program, 0)]) as grid:
        (reply,) = grid.send_and_receive([task_message(first, ConfigRecord({**config}))])
        assert reason in str(reply.error.reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"w0": np.zeros(5, np.float32)}, "w0 is float32 [5]"),
        ({"w0": np.zeros((32, 1))}, "w0 is float64"),
        ({"x9": np.zeros(1, np.float32)}, "x9"),
    ],
)
def test_parameters_of_another_model_are_refused(
    program: Program, first: Outputs, change: Outputs, reason: str
) -> None:
    with DeviceGrid([host(program, 0)]) as grid:
        (reply,) = grid.send_and_receive([task_message({**first, **change}, TASK.config())])
        assert reason in str(reply.error.reason)
