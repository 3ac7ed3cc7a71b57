"""LARS against the authors' loop over parameters in float64; groups of a real backbone; a training
that is killed goes on in the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tinyssl.core.config import PretrainConfig
from tinyssl.core.optimizers import settled
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.train.lars import LARS, TRUST, lars_groups
from tinyssl.learn.train.optimizers import make_optimizer


def authors_step(
    weight: np.ndarray, gradient: np.ndarray, velocity: np.ndarray, group: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """github.com/facebookresearch/dino, utils.py, LARS.step, one parameter."""
    update = gradient + group["weight_decay"] * weight
    if group["adapt"]:
        w, u = np.linalg.norm(weight), np.linalg.norm(update)
        update = update * (0.001 * w / u if w > 0 and u > 0 else 1.0)
    velocity = group["momentum"] * velocity + update
    return weight - group["lr"] * velocity, velocity


@pytest.mark.parametrize("adapt", [True, False])
def test_steps_are_the_authors(adapt):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 1, 1)), np.zeros((2, 2))]
    group = {"lr": 1.9, "momentum": 0.9, "weight_decay": 0.01, "adapt": adapt}
    weights = [nn.Parameter(torch.from_numpy(value.copy())) for value in start]
    optimizer = LARS([{"params": weights} | group], lr=1.0)
    expected = [(value, np.zeros_like(value)) for value in start]
    for _ in range(3):
        gradients = [rng.normal(size=value.shape) for value in start]
        gradients[1] *= 0  # no update but the decay
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = torch.from_numpy(gradient)
        optimizer.step()
        expected = [
            authors_step(w, g, v, group) for (w, v), g in zip(expected, gradients, strict=True)
        ]
    for weight, (wanted, _) in zip(weights, expected, strict=True):
        assert np.allclose(weight.detach().numpy(), wanted, rtol=1e-12)


def test_the_length_of_a_step_does_not_depend_on_the_gradients() -> None:
    for scale in (1e-4, 1e4):
        weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
        weight.grad = torch.tensor([[scale, 0.0]])
        LARS([weight], lr=2.0, momentum=0.0).step()
        assert weight.detach()[0].tolist() == pytest.approx([3 - 2 * TRUST * 5, 4])


def test_a_parameter_without_a_gradient_stays() -> None:
    first, second = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    first.grad = torch.ones(2, 2)
    LARS([first, second], lr=1.0, weight_decay=0.1).step()
    assert not torch.equal(first.detach(), torch.ones(2, 2))
    assert torch.equal(second.detach(), torch.ones(2, 2))


def test_groups_of_a_backbone() -> None:
    """Depthwise kernels: no decay, but the factor; batch norms and biases: neither."""
    backbone = build_backbone("mobilenet_v2_tiny")
    frozen = nn.Linear(3, 3).requires_grad_(False)
    network = nn.Sequential(backbone, nn.Linear(64, 5), frozen)
    ordinary, depthwise, vectors = lars_groups(network, 1e-6)
    assert {p.shape[1] for p in depthwise["params"]} == {1}
    assert len(depthwise["params"]) == 6  # one a block
    assert {p.ndim for p in vectors["params"]} == {1}
    assert all(p.ndim > 1 for p in ordinary["params"])
    rules = [(g["weight_decay"], g.get("adapt", True)) for g in (ordinary, depthwise, vectors)]
    assert rules == [(1e-6, True), (0.0, True), (0.0, False)]
    count = sum(p.numel() for g in (ordinary, depthwise, vectors) for p in g["params"])
    assert count == sum(p.numel() for p in network.parameters()) - 12
    plain = lars_groups(nn.Linear(3, 3, bias=False), 0.0)
    assert len(plain) == 1


def test_settings_left_open_are_those_of_the_optimiser() -> None:
    network = nn.Linear(3, 3)
    lars = make_optimizer(network, PretrainConfig(optimizer="lars", momentum=0.8))
    assert isinstance(lars, LARS)
    assert [(g["weight_decay"], g["adapt"], g["momentum"]) for g in lars.param_groups] == [
        (1e-6, True, 0.8),
        (0.0, False, 0.8),
    ]
    adamw = make_optimizer(network, PretrainConfig())
    assert isinstance(adamw, torch.optim.AdamW)
    assert [g["weight_decay"] for g in adamw.param_groups] == [0.05, 0.0]
    assert make_optimizer(network, PretrainConfig(weight_decay=0.3)).param_groups[0][
        "weight_decay"
    ] == pytest.approx(0.3)
    left_open = settled(PretrainConfig(optimizer="lars"))
    values = (left_open.lr, left_open.lr_batch, left_open.lr_end, left_open.weight_decay)
    assert values == (0.48, 256, 0.0048, 1e-6)
    assert settled(left_open) == left_open
