"""What learns at a node: a board over its serial line, or our C on this computer."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from tinyssl.bench.latency import Unit, unit_of
from tinyssl.compiler import Program
from tinyssl.core.errors import DeviceError
from tinyssl.device import Link, Session, open_link
from tinyssl.federated.lines import CountedLink
from tinyssl.graph.interface import Feeds, Outputs, ValueInfo, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.training import LOCAL_RATE, LOSS, RATE, RATES
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Board

Figures = dict[str, int | float | str]


@dataclass(frozen=True)
class Step:
    """One training step."""

    learnt: bool
    """False: the label was no class, or the loss no number"""
    loss: float
    ticks: tuple[int, int] = (0, 0)
    """Of the inference and of the training step; 0 where nobody counts"""


class LocalLearner(Protocol):
    """A model that learns, wherever it runs.

    Every call may raise `DeviceError`, `DeviceTimeout` and `DeviceNotFound`.
    """

    parameters: tuple[ValueInfo, ...]
    """What learns: all parameters but the learning rate"""

    def assign(self, values: Feeds) -> None:
        """Writes parameters; those that are not named stay as they are.

        Raises:
            ValueError: One is unknown, or of another type or size.
        """

    def set_rate(self, rate: float, *, local: bool = False) -> None:
        """Writes the learning rate, or that of the local parameters.

        Raises:
            ValueError: There are no local ones.
        """

    def first_values(self) -> None:
        """Gives all parameters the values that they were built with."""

    def learnt(self, names: Container[str]) -> Outputs:
        """Those of the parameters that have one of these names, as they are."""

    def step(self, feeds: Feeds, target: Feeds) -> Step:
        """One inference and one training step."""

    def run(self, feeds: Feeds) -> Outputs:
        """One inference."""

    def save(self) -> None:
        """Writes the parameters to flash, where there is one."""

    def figures(self) -> Figures:
        """What the device did since the last call, and what it is: the record `device`."""

    def close(self) -> None:
        """Gives back the line, or the memory."""


def learning_values(lasting: tuple[ValueInfo, ...]) -> tuple[ValueInfo, ...]:
    """Of parameters and states, what is learnt."""
    parameters = of_kind(lasting, ValueKind.PARAMETER)
    return tuple(value for value in parameters if value.name not in RATES)


def _rate_feeds(rate: float, *, local: bool) -> Feeds:
    return {LOCAL_RATE if local else RATE: np.array([rate], np.float32)}


class HostLearner:
    """Our C on this computer. Not for several threads at a time."""

    def __init__(self, program: Program) -> None:
        self._model = HostModel(program)
        self.parameters = learning_values(self._model.lasting)
        self._loss = tuple(value for value in self._model.lasting if value.name == LOSS)
        self._first = self._model.read(self.parameters)

    def assign(self, values: Feeds) -> None:
        self._model.assign(values)

    def set_rate(self, rate: float, *, local: bool = False) -> None:
        self._model.assign(_rate_feeds(rate, local=local))

    def first_values(self) -> None:
        self._model.assign(self._first)

    def learnt(self, names: Container[str]) -> Outputs:
        return self._model.read(value for value in self.parameters if value.name in names)

    def step(self, feeds: Feeds, target: Feeds) -> Step:
        learnt = self._model.train(feeds, target)
        return Step(learnt, float(self._model.read(self._loss)[LOSS][0]))

    def run(self, feeds: Feeds) -> Outputs:
        return self._model.run(feeds)

    def save(self) -> None:
        """There is no flash."""

    def figures(self) -> Figures:
        return {"board": "host"}

    def close(self) -> None:
        self._model.close()


class SharedLearner(HostLearner):
    """One for many nodes, which work one at a time."""

    def close(self) -> None:
        """It goes on for the others."""


@dataclass
class _Spent:
    """Since the last figures."""

    ticks: list[tuple[int, int]] = field(default_factory=list)
    samples: int = 0
    """Bytes on the line for samples, both ways"""
    parameters: int = 0
    """Bytes on the line for parameters, both ways"""


class SerialLearner:
    """A board, emulated or real, on its serial line.

    Args:
        link: An open line to the device.
        model: What was built, training step included.
        board: For the unit of the figures; None: the device's own ticks.
        timeout: Seconds that an inference or a training step may take.
        retries: Repeats of a command after a damaged answer.

    Raises:
        DeviceTimeout: The device does not answer.
        DeviceError: It is another one, or it does not learn.
    """

    def __init__(
        self,
        link: Link,
        model: Model,
        board: Board | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 3,
    ) -> None:
        self._line = CountedLink(link)
        self._session = Session(self._line, timeout, retries)
        try:
            self._session.sync()
            self.identity = self._session.identity()
            """Who the device says it is"""
            self._device = DeviceModel(self._session, model)
        except BaseException:
            self.close()
            raise
        unit = Unit(self.identity.tick_unit, Fraction(1))
        self._unit = unit if board is None else unit_of(board, self.identity)
        self.parameters = learning_values(self._device.lasting)
        self._loss = tuple(value for value in self._device.lasting if value.name == LOSS)
        self._spent = _Spent()
        self._erases: int | None = None
        if not self._loss:
            self.close()
            raise DeviceError(
                f"the firmware on {self.identity.board} does not learn",
                hint="build it with `--train`, then run `tinyssl flash`",
            )

    def assign(self, values: Feeds) -> None:
        with self._line.counted() as count:
            self._device.assign(values)
        self._spent.parameters += count.bytes

    def set_rate(self, rate: float, *, local: bool = False) -> None:
        self.assign(_rate_feeds(rate, local=local))

    def first_values(self) -> None:
        self._session.first_values()

    def learnt(self, names: Container[str]) -> Outputs:
        chosen = [value for value in self.parameters if value.name in names]
        with self._line.counted() as count:
            found = self._device.read(chosen)
        self._spent.parameters += count.bytes
        return found

    def step(self, feeds: Feeds, target: Feeds) -> Step:
        with self._line.counted() as count:
            step = self._device.train(feeds, target)
            loss = float(self._device.read(self._loss)[LOSS][0])
        self._spent.samples += count.bytes
        self._spent.ticks.append((step.inference_ticks, step.training_ticks))
        return Step(step.learnt, loss, self._spent.ticks[-1])

    def run(self, feeds: Feeds) -> Outputs:
        with self._line.counted() as count:
            found = self._device.run(feeds)
        self._spent.samples += count.bytes
        return found

    def save(self) -> None:
        self._erases = sum(self._session.save_learnt().erases)

    def figures(self) -> Figures:
        spent, self._spent = self._spent, _Spent()
        found: Figures = {
            "board": self.identity.board,
            "unit": self._unit.name,
            "ram-bytes": self.identity.ram_bytes,
            "stack-bytes": self._session.memory().stack_used,
            "line-bytes-parameters": spent.parameters,
            "line-bytes-samples": spent.samples,
            "retries": self._session.retried,
        }
        if self._erases is not None:
            found["flash-erases"] = self._erases
        if spent.ticks:
            inference, training = np.median(np.array(spent.ticks), axis=0)
            found["inference"] = self._unit.of(int(inference))
            found["training-step"] = self._unit.of(int(training))
        return found

    def close(self) -> None:
        self._line.close()


def open_board(
    port: str, baud: int, model: Model, board: Board | None = None, **limits: Any
) -> Callable[[], LocalLearner]:
    """Connects to the board on a port each time it is called: for `client.Node`.

    `limits` are those of `SerialLearner`.
    """
    return lambda: SerialLearner(open_link(port, baud), model, board, **limits)
