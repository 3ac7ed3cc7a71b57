"""Photographs: a class that is learnt from five pictures beside ten that were there.

The zoo's backbone saw CIFAR-100's training pictures without labels, all classes of them; the labels
of its teacher are ImageNet's. Test pictures it never saw.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import DataError
from tinyssl.data.spec import to_int8, to_unit
from tinyssl.learn.backbones import load_backbone
from tinyssl.zoo import find_entry
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
from tools.learning_table.row import SHARED, Found, Measure, Session, Task

DATA = SHARED / "data" / "cifar100" / "part1.npz"
KNOWN = 10
"""Classes of the head"""
SHOTS = 5
TRAIN, TEST = 50, 20
"""Pictures of a known class for the head; of each class for the test, but 100 of a new one"""
NEW_TEST = 100
LESSONS, ON_BOARD = 20, 2
"""New classes, one after the other; of these, how many the board learns"""
PASSES, REPLAY = 10, 1
"""Chosen in float on the classes and pictures of seeds 1 and 2, among 10 to 40 passes and 1 to 3"""
MARGIN = 0.01
HEADS = ((1.0, None), (1e-2, "balanced"), (1e-3, "balanced"), (1e-4, "balanced"))
"""Penalty C and weights of classes of scikit-learn's heads; the best one counts"""

Array = NDArray[Any]


@dataclass(frozen=True)
class Pictures:
    """Of the known classes and of those that are new in turn."""

    images: Array
    """(n, 32, 32, 3) uint8"""
    lessons: list[Lesson]
    features: Array
    """(n, width) of the float backbone"""
    head: tuple[Array, Array]
    """Of the known classes"""


def read(seed: int) -> tuple[Array, list[Lesson]]:
    """Pictures that one model needs, and its lessons.

    Raises:
        DataError: The data is not there.
    """
    if not DATA.exists():
        raise DataError(f"{DATA} is not here", hint="put CIFAR-100 beside the checkout")
    with np.load(DATA, allow_pickle=False) as file:
        blob, offsets = file["blob"].tobytes(), file["offsets"]
        labels, is_test = file["fine_label"].astype(int), file["is_test"].astype(bool)
    random = np.random.default_rng(seed)
    classes = random.permutation(100)[: KNOWN + LESSONS]

    def some(number: int, count: int, *, test: bool) -> list[int]:
        of_class = np.flatnonzero((labels == classes[number]) & (is_test == test))
        return [int(n) for n in random.choice(of_class, count, replace=False)]

    rows = [row for n in range(KNOWN) for row in some(n, TRAIN, test=False)]
    rows += [row for n in range(KNOWN) for row in some(n, TEST, test=True)]
    for number in range(KNOWN, len(classes)):
        rows += some(number, SHOTS, test=False) + some(number, NEW_TEST, test=True)
    images = [Image.open(io.BytesIO(blob[offsets[n] : offsets[n + 1]])) for n in rows]
    return np.stack([np.asarray(each.convert("RGB")) for each in images]), list(_lessons())


def _lessons() -> Iterator[Lesson]:
    """Positions in the rows that `read` puts together."""
    old, judging, own = KNOWN * TRAIN, KNOWN * TEST, SHOTS + NEW_TEST
    known = np.concatenate([np.repeat(np.arange(KNOWN), TRAIN), np.repeat(np.arange(KNOWN), TEST)])
    labels = np.concatenate([known, np.full(LESSONS * own, KNOWN)])
    for number in range(LESSONS):
        start = old + judging + number * own
        fresh = np.arange(start, start + own)
        test = np.concatenate([np.arange(old, old + judging), fresh[SHOTS:]])
        yield Lesson(labels, KNOWN, fresh[:SHOTS], np.arange(old), test)


def prepare(seed: int) -> tuple[Pictures, torch.nn.Module]:
    """Features, and the head of the known classes by logistic regression."""
    images, lessons = read(seed)
    backbone, _ = load_backbone(find_entry(None).backbone)
    with torch.no_grad():
        maps = torch.from_numpy(to_unit(images)).permute(0, 3, 1, 2)
        features = backbone.eval()(maps).numpy().astype(np.float64)
    first = lessons[0]
    fitted = LogisticRegression(max_iter=5000).fit(features[first.old], first.labels[first.old])
    return Pictures(images, lessons, features, (fitted.coef_, fitted.intercept_)), backbone


