"""Averaged networks: the average against a sum worked out in float64, what moves and what does not,
and the momentum's schedule against BYOL's formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tinyssl.learn.methods.ema import averaged_copy, cosine_momentum, update_average


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def move(trained: nn.Module, seed: int) -> None:
    """New parameters, as an optimiser would leave them."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.copy_(torch.randn_like(parameter))


def test_a_copy_is_equal_separate_and_without_gradient() -> None:
    trained = network()
    before = torch.get_rng_state()
    average = averaged_copy(trained)
    assert torch.equal(torch.get_rng_state(), before), "a copy must not draw random numbers"
    for mine, theirs in zip(average.parameters(), trained.parameters(), strict=True):
        assert torch.equal(mine, theirs)
        assert mine.data_ptr() != theirs.data_ptr()
        assert theirs.requires_grad
        assert not mine.requires_grad


def test_average_by_hand() -> None:
    trained = nn.Linear(1, 1, bias=False)
    average = averaged_copy(trained)
    with torch.no_grad():
        trained.weight.fill_(2.0)
        average.weight.fill_(10.0)
    update_average(average, trained, 0.75)
    assert average.weight.item() == 8.0  # 0.75 * 10 + 0.25 * 2
    assert trained.weight.item() == 2.0


@pytest.mark.parametrize("momentum", [0.9, 0.996])
def test_average_over_steps_is_the_weighed_sum(momentum):
    """After n steps: momentum^n start + (1 - momentum) sum_k momentum^(n-1-k) value_k."""
    trained = network()
    average = averaged_copy(trained)
    expected = [momentum**5 * p.detach().double() for p in trained.parameters()]
    for step in range(5):
        move(trained, step + 1)
        share = (1 - momentum) * momentum ** (4 - step)
        for total, parameter in zip(expected, trained.parameters(), strict=True):
            total.add_(share * parameter.detach().double())
        update_average(average, trained, momentum)
    for found, total in zip(average.parameters(), expected, strict=True):
        assert torch.allclose(found.double(), total, atol=1e-6)


def test_the_ends_of_the_momentum() -> None:
    trained = network()
    average = averaged_copy(trained)
    move(trained, 1)
    start = [p.clone() for p in average.parameters()]
    update_average(average, trained, 1.0)
    assert all(torch.equal(a, b) for a, b in zip(average.parameters(), start, strict=True))
    update_average(average, trained, 0.0)
    assert all(
        torch.allclose(a, b, atol=1e-6)
        for a, b in zip(average.parameters(), trained.parameters(), strict=True)
    )


def test_buffers_are_not_averaged() -> None:
    trained = network()
    average = averaged_copy(trained)
    trained.get_buffer("1.running_mean").fill_(7.0)
    update_average(average, trained, 0.5)
    assert average.get_buffer("1.running_mean").abs().max() == 0


def test_cosine_momentum_is_byols() -> None:
    assert cosine_momentum(0.996, 0.0) == pytest.approx(0.996, abs=1e-12)
    assert cosine_momentum(0.996, 0.5) == pytest.approx(0.998, abs=1e-12)
    assert cosine_momentum(0.996, 1.0) == 1.0
    # DINO's utils.cosine_scheduler: final + (base - final) (1 + cos(pi i / n)) / 2
    for step in range(11):
        theirs = 1 + 0.5 * (0.996 - 1) * (1 + math.cos(math.pi * step / 10))
        assert cosine_momentum(0.996, step / 10) == pytest.approx(theirs, abs=1e-12)
    values = [cosine_momentum(0.99, step / 100) for step in range(101)]
    assert values == sorted(values)
