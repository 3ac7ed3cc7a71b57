"""Schedules: exact values."""

from __future__ import annotations

import numpy as np
import pytest

from tinyssl.learn.train.schedule import FLOOR, Schedule, step_seed

SCHEDULE = Schedule(images=103, batch_size=10, epochs=5, warmup_epochs=2)


def test_lengths() -> None:
    assert (SCHEDULE.epoch_steps, SCHEDULE.steps, SCHEDULE.warmup_steps) == (10, 50, 20)


def test_learning_rate() -> None:
    rates = [SCHEDULE.learning_rate(step, 1.0) for step in range(50)]
    assert rates[:3] == pytest.approx([0.05, 0.1, 0.15])
    assert rates[19] == rates[20] == 1.0
    assert rates[-1] == pytest.approx(FLOOR)
    assert (rates[34] + rates[35]) / 2 == pytest.approx(0.5, abs=1e-6)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_warmup_longer_than_the_run_never_divides_by_zero() -> None:
    short = Schedule(images=10, batch_size=10, epochs=1, warmup_epochs=5)
    assert short.learning_rate(0, 1.0) == 1.0


def test_every_epoch_is_a_new_order_without_repeats() -> None:
    epochs = [
        np.concatenate([SCHEDULE.batch(step, 7) for step in range(start, start + 10)])
        for start in (0, 10)
    ]
    for epoch in epochs:
        assert len(set(epoch)) == 100
        assert set(epoch) <= set(range(103))
    assert list(epochs[0]) != list(epochs[1])
    assert list(SCHEDULE.batch(13, 7)) == list(SCHEDULE.batch(13, 7))


def test_step_seeds_differ() -> None:
    seeds = {step_seed(seed, step) for seed in range(20) for step in range(100)}
    assert len(seeds) == 2000
    assert all(0 <= seed < 2**63 for seed in seeds)
