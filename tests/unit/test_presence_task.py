"""The task `presence`: a room is learnt day by day, as well as by batch regression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinyssl import compiler
from tinyssl.data.episodes.presence import Minutes, read_minutes
from tinyssl.data.episodes.rooms import MINUTES, SimulatedRoom, simulate
from tinyssl.graph.training import Training, add_training
from tinyssl.runtimes.host import HostModel
from tools.learning_table.tasks import presence

SKIP = "needs ../shared/data/occupancy"


def learnt(teaching: Minutes, test: Minutes, seed: int) -> tuple[float, float, float]:
    """Accuracy of the C on this computer, of NumPy's float64, and of batch regression."""
    network = presence.network(teaching.values.shape[1], seed)
    weights = tuple(at for at, value in enumerate(network.tensors) if value.constant)
    model = add_training(network, Training(weights, normalise=True))
    days, floats = presence.days_of(teaching, seed), presence.Float(network)
    with HostModel(compiler.compile(model)) as host:
        device = presence.OnHost(host)
        for day in days:
            device.learn(day)
            floats.learn(day)
        answers = (device.answers, floats.answers, presence.batch(days))
        found, real, batch = (presence.accuracy(answer, test) for answer in answers)
    return found, real, batch


def test_a_simulated_room_is_learnt_in_one_pass() -> None:
    random = np.random.default_rng(7)
    room = SimulatedRoom.drawn(random)
    week, rest = simulate(room, 5, random), simulate(room, 2, random)
    assert len(week.times) == 5 * MINUTES
    assert 0.1 < rest.present.mean() < 0.6
    found, real, batch = learnt(week, rest, seed=0)
    assert found >= batch - presence.POINT
    assert found == pytest.approx(real, abs=0.003)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_real_room_is_learnt_in_one_pass(seed: int) -> None:
    if not Path(presence.FOLDER).is_dir():
        pytest.skip(SKIP)
    teaching = read_minutes(presence.FOLDER / "datatraining.txt")
    test = read_minutes(presence.FOLDER / "datatest2.txt")
    found, _, batch = learnt(teaching, test, seed)
    assert found >= batch - presence.POINT
