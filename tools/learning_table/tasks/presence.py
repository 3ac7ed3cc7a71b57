"""Presence: sensors of a room say whether somebody is there, learnt day by day.

A network with random weights and no statistics reads five sensors in their own units. At the end of
a day it learns from that day's minutes, each once; its learning rate falls with the days. Batch
logistic regression, which has all days at hand at once, is what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import BuildConfig
from tinyssl.data.episodes.presence import Minutes, read_minutes
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.interface import Feeds
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.training import RATE, TARGET
from tinyssl.ops.common.welford import EPSILON
from tinyssl.runtimes.host import HostModel
from tools.learning_table.device import LearningDevice, learning_device
from tools.learning_table.row import SHARED, Found, Measure, Session, Task

FOLDER = SHARED / "data" / "occupancy"
HIDDEN = 16
LEARNING_RATE = 0.03
"""Of the first day; day n has the n-th part"""
POINT = 0.01
"""By which the device may be worse"""


@dataclass(frozen=True)
class Day:
    """Minutes of a day, in the order in which they teach."""

    inputs: NDArray[np.float32]
    """(n, sensors)"""
    present: NDArray[np.int32]
    """(n,)"""
    rate: float
    """Learning rate of the day"""


def network(sensors: int, seed: int) -> Model:
    """sensors-16-2 with tanh."""
    layers = LayerStack((1, sensors), seed)
    layers.dense(HIDDEN)
    layers.function("TANH")
    layers.dense(2, gain=0.1)
    return layers.model("presence")


def days_of(minutes: Minutes, seed: int) -> list[Day]:
    """Days in order, each with its minutes shuffled."""
    dates = np.array([time[:10] for time in minutes.times])
    random, found = np.random.default_rng(seed), []
    for number, date in enumerate(np.unique(dates), 1):
        here = random.permutation(np.flatnonzero(dates == date))
        inputs = minutes.values[here].astype(np.float32)
        found.append(Day(inputs, minutes.present[here], LEARNING_RATE / number))
    return found


class Float:
    """The same network and the same steps in NumPy's float64."""

    def __init__(self, model: Model) -> None:
        arrays = [each.array().astype(np.float64) for each in model.tensors if each.constant]
        self.first, self.first_bias, self.last, self.last_bias = arrays
        sensors = self.first.shape[1]
        self.count, self.mean, self.variance = 0.0, np.zeros(sensors), np.zeros(sensors)

    def _joined(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = self.mean + (x - self.mean) / (self.count + 1)
        square = (x - self.mean) * (x - mean)
        return mean, self.variance + (square - self.variance) / (self.count + 1)

    def _hidden(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean, variance = self._joined(x)
        inputs = (x - mean) / np.sqrt(variance + EPSILON)
        return inputs, np.tanh(inputs @ self.first.T + self.first_bias)

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n, sensors) to (n,)."""
        _, hidden = self._hidden(inputs.astype(np.float64))
        return np.asarray(np.argmax(hidden @ self.last.T + self.last_bias, axis=1))

    def learn(self, day: Day) -> None:
        """One pass."""
        for x, label in zip(day.inputs.astype(np.float64), day.present, strict=True):
            inputs, hidden = self._hidden(x)
            scores = hidden @ self.last.T + self.last_bias
            error = np.exp(scores - scores.max())
            error /= error.sum()
            error[label] -= 1
            before = (error @ self.last) * (1 - hidden**2)
            self.last -= day.rate * np.outer(error, hidden)
            self.last_bias -= day.rate * error
            self.first -= day.rate * np.outer(before, inputs)
            self.first_bias -= day.rate * before
            self.mean, self.variance = self._joined(x)
            self.count += 1


Answer = Callable[[NDArray[np.float32]], NDArray[np.int64]]


def passes(days: Sequence[Day], answer: Answer, learn: Callable[[Day], None]) -> float:
    """One pass over the days; the share of right answers on all but the first, before they
    teach.
    """
    right, asked = 0, 0
    for number, day in enumerate(days):
        if number:
            right += int(np.sum(answer(day.inputs) == day.present))
            asked += len(day.present)
        learn(day)
    return right / asked


class OnHost:
    """The C on this computer."""

    def __init__(self, host: HostModel) -> None:
        self.host = host
        (self.name,) = (value.name for value in host.inputs)

    def learn(self, day: Day) -> None:
        """One pass."""
        self.host.restore({**self.host.snapshot(), RATE: np.array([day.rate], np.float32)})
        for x, label in zip(day.inputs, day.present, strict=True):
            self.host.train({self.name: x[None]}, {TARGET: np.array([label], np.int32)})

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n, sensors) to (n,)."""
        return np.array([_answer(self.host.run({self.name: x[None]})) for x in inputs])


class OnBoard:
    """The device, and the C on this computer beside it."""

    def __init__(self, board: LearningDevice) -> None:
        self.board = board
        (self.name,) = (value.name for value in board.host.inputs)

    def learn(self, day: Day) -> None:
        """One pass."""
        self.board.restore({RATE: np.array([day.rate], np.float32)})
        for x, label in zip(day.inputs, day.present, strict=True):
            self.board.step({self.name: x[None]}, {TARGET: np.array([label], np.int32)})

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n, sensors) to (n,)."""
        return np.array([_answer(self.board.run({self.name: x[None]})) for x in inputs])


def _answer(outputs: Feeds) -> int:
    (scores,) = outputs.values()
    return int(np.argmax(scores))


def batch(days: Sequence[Day]) -> Answer:
    """Logistic regression of all minutes at once, standardised."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(
        np.concatenate([day.inputs for day in days]), np.concatenate([day.present for day in days])
    )
    return lambda inputs: np.asarray(model.predict(inputs), np.int64)


