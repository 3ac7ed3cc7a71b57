"""A device that fails, lies or is out of step is left out of the round and comes back."""

from __future__ import annotations

import math
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord
from flwr.clientapp.typing import ClientAppCallable
from flwr.serverapp.strategy import FedAvg

from tests.federated.averages import average, learnt
from tests.federated.boards import Boards
from tests.federated.meddling import MeddledLink, SpoiltLink
from tests.federated.sines import Sines
from tests.federated.test_grid import TASK, check, host, reasons
from tests.played_device import Hostile
from tinyssl.compiler import Program
from tinyssl.device import open_link
from tinyssl.federated.client import Node
from tinyssl.federated.grid import DeviceGrid
from tinyssl.federated.guard import Exchange, GuardedGrid
from tinyssl.federated.learners import LocalLearner, SerialLearner
from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.federated.samples import NodeSample
from tinyssl.graph.interface import Outputs

ROUND = 2
"""In which things go wrong"""


@dataclass
class Troubled(Sines):
    """A board in a process, and what happens to it within the round."""

    seed: int
    boards: Boards
    program: Program
    way: str

    def __post_init__(self) -> None:
        self.board = self.boards.start()
        self.now = ""
        """What the line does at the moment"""

    def connect(self) -> LocalLearner:
        link = MeddledLink(open_link(self.board.port, 115200), lambda: self.now)
        retries = 0 if self.way == "hangs" else 1
        return SerialLearner(link, self.program.graph, timeout=2.0, retries=retries)

    def stream(self, number: int, count: int) -> Iterator[NodeSample]:
        self.now = self.way if number == ROUND else ""
        for place, sample in enumerate(super().stream(number, count)):
            if number == ROUND and place == 3:
                self._happen()
            yield sample

    def _happen(self) -> None:
        if self.way == "dies":
            os.kill(self.board.pid, signal.SIGKILL)
        elif self.way == "hangs":
            os.kill(self.board.pid, signal.SIGSTOP)

    def mend(self, exchange: Exchange) -> None:
        """After the round."""
        if exchange.kind != "train" or exchange.round != ROUND or exchange.node != 2:
            return
        self.now = ""
        if self.way == "dies":
            self.board = self.boards.start()
        elif self.way == "hangs":
            os.kill(self.board.pid, signal.SIGCONT)


