"""Keywords: two that the body never heard are learnt from ten examples each, beside ten classes.

The body learnt synthetic words that are no keywords (`spoken`, `temporal`), then the other real
classes. Passes and replay were chosen on other pairs of keywords, in float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import DataError
from tinyssl.data.spec import to_unit
from tools.learning_table.device import LearningDevice, learning_device
from tools.learning_table.new_classes import (
    FloatHead,
    Lesson,
    answers_of,
    feeds_of,
    half_width,
    label,
    suited_rate,
    write_int8,
)
from tools.learning_table.row import SHARED, Costs, Found, Measure, Session, Task
from tools.learning_table.temporal import UnitBody, pretrained, standardised, tuned

DATA = SHARED / "data" / "kws" / "kws01_1000.npz"
CLASSES = 12
"""Ten keywords, silence, and unknown words"""
PAIRS = ((3, 7), (4, 8), (1, 5))
"""No and Stop, Off and Up, Go and On; chosen on were Left and Right, Down and Yes"""
TEST, SHOTS = 25, 10
"""Clips of each class that judge; of a new one that teach"""
PASSES, REPLAY = 10, 3
DRAWS, ON_BOARD = 5, 1
"""Choices of the examples; of these, how many the board learns, of the first pair"""
NEW, LOST = 0.85, 0.02
"""Asked: at least of the new ones, at most of the old ones"""

Array = NDArray[Any]


@dataclass(frozen=True)
class KeywordPair:
    """Two new keywords, and a model of all the other classes."""

    codes: Array
    """(n, 49, 10, 1) int8 of all clips"""
    lesson: Lesson
    """Without its new clips: `draw` chooses them"""
    taught: Array
    """Positions of clips of the new keywords that may teach"""
    body: torch.nn.Module
    """Takes samples in [0, 1]"""
    head: tuple[Array, Array]
    features: Array
    """(n, width) of the float body"""

    def draw(self, number: int) -> Lesson:
        """A lesson with some examples of each new keyword."""
        random, lesson = np.random.default_rng(number), self.lesson
        new = [
            random.choice(self.taught[lesson.labels[self.taught] == each], SHOTS, replace=False)
            for each in (lesson.known, lesson.known + 1)
        ]
        return Lesson(lesson.labels, lesson.known, np.concatenate(new), lesson.old, lesson.test)

    def before(self) -> float:
        """Accuracy of the float head on the old classes, before anything new."""
        weight, bias = self.head
        at = self.lesson.test[self.lesson.labels[self.lesson.test] < self.lesson.known]
        answers = (self.features[at] @ weight.T + bias).argmax(axis=1)
        return float((answers == self.lesson.labels[at]).mean())


def read() -> tuple[Array, Array]:
    """Codes (n, 49, 10, 1) and classes.

    Raises:
        DataError: The data is not there.
    """
    if not DATA.exists():
        raise DataError(
            f"{DATA} is not here", hint="put MLPerf Tiny's keywords beside the checkout"
        )
    with np.load(DATA, allow_pickle=False) as file:
        return file["features"].reshape(-1, 49, 10, 1), file["label"].astype(np.int64)


def split(classes: Array, pair: tuple[int, int], seed: int) -> tuple[Lesson, Array]:
    """Which clips judge, which are old, and which of the new keywords may teach."""
    random = np.random.default_rng(seed)
    old = [each for each in range(CLASSES) if each not in pair]
    labels = np.array([[*old, *pair].index(each) for each in classes])
    judging, rest = [], []
    for each in range(CLASSES):
        mixed = random.permutation(np.flatnonzero(classes == each))
        judging.append(mixed[:TEST])
        rest.append(mixed[TEST:])
    teaching = np.concatenate(rest)
    known = labels[teaching] < len(old)
    none = np.array([], np.int64)
    lesson = Lesson(labels, len(old), none, teaching[known], np.concatenate(judging))
    return lesson, teaching[~known]


def prepare(pair: tuple[int, int], seed: int, start: Any) -> KeywordPair:
    """Trains the body on all classes but the pair."""
    codes, classes = read()
    lesson, taught = split(classes, pair, seed)
    clips = standardised(codes)
    old = torch.from_numpy(lesson.labels[lesson.old])
    body, head = tuned(start, clips[torch.from_numpy(lesson.old)], old, seed)
    weight, bias = (each.detach().double().numpy() for each in (head.weight, head.bias))
    with torch.no_grad():
        features = body(clips).double().numpy()
    return KeywordPair(codes, lesson, taught, UnitBody(body).eval(), (weight, bias), features)


def in_float(pair: KeywordPair, number: int, rate: float) -> tuple[float, float]:
    """Accuracy on the new keywords and points lost on the old classes: the steps in float64."""
    lesson = pair.draw(number)
    head = FloatHead(pair.features, *pair.head, rate, new=2)
    for position in lesson.order(PASSES, REPLAY, number):
        head.step(position, lesson.labels[position])
    new, known = lesson.accuracy(head.answers(lesson.test))
    return new, pair.before() - known


@dataclass(frozen=True)
class Taught:
    """What a pair came to: (new, lost) of each draw."""

    host: list[tuple[float, float]]
    device: list[tuple[float, float]]
    floats: list[tuple[float, float]]
    costs: Costs | None


def teach(session: Session, pair: KeywordPair, number: int) -> Taught:
    """Builds the model of a pair, and teaches it each draw of examples."""
    path = session.folder / f"keywords-{number}.tflite"
    rate = suited_rate(pair.features[pair.lesson.old])
    write_int8(path, pair.body, pair.head, to_unit(pair.codes[pair.lesson.old[::4]]))
    config = BuildConfig(board=session.board, model=path, train="head:new:2", learning_rate=rate)
    with learning_device(config, session.folder) as board:
        feeds = feeds_of(board.host, pair.codes)
        first = board.host.snapshot()
        before = _answers(board, feeds, pair, on_board=False)
        host, device = [], []
        for draw in range(DRAWS):
            lesson, there = pair.draw(draw), number == 0 and draw < ON_BOARD
            board.restore(first, device=there)
            for position in lesson.order(PASSES, REPLAY, draw):
                target = label(lesson, position)
                if there:
                    board.step(feeds[position], target)
                else:
                    board.host.train(feeds[position], target)
            host.append(_gained(pair, before, _answers(board, feeds, pair, on_board=False)))
            if there:
                board.compare()
                after = _answers(board, feeds, pair, on_board=True)
                device.append(_gained(pair, before, after))
        costs = board.costs() if device else None
    floats = [in_float(pair, draw, rate) for draw in range(DRAWS)]
    return Taught(host, device, floats, costs)


def _answers(board: LearningDevice, feeds: Any, pair: KeywordPair, *, on_board: bool) -> Array:
    run = board.run if on_board else board.host.run
    return answers_of(run, feeds, pair.lesson.test)


def _gained(pair: KeywordPair, before: Array, after: Array) -> tuple[float, float]:
    new, known = pair.lesson.accuracy(after)
    return new, pair.lesson.accuracy(before)[1] - known


def measure(session: Session) -> Found:
    """The row."""
    torch.set_num_threads(1)
    start = pretrained(session.say)
    results = []
    for number, pair in enumerate(PAIRS):
        session.say(f"pair {number + 1} of {len(PAIRS)}")
        found = prepare(pair, session.seed + 2 + number, start)
        results.append(teach(session, found, number))
    costs = next(each.costs for each in results if each.costs is not None)
    return Found(tuple(_measures(results)), costs)


def _measures(results: list[Taught]) -> list[Measure]:
    columns = [
        np.array([row for each in results for row in getattr(each, name)])
        for name in ("host", "device", "floats")
    ]
    told = f"{len(PAIRS)} pairs, {DRAWS} choices of {SHOTS} examples each; the board {ON_BOARD}"
    wanted = (
        ("accuracy on two new keywords", f"≥ {100 * NEW:g} %"),
        ("accuracy lost on the ten old classes", f"≤ {100 * LOST:g} %"),
    )
    found = []
    for at, (what, target) in enumerate(wanted):
        host, device, floats = (column[:, at] for column in columns)
        mean = float(host.mean())
        found.append(
            Measure(
                f"{what}: {told}",
                target,
                mean >= NEW if at == 0 else mean <= LOST,
                mean,
                float(floats.mean()),
                float(device.mean()),
                half_width(host),
                percent=True,
            )
        )
    return found


TASK = Task(
    "keywords",
    f"MLPerf Tiny's 1,000 clips, {TEST} of each class to judge; body: synthetic words",
    measure,
)