def batch_ahead(days: Sequence[Day]) -> float:
    """As `passes`, of batch regressions that learn all earlier days again every day."""
    right = asked = 0
    for number in range(1, len(days)):
        answer = batch(days[:number])
        right += int(np.sum(answer(days[number].inputs) == days[number].present))
        asked += len(days[number].present)
    return right / asked


def accuracy(answer: Answer, test: Minutes) -> float:
    """On other minutes."""
    return float(np.mean(answer(test.values.astype(np.float32)) == test.present))


def joined(parts: Sequence[Minutes]) -> Minutes:
    """One after the other."""
    return Minutes(
        tuple(time for part in parts for time in part.times),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
    )


def build_config(model: Path, board: str) -> BuildConfig:
    """What a user says to `tinyssl build`."""
    return BuildConfig(
        board=board, model=model, train="all", normalise=True, learning_rate=LEARNING_RATE
    )


@dataclass(frozen=True)
class Compared:
    """What is taught, and what it is judged by."""

    days: list[Day]
    test: Minutes


def measures(
    board: LearningDevice, model: Model, data: Compared, every: Compared
) -> Iterator[Measure]:
    """Host, device and float against the batch.

    Args:
        board: Built from the model.
        model: With the first weights.
        data: Days that teach, and minutes of other days.
        every: All days; their test is not looked at.
    """
    host, device, floats = OnHost(board.host), OnBoard(board), Float(model)
    start = board.host.snapshot()
    ahead = passes(every.days, host.answers, host.learn)
    floats_ahead = passes(every.days, floats.answers, floats.learn)
    board.restore(start)
    floats = Float(model)
    for day in data.days:
        device.learn(day)
        floats.learn(day)
    found, played = (accuracy(each.answers, data.test) for each in (host, device))
    reference = accuracy(batch(data.days), data.test) - POINT
    wanted = batch_ahead(every.days) - POINT
    minutes = sum(len(day.present) for day in data.days)
    yield Measure(
        f"accuracy on {len(data.test.present):,} minutes of other days after one pass over "
        f"{minutes:,}",
        f"≥ {100 * reference:.1f} %: batch logistic regression - 1 point",
        min(found, played) >= reference,
        found,
        accuracy(floats.answers, data.test),
        played,
        percent=True,
    )
    yield Measure(
        f"accuracy on each of {len(every.days) - 1} days before it teaches",
        f"≥ {100 * wanted:.1f} %: the same, of all days before",
        ahead >= wanted,
        ahead,
        floats_ahead,
        percent=True,
    )


def measure(session: Session) -> Found:
    """The row."""
    first, teaching, last = (
        read_minutes(FOLDER / f"{name}.txt") for name in ("datatest", "datatraining", "datatest2")
    )
    data = Compared(days_of(teaching, session.seed), joined([first, last]))
    every = Compared(days_of(joined([first, teaching, last]), session.seed), data.test)
    model = network(teaching.values.shape[1], session.seed)
    path = session.folder / "presence.tflite"
    path.write_bytes(write_model(model))
    with learning_device(build_config(path, session.board), session.folder) as board:
        session.say(f"{len(teaching.present):,} steps on {session.board}")
        found = tuple(measures(board, model, data, every))
        return Found(found, board.costs())


TASK = Task(
    "presence",
    "UCI Occupancy Detection: learns 4 to 10 February, day by day, judged on 2 to 4 and 11 to 18",
    measure,
)
