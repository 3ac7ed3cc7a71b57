"""Schedules: exact values."""

from __future__ import annotations

import numpy as np
import pytest

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import UsageError
from tinyssl.learn.train.optimizers import learning_rate_of
from tinyssl.learn.train.schedule import LearningRate, Schedule, step_seed

FLOOR = 1e-6
RATE = LearningRate(peak=1.0, end=FLOOR)
SCHEDULE = Schedule(images=103, batch_size=10, epochs=5, warmup_epochs=2, rate=RATE)


def test_lengths() -> None:
    assert (SCHEDULE.epoch_steps, SCHEDULE.steps, SCHEDULE.warmup_steps) == (10, 50, 20)


def test_learning_rate() -> None:
    rates = [SCHEDULE.learning_rate(step) for step in range(50)]
    assert rates[:3] == pytest.approx([0.05, 0.1, 0.15])
    assert rates[19] == rates[20] == 1.0
    assert rates[-1] == pytest.approx(FLOOR)
    assert (rates[34] + rates[35]) / 2 == pytest.approx(0.5, abs=1e-6)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_warmup_longer_than_the_run_never_divides_by_zero() -> None:
    short = Schedule(images=10, batch_size=10, epochs=1, warmup_epochs=5, rate=RATE)
    assert short.learning_rate(0) == 1.0


def trace(config: PretrainConfig, images: int = 1024 * 4) -> list[float]:
    """The learning rates of 200 epochs with 1,024 images a step, 10 of them warm-up."""
    rate = learning_rate_of(config, 1024)
    schedule = Schedule(images, 1024, epochs=200, warmup_epochs=10, rate=rate)
    return [schedule.learning_rate(step) for step in range(schedule.steps)]


def test_rates_of_the_view_samplers_paper() -> None:
    """arXiv 2210.02808: 0.48 for 256 images is 1.92 for 1,024, the end is not scaled."""
    rates = trace(PretrainConfig(optimizer="lars"))
    assert max(rates) == rates[39] == rates[40] == pytest.approx(1.92)
    assert rates[0] == pytest.approx(1.92 / 40)
    assert rates[-1] == pytest.approx(0.0048)
    assert rates[40:] == sorted(rates[40:], reverse=True)


def test_swavs_warm_up_starts_where_it_is_told() -> None:
    """0.3 for 256 images, from 0.075 on: numpy.linspace(0.075, 1.2, 40) in the authors' code."""
    rates = trace(PretrainConfig(optimizer="lars", lr=0.3, lr_start=0.075))
    assert rates[:40] == pytest.approx(np.linspace(0.075, 1.2, 40).tolist())
    assert rates[-1] == pytest.approx(0.0048)


def test_adamws_rate_is_taken_as_it_is() -> None:
    assert learning_rate_of(PretrainConfig(lr=3e-3), 1024) == LearningRate(3e-3, 1e-6)
    assert learning_rate_of(PretrainConfig(), 64) == LearningRate(1e-3, 1e-6)
    scaled = PretrainConfig(lr=1e-3, lr_batch=256)
    assert learning_rate_of(scaled, 64) == LearningRate(2.5e-4, 1e-6)


def test_a_rate_that_would_rise_at_the_end_is_refused() -> None:
    with pytest.raises(UsageError, match=r"would rise from 0\.00025 to 0\.0048") as caught:
        learning_rate_of(PretrainConfig(optimizer="lars", lr=1e-3), 64)
    assert "--lr-end below 0.00025" in caught.value.hint


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
