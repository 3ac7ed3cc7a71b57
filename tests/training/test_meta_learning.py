"""The task `sine`: its second implementation, the generated C, and a start that learns fast."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tinyssl import compiler
from tinyssl.data.episodes import Group, TaskFamily, find_family
from tinyssl.graph.training import TARGET, Loss
from tinyssl.project.learner import Learner
from tinyssl.project.learning import with_training
from tinyssl.runtimes.host import HostModel
from tools.learning_table import reptile
from tools.learning_table.tasks import sine

ROUNDS = 1500
DEVICES = 40


@pytest.fixture
def family() -> TaskFamily:
    return find_family("sine")


@pytest.fixture
def host(family: TaskFamily) -> Iterator[HostModel]:
    """The generated C of 1-32-32-1, all of which learns."""
    settings = family.settings
    learner = Learner(
        "all", Loss.SQUARED_ERROR, settings.learning_rate, error_clip=settings.error_clip
    )
    with HostModel(compiler.compile(with_training(family.network(), learner))) as model:
        yield model


def pass_over(host: HostModel, family: TaskFamily, number: int, steps: int) -> None:
    """An unseen device learns from the first samples of its stream."""
    support = family.device(Group.UNSEEN, number).support(steps)
    for x, target in zip(support.inputs, support.targets, strict=True):
        host.train({host.inputs[0].name: x[None]}, {TARGET: target[None]})


def test_the_c_learns_what_numpy_learns(family: TaskFamily, host: HostModel) -> None:
    steps, start = 200, sine.start_of(family.network())
    support = family.device(Group.UNSEEN, 0).support(steps)
    expected = sine.named(reptile.learnt(start, support, 0.02, 5.0))
    pass_over(host, family, 0, steps)
    found = host.snapshot()
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() < 1e-5, name


def test_a_clipped_difference_bounds_the_step() -> None:
    layers = [(np.zeros((1, 1)), np.zeros(1))]
    reptile.step(layers, np.ones(1), np.array([100.0]), 0.1, 5.0)
    assert layers[0][0][0, 0] == pytest.approx(0.1 * 2 * 5)
    reptile.step(layers, np.ones(1), np.array([2.5]), 0.1, 5.0)
    assert layers[0][0][0, 0] == pytest.approx(1.0 + 0.1 * 2 * 0.5)


def test_ten_points_are_enough_from_a_meta_learnt_start(
    family: TaskFamily, host: HostModel
) -> None:
    random = sine.start_of(family.network())
    start = reptile.meta_learnt(family, random, ROUNDS)
    errors: dict[str, list[float]] = {"before": [], "start": [], "random": []}
    first = host.snapshot()
    for number in range(DEVICES):
        data = family.device(Group.UNSEEN, number)
        for name, layers, steps in (
            ("before", start, 0),
            ("start", start, 10),
            ("random", random, 10),
        ):
            host.restore({**first, **sine.named(layers)})
            pass_over(host, family, number, steps)
            errors[name].append(sine.error_of(host, data))
    means = {name: np.mean(each) for name, each in errors.items()}
    assert means["start"] < sine.LEARNT
    assert means["random"] > sine.RANDOM
    # The start knows none of these sines: it is as wrong as one that says zero.
    zero = np.mean(
        [np.mean(family.device(Group.UNSEEN, n).query.targets ** 2) for n in range(DEVICES)]
    )
    assert means["before"] == pytest.approx(zero, rel=0.1)
