"""The task `photographs`: steps on five pictures end as well as a head that scikit-learn fits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from tools.learning_table.new_classes import FloatHead, Lesson, suited_rate
from tools.learning_table.tasks import photographs


def test_a_class_from_five_pictures_of_cifar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other classes and pictures than those of the table."""
    if not photographs.DATA.exists():
        pytest.skip("needs ../shared/data/cifar100")
    monkeypatch.setattr(photographs, "LESSONS", 6)
    monkeypatch.setattr(photographs, "NEW_TEST", 40)
    pictures, _ = photographs.prepare(seed=1)
    rate, pairs = suited_rate(pictures.features[pictures.lessons[0].old]), []
    for number, lesson in enumerate(pictures.lessons):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = photographs.few_shot_head(pictures, lesson)
        stepped = photographs.in_float(pictures, lesson, rate, number)
        pairs.append((np.mean(stepped), np.mean(fitted)))
    stepped_mean, fitted_mean = np.mean(pairs, axis=0)
    assert stepped_mean >= fitted_mean - photographs.MARGIN


def lesson() -> Lesson:
    """Two known classes of six samples, a new one of four."""
    labels = np.array([0] * 6 + [1] * 6 + [2] * 4)
    positions = np.arange(16)
    return Lesson(labels, 2, positions[12:14], positions[:12], positions[[0, 6, 14, 15]])


def test_each_pass_has_all_new_samples_and_so_many_old_ones() -> None:
    order = lesson().order(passes=3, replay=2, seed=0)
    assert len(order) == 3 * (2 + 4)
    for part in order.reshape(3, 6):
        assert {12, 13} <= set(part)
        assert len(set(part)) == 6
    assert (order == lesson().order(3, 2, seed=0)).all()


def test_a_free_class_never_wins_and_a_taught_one_does() -> None:
    features = np.eye(3)[lesson().labels]
    head = FloatHead(features, np.eye(3)[:2] * 3, np.zeros(2), rate=1.0, new=1)
    assert lesson().accuracy(head.answers(lesson().test)) == (0.0, 1.0)
    for position in lesson().order(passes=5, replay=1, seed=0):
        head.step(position, lesson().labels[position])
    assert lesson().accuracy(head.answers(lesson().test)) == (1.0, 1.0)