WAYS = {
    "dies": "DeviceError: .* is gone|DeviceTimeout",
    "hangs": "DeviceTimeout: .* did not answer in time|DeviceTimeout: .* does not answer `name%`",
    "resets": "WasReset: the device was reset",
    "damaged": "Garbled: ",
    "stale": "the reply repeats the parameters of round 1",
    "nan": "1 of 32 numbers of .* are not finite",
    "infinite": "1 of 32 numbers of .* are not finite",
    "oversized": "BadValue: ",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_device_in_trouble_is_left_out_and_comes_back(
    way: str, program: Program, first: Outputs, boards: Boards
) -> None:
    troubled = Troubled(0, boards, program, way)
    with DeviceGrid([Node(troubled.connect, troubled), host(program, 1)]) as devices:
        grid = GuardedGrid(devices, told=troubled.mend)
        strategy = FedAvg(fraction_evaluate=0.0)
        result = strategy.start(grid, to_arrays(first), 4, train_config=TASK.config())
    found = reasons(grid, 2)
    assert [bool(reason) for reason in found] == [False, True, False, False], found
    assert [*filter(None, reasons(grid, 3))] == []
    assert re.search(WAYS[way], found[1]), found[1]
    check(result.arrays, average(first, 4, TASK.samples, {ROUND: [0]}))


def arrays(message: Message) -> ArrayRecord:
    return message.content.array_records["arrays"]


def metrics(message: Message) -> MetricRecord:
    return message.content.metric_records["metrics"]


def config(message: Message) -> ConfigRecord:
    return message.content.config_records["config"]


def bomb(message: Message) -> None:
    """A header that promises 4 TB."""
    data = arrays(message)["w0"].data.replace(b"(32, 1)", b"(1099511627776, 1)")
    arrays(message)["w0"] = Array("float32", (32, 1), "numpy.ndarray", data)


def larger(message: Message) -> None:
    arrays(message)["w0"] = Array(np.zeros((32, 1000), np.float32))


def more(message: Message) -> None:
    arrays(message)["more"] = Array(np.zeros(1, np.float32))


def other_type(message: Message) -> None:
    arrays(message)["w0"] = Array(arrays(message)["w0"].numpy().astype(np.float64))


def pickled(message: Message) -> None:
    data = arrays(message)["w0"].data.replace(b"'<f4'", b"'|O' ")
    arrays(message)["w0"] = Array("float32", (32, 1), "numpy.ndarray", data)


LIES: dict[str, tuple[Callable[[Message], object], str]] = {
    "round": (lambda m: config(m).update({"server-round": 1}), "of round 1, not 2"),
    "no round": (lambda m: m.content.pop("config"), "of round None, not 2"),
    "heavier": (lambda m: metrics(m).update({"num-examples": 9}), "from 1 to 8"),
    "negative": (lambda m: metrics(m).update({"num-examples": -1}), "num-examples is -1"),
    "nan metric": (lambda m: metrics(m).update({"loss": math.nan}), "loss is nan"),
    "inf weight": (lambda m: metrics(m).update({"num-examples": math.inf}), "num-examples is inf"),
    "other metrics": (lambda m: metrics(m).update({"x": 1.0}), "other metrics than those of 2"),
    "no metrics": (lambda m: m.content.pop("metrics"), "holds the records"),
    "lacks": (lambda m: arrays(m).pop("w0"), "lacks the array 'w0'"),
    "adds": (more, "adds the array 'more'"),
    "a record more": (lambda m: m.content.update({"x": MetricRecord({"y": 1})}), "the records"),
    "larger": (larger, "bytes, more than"),
    "another type": (other_type, "w0 is float64"),
    "a bomb": (bomb, "the array 'w0' is damaged"),
    "pickled": (pickled, "the array 'w0' is damaged"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_reply_that_lies_is_left_out(lie: str, program: Program, first: Outputs) -> None:
    change, reason = LIES[lie]

    def liar(message: Message, context: Context, call: ClientAppCallable) -> Message:
        reply = call(message, context)
        if context.node_id == 2 and config(message)["server-round"] == ROUND:
            change(reply)
        return reply

    nodes = [host(program, 0), host(program, 1), host(program, 1)]
    with DeviceGrid(nodes, [liar]) as devices:
        grid = GuardedGrid(devices)
        strategy = FedAvg(fraction_evaluate=0.0)
        strategy.start(grid, to_arrays(first), 3, train_config=TASK.config())
    found = reasons(grid, 2)
    assert found[0] == found[2] == ""
    assert reason in found[1], found
    assert reasons(grid, 3) == reasons(grid, 4) == [""] * 3


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(3, 20))]
)
def test_a_hostile_device_never_gets_wrong_parameters_through(
    seed: int, program: Program, first: Outputs, boards: Boards
) -> None:
    """Whatever it answers: what is let through are the parameters that its samples teach."""
    board, hostile = boards.start(), Hostile(seed, one_in=20)

    def connect() -> LocalLearner:
        link = SpoiltLink(open_link(board.port, 115200), hostile)
        return SerialLearner(link, program.graph, timeout=0.3, retries=1)

    replies: list[Message] = []

    class Seen(GuardedGrid):
        def send_and_receive(self, messages, *, timeout=None):
            sent = list(messages)
            found = list(super().send_and_receive(sent, timeout=timeout))
            for message, reply in zip(sent, found, strict=True):
                if message.metadata.dst_node_id == 2 and not reply.has_error():
                    start = from_arrays(arrays(message))
                    number = RoundTask.of(message).round
                    check(arrays(reply), learnt(start, 0, number, TASK.samples))
                    replies.append(reply)
            return found

    with DeviceGrid([Node(connect, Sines(0)), host(program, 1)]) as devices:
        grid = Seen(devices)
        strategy = FedAvg(fraction_evaluate=0.0)
        result = strategy.start(grid, to_arrays(first), 6, train_config=TASK.config())
    assert all(np.isfinite(value).all() for value in from_arrays(result.arrays).values())
    assert len(replies) == reasons(grid, 2).count("")
    assert reasons(grid, 3) == [""] * 6


def test_the_same_zeros_twice_are_no_old_parameters(program: Program, first: Outputs) -> None:
    """As changes are where nothing is left to learn."""

    def still(message: Message, context: Context, call: ClientAppCallable) -> Message:
        reply = call(message, context)
        if context.node_id == 2:
            for name, value in arrays(reply).items():
                arrays(reply)[name] = Array(np.zeros_like(value.numpy()))
        return reply

    with DeviceGrid([host(program, 0), host(program, 1)], [still]) as devices:
        grid = GuardedGrid(devices)
        strategy = FedAvg(fraction_evaluate=0.0)
        strategy.start(grid, to_arrays(first), 3, train_config=TASK.config())
    assert reasons(grid, 2) == [""] * 3
