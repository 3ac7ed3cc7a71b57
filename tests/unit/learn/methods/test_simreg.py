"""SimReg: the loss against the authors' formula in float64, the head's layers, weak views, and a
student that does become like its teacher."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.unit.learn.methods.frozen_teacher import backward
from tinyssl.data.augment import ViewSpec, make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, MethodContext, Targets, build_method, method_config
from tinyssl.learn.methods.simreg import SimReg

DIM, IMAGES = 12, 6
TEACHER = MethodContext(summary_dim=DIM, token_dim=DIM, image_size=32)


def simreg(**options: object) -> SimReg:
    torch.manual_seed(0)
    config = method_config("simreg", {"hidden": 16, "middle": 8} | options)
    method = build_method("simreg", build_backbone("mobilenet_v2_tiny"), config, TEACHER)
    assert isinstance(method, SimReg)
    return method.train()


def batch_for(method: SimReg, seed: int = 1) -> Batch:
    torch.manual_seed(seed)
    pixels = torch.randint(0, 256, (IMAGES, 32, 32, 3), dtype=torch.uint8)
    targets = Targets(torch.rand(IMAGES, DIM), torch.zeros(IMAGES, DIM, 1, 1))
    return Batch(make_views(pixels, method.views(0.0)), targets)


@pytest.mark.parametrize("centre", [False, True])
def test_loss_is_the_authors(centre):
    """github.com/UCDvision/simreg, simreg.py: the mean of |q/|q| - t/|t||^2 over the batch."""
    method = simreg(centre=centre)
    batch = batch_for(method)
    found = method.loss(batch).total.item()
    assert batch.targets is not None
    with torch.no_grad():
        q = method.head(method.backbone(batch.views[0])).double()
    t = batch.targets.summary.double()
    if centre:
        t = t - t.mean(dim=0)  # the first batch's mean is the centre
    distance = F.normalize(q, dim=1) - F.normalize(t, dim=1)
    assert found == pytest.approx(distance.square().sum(dim=1).mean().item(), rel=1e-4)


def test_the_head_has_four_layers_and_two_batch_norms() -> None:
    kinds = [type(layer) for layer in simreg().head]
    half = [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear]
    assert kinds == half + half
    sizes = [layer.weight.shape for layer in simreg().head if isinstance(layer, nn.Linear)]
    assert [tuple(size) for size in sizes] == [(16, 64), (8, 16), (16, 8), (DIM, 16)]


def test_views_are_crops_and_flips_alone() -> None:
    spec = simreg().views(0.0)
    assert isinstance(spec, ViewSpec)
    assert spec.count == 1
    options = spec.groups[0].options
    assert (options.jitter, options.grey, options.blur, options.crop_min) == (0, 0, 0, 0.2)


def test_only_the_teacher_has_no_gradient() -> None:
    method = simreg()
    losses = backward(method, batch_for(method))
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
    assert set(losses.metrics) == {"spread"}


def test_a_student_learns_which_image_is_which() -> None:
    """After 40 steps each output is nearest to its own image's target, which mixed up targets
    would not bring about."""
    method = simreg()
    batch = batch_for(method)
    assert batch.targets is not None
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        method.loss(batch).total.backward()
        optimizer.step()
    with torch.no_grad():
        outputs = F.normalize(method.head(method.backbone(batch.views[0])), dim=1)
    targets = batch.targets.summary - batch.targets.summary.mean(dim=0)
    similarity = outputs @ F.normalize(targets, dim=1).T
    assert similarity.argmax(dim=1).tolist() == list(range(IMAGES))
