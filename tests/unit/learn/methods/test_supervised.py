"""Supervised and random: the ceiling and the floor of every comparison."""

from __future__ import annotations

import math

import pytest
import torch

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, MethodContext, build_method, method_config
from tinyssl.learn.tasks import TASKS

cross_entropy = TASKS["classification"].loss


def test_cross_entropy_exact_values() -> None:
    labels = torch.tensor([0, 3])
    assert cross_entropy(torch.zeros(2, 4), labels, 0.0).item() == pytest.approx(math.log(4))
    logits = torch.tensor([[math.log(3), 0.0]])
    right = torch.tensor([0])
    assert cross_entropy(logits, right, 0.0).item() == pytest.approx(math.log(4 / 3))
    smooth = 0.9 * math.log(4 / 3) + 0.1 * math.log(4)  # 0.2 spread: 0.9 and 0.1
    assert cross_entropy(logits, right, 0.2).item() == pytest.approx(smooth)


def test_a_perfect_answer_costs_more_with_smoothing() -> None:
    logits, labels = 20 * torch.eye(3), torch.arange(3)
    assert cross_entropy(logits, labels, 0.0).item() == pytest.approx(0, abs=1e-6)
    assert cross_entropy(logits, labels, 0.1).item() > 1


def test_supervised_learns_two_colours() -> None:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny")
    config = method_config("supervised", {"crop_min": 1.0})
    method = build_method("supervised", backbone, config, MethodContext(classes=2))
    images = torch.zeros(16, 16, 16, 3, dtype=torch.uint8)
    images[:8, :, :, 0] = 255
    images[8:, :, :, 2] = 255
    labels = torch.arange(16) // 8
    optimizer = torch.optim.AdamW(method.parameters(), lr=3e-3)
    for _ in range(30):
        losses = method.loss(Batch(make_views(images, method.views(0.0)), labels=labels))
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
    assert losses.metrics["accuracy"].item() == 1
    assert all(p.grad is not None for p in method.parameters())


def test_without_labels_it_says_so() -> None:
    with pytest.raises(UsageError, match="needs labels") as caught:
        build_method(
            "supervised",
            build_backbone("mobilenet_v2_tiny"),
            method_config("supervised", {}),
            MethodContext(),
        )
    assert "subfolder" in caught.value.hint


def test_random_takes_no_steps_and_has_no_options() -> None:
    method = build_method(
        "random", build_backbone("mobilenet_v2_tiny"), method_config("random", {}), MethodContext()
    )
    assert not method.trains
    assert [stage.start for stage in method.stages()] == [0]
    with pytest.raises(UsageError, match="takes no steps"):
        method.loss(Batch(()))
    with pytest.raises(UsageError, match="no option of random 'temperature'"):
        method_config("random", {"temperature": 1})
