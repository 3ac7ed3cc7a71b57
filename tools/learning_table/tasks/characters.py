"""Characters: Omniglot, five characters of alphabets that nobody trained on, from 1 or 5 drawings.

The body is trained on the other alphabets, frozen in INT8; the head begins at zero and learns on
the device. Each episode is one device of the family `omniglot`.
"""

from __future__ import annotations

import numpy as np

from tinyssl.core.config import BuildConfig
from tinyssl.data.episodes import Group
from tinyssl.data.episodes.omniglot import Omniglot
from tinyssl.data.episodes.ways import WayFamily
from tools.learning_table.device import LearningDevice, learning_device
from tools.learning_table.few_shot import (
    Body,
    Head,
    accuracy_in_torch,
    accuracy_of,
    blank,
    converted,
    pretrained,
    suited_rate,
    taught,
)
from tools.learning_table.new_classes import half_width
from tools.learning_table.row import SHARED, Found, Measure, Session, Task

BODY_STEPS = 2000
EPISODES = 100
"""Of each number of drawings, on this computer"""
BOARD_EPISODES = 5
"""The first of them, on the board, too"""
PASSES = {1: 20, 5: 5}
"""Drawings of a character -> how often each is shown"""
POINTS = 0.02
"""By how much the device may be worse than PyTorch"""


def measure(session: Session) -> Found:
    """The row."""
    return few_shot(Omniglot(SHARED / "data" / "omniglot", session.seed), session)


def few_shot(family: WayFamily, session: Session) -> Found:
    """Measures devices of any family of pictures; `measure` takes Omniglot."""
    pool = family.pools[Group.TRAIN]
    body = pretrained(pool, BODY_STEPS, session.seed, session.say)
    model = converted(body, family.ways, pool, session.folder)
    rate = suited_rate(body, pool)
    config = BuildConfig(board=session.board, model=model, train="head", learning_rate=rate)
    with learning_device(config, session.folder) as board:
        measures = tuple(
            _measured(family, body, Head(family.ways, rate, passes), shots, board)
            for shots, passes in PASSES.items()
        )
        costs = board.costs()
    return Found(measures, costs)


def _measured(
    family: WayFamily, body: Body, head: Head, shots: int, board: LearningDevice
) -> Measure:
    host, reference, device = [], [], []
    for number in range(EPISODES):
        data = family.device(Group.UNSEEN, number)
        support = data.support(family.ways * shots)
        reference.append(accuracy_in_torch(body, head, support, data.query))
        board.restore(blank(board.host), device=number < BOARD_EPISODES)
        if number < BOARD_EPISODES:
            taught(board.host, board.step, head, support)
            board.compare()
            device.append(accuracy_of(board.device, data.query))
        else:
            taught(board.host, board.host.train, head, support)
        host.append(accuracy_of(board.host, data.query))
    mean, wanted = float(np.mean(host)), float(np.mean(reference))
    return Measure(
        f"accuracy, {family.ways}-way {shots}-shot, mean of {EPISODES} episodes "
        f"(device: the first {BOARD_EPISODES})",
        f"≥ float − {100 * POINTS:g} points",
        mean >= wanted - POINTS,
        mean,
        wanted,
        float(np.mean(device)),
        half_width(np.array(host)),
        percent=True,
        same_part=float(np.mean(host[:BOARD_EPISODES])),
    )


TASK = Task(
    "characters",
    "Omniglot, characters of unseen alphabets; INT8 body, head learns",
    measure,
)
