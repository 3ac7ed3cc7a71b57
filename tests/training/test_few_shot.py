"""The task `characters`: a head learns in the generated C what it learns in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from torch import nn

from tinyssl import compiler
from tinyssl.data.episodes import Group, TaskFamily, find_family
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.training import Loss
from tinyssl.project.learner import Learner
from tinyssl.project.learning import with_training
from tinyssl.runtimes.host import HostModel
from tools.learning_table.few_shot import (
    Head,
    accuracy_in_torch,
    accuracy_of,
    blank,
    taught,
)
from tools.learning_table.new_classes import half_width

RATE = 0.05
EPISODES = 8


@pytest.fixture
def family() -> TaskFamily:
    return find_family("digits")


@pytest.fixture
def host(family: TaskFamily) -> Iterator[HostModel]:
    """A head over the pixels: its body only puts them in a row."""
    layers = LayerStack((1, *family.shape))
    layers.flatten()
    layers.dense(family.outputs)
    learner = Learner("head", Loss.CROSS_ENTROPY, RATE)
    with HostModel(compiler.compile(with_training(layers.model(), learner))) as model:
        yield model


def test_a_head_answers_as_in_pytorch(family: TaskFamily, host: HostModel) -> None:
    head, first = Head(family.outputs, RATE, passes=3), host.snapshot()
    found = []
    for number in range(EPISODES):
        data = family.device(Group.UNSEEN, number)
        support = data.support(25)
        host.restore({**first, **blank(host)})
        taught(host, host.train, head, support)
        found.append(accuracy_of(host, data.query))
        assert found[-1] == accuracy_in_torch(nn.Flatten(), head, support, data.query)
    assert np.mean(found) > 0.85
    assert 0 < half_width(np.array(found)) < 0.1


def test_a_blank_head_knows_no_class(family: TaskFamily, host: HostModel) -> None:
    host.restore({**host.snapshot(), **blank(host)})
    query = family.device(Group.UNSEEN, 0).query
    assert accuracy_of(host, query) == pytest.approx(1 / family.outputs)


def test_lessons_are_the_support_again_and_again(family: TaskFamily) -> None:
    support = family.device(Group.UNSEEN, 0).support(10)
    labels = [label for _, label in Head(5, RATE, passes=2).lessons(support)]
    assert labels == [*support.targets.tolist()] * 2
