"""The running centre against statistics computed at once, and what it does to a cosine."""

from __future__ import annotations

import pytest
import torch

from tinyssl.learn.methods.ca_dssl import cosine_loss
from tinyssl.learn.methods.centre import RunningCentre


def test_the_first_batches_weigh_equally() -> None:
    torch.manual_seed(0)
    batches = 3 + 2 * torch.randn(5, 64, 7)
    centre = RunningCentre(7, momentum=0.99)
    for batch in batches:
        centre(batch)
    everything = batches.reshape(-1, 7)
    assert torch.allclose(centre.mean, everything.mean(dim=0), atol=1e-5)
    assert torch.allclose(centre.square, everything.square().mean(dim=0), rtol=1e-5)


def test_later_the_old_mean_keeps_its_share() -> None:
    centre = RunningCentre(1, momentum=0.9)
    for _ in range(20):
        centre(torch.zeros(4, 1))
    centre(torch.ones(4, 1))
    assert centre.mean.item() == pytest.approx(0.1)
    centre(torch.ones(4, 1))
    assert centre.mean.item() == pytest.approx(0.19)


def test_maps_are_averaged_over_their_positions_too() -> None:
    torch.manual_seed(0)
    maps = torch.randn(4, 3, 2, 5)
    centre = RunningCentre(3, momentum=0.9)
    centred = centre(maps)
    assert torch.allclose(centre.mean, maps.mean(dim=(0, 2, 3)), atol=1e-6)
    assert torch.allclose(centred.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-6)


def test_scaled_targets_have_deviation_one() -> None:
    torch.manual_seed(0)
    targets = torch.randn(4096, 3) * torch.tensor([0.01, 1.0, 50.0]) + 7
    scaled = RunningCentre(3, momentum=0.9, scale=True)(targets)
    assert torch.allclose(scaled.mean(dim=0), torch.zeros(3), atol=1e-3)
    assert torch.allclose(scaled.std(dim=0), torch.ones(3), atol=0.05)


def test_a_dimension_that_never_changes_stays_finite() -> None:
    scaled = RunningCentre(2, momentum=0.9, scale=True)(torch.full((8, 2), 5.0))
    assert scaled.abs().max().item() < 0.01


def test_in_eval_mode_it_learns_nothing() -> None:
    centre = RunningCentre(2, momentum=0.9).eval()
    assert torch.equal(centre(torch.ones(3, 2)), torch.ones(3, 2))
    assert centre.steps.item() == 0


def test_a_student_that_says_the_mean_is_cheap_until_it_is_taken_away() -> None:
    """Why there is a centre: features after a ReLU."""
    torch.manual_seed(0)
    targets = 4 + torch.randn(256, 64).relu()
    lazy = targets.mean(dim=0).expand_as(targets)
    assert cosine_loss(lazy, targets).item() < 0.02
    assert cosine_loss(lazy, RunningCentre(64, 0.9)(targets)).item() > 0.9