def few_shot_head(pictures: Pictures, lesson: Lesson) -> tuple[float, float]:
    """What the host gets from the same pictures: the best of some logistic regressions."""
    found = []
    taught = np.concatenate([lesson.old, lesson.new])
    for penalty, weight in HEADS:
        head = LogisticRegression(C=penalty, max_iter=1000, class_weight=weight)
        head.fit(pictures.features[taught], lesson.labels[taught])
        found.append(lesson.accuracy(head.predict(pictures.features[lesson.test])))
    return max(found, key=np.mean)


def in_float(pictures: Pictures, lesson: Lesson, rate: float, seed: int) -> tuple[float, float]:
    """The device's steps, in float64."""
    head = FloatHead(pictures.features, *pictures.head, rate, new=1)
    for position in lesson.order(PASSES, REPLAY, seed):
        head.step(position, lesson.labels[position])
    return lesson.accuracy(head.answers(lesson.test))


def on_board(
    board: LearningDevice, pictures: Pictures, seed: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Accuracies of this computer after each lesson, and of the board after the first ones."""
    feeds = feeds_of(board.host, to_int8(pictures.images))
    first, host, device = board.host.snapshot(), [], []
    for number, lesson in enumerate(pictures.lessons):
        board.host.restore(first)
        order = lesson.order(PASSES, REPLAY, seed + number)
        if number < ON_BOARD:
            board.restore(first)
            for position in order:
                board.step(feeds[position], label(lesson, position))
            board.compare()
            device.append(lesson.accuracy(answers_of(board.run, feeds, lesson.test)))
        else:
            for position in order:
                board.host.train(feeds[position], label(lesson, position))
        host.append(lesson.accuracy(answers_of(board.host.run, feeds, lesson.test)))
    return host, device


def measure(session: Session) -> Found:
    """The row."""
    pictures, backbone = prepare(session.seed)
    path = session.folder / "photographs.tflite"
    units = to_unit(pictures.images[pictures.lessons[0].old[::2]])
    write_int8(path, backbone, pictures.head, units)
    rate = suited_rate(pictures.features[pictures.lessons[0].old])
    config = BuildConfig(board=session.board, model=path, train="head:new:1", learning_rate=rate)
    with learning_device(config, session.folder) as board:
        session.say(f"{LESSONS} new classes, {ON_BOARD} of them on {session.board}")
        host, device = on_board(board, pictures, session.seed)
        costs = board.costs()
    lessons = list(enumerate(pictures.lessons))
    floats = [in_float(pictures, each, rate, session.seed + n) for n, each in lessons]
    heads = [few_shot_head(pictures, each) for _, each in lessons]
    return Found(_measures(host, device, floats, heads), costs)


def _measures(*columns: list[tuple[float, float]]) -> tuple[Measure, ...]:
    """Both kinds of classes alike, then each: host, device, float, and the few-shot head."""
    host, device, floats, heads = (np.array(each) for each in columns)
    both = [each.mean(1) for each in (host, device, floats, heads)]
    wanted = float(both[3].mean()) - MARGIN
    taught = f"{SHOTS} pictures, {LESSONS} classes in turn, the board {ON_BOARD} of them"
    whole = Measure(
        f"mean accuracy on the new class and on {KNOWN} known ones, after {taught}",
        f"≥ {100 * wanted:.1f} % (scikit-learn's head - 1 point)",
        float(both[0].mean()) >= wanted,
        float(both[0].mean()),
        float(both[2].mean()),
        float(both[1].mean()),
        half_width(both[0]),
        percent=True,
        same_part=float(both[0][:ON_BOARD].mean()),
    )
    parts = [
        Measure(
            f"the same, {name}",
            f"– (scikit-learn: {100 * heads[:, at].mean():.1f} %)",
            True,
            float(host[:, at].mean()),
            float(floats[:, at].mean()),
            float(device[:, at].mean()),
            half_width(host[:, at]),
            percent=True,
            same_part=float(host[:ON_BOARD, at].mean()),
        )
        for at, name in enumerate(("new class alone", "known classes alone"))
    ]
    return (whole, *parts)


TASK = Task(
    "photographs",
    f"CIFAR-100, own split: {KNOWN} known classes of {TRAIN} pictures, one new of {SHOTS}; zoo",
    measure,
)
