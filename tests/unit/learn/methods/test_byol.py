"""BYOL: the loss against hand-worked values and the authors' formula in float64; which networks get
a gradient, and which does the averaging."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.byol import BYOL, regression_loss


def byol(**options: object) -> BYOL:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride=1)
    context = MethodContext(image_size=16)
    method = build_method("byol", backbone, method_config("byol", options), context)
    assert isinstance(method, BYOL)
    return method.train()


def batch_for(method: Method, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    images = torch.randint(0, 256, (6, 16, 16, 3), dtype=torch.uint8)
    return Batch(make_views(images, method.views(0.0)))


def reference_regression_loss(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """deepmind-research, byol/utils/helpers.py, regression_loss: 2 - 2 sum(x y), rows of length 1.

    Here written as the squared distance of the paper's equation 2.
    """
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return ((x - y) ** 2).sum(axis=-1)


def test_loss_exact_values() -> None:
    p = torch.tensor([[3.0, 4.0]])
    assert regression_loss(p, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(0.8)  # 2 - 2 * .6
    assert regression_loss(p, 5 * p).item() == pytest.approx(0, abs=1e-6)
    assert regression_loss(p, -p).item() == pytest.approx(4)
    assert regression_loss(p, torch.tensor([[-4.0, 3.0]])).item() == pytest.approx(2)


def test_loss_is_the_authors() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 16, 7))
    found = regression_loss(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert found == pytest.approx(reference_regression_loss(x, y).mean(), rel=1e-5)


def test_loss_is_float32_under_autocast() -> None:
    torch.manual_seed(0)
    p, t = torch.randn(2, 6, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = regression_loss(p, t)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, regression_loss(p, t))


def test_the_target_of_the_loss_gets_no_gradient() -> None:
    p, t = torch.randn(2, 4, 3, requires_grad=True).unbind()
    p.retain_grad()
    t.retain_grad()
    regression_loss(p, t).backward()
    assert p.grad is not None
    assert t.grad is None


def test_each_view_predicts_the_target_of_the_other() -> None:
    """The total, computed again view by view from the method's own networks."""
    method, batch = byol(), batch_for(byol())
    first, second = batch.views
    found = method.loss(batch)
    expected = 0.0
    for view, other in ((first, second), (second, first)):
        prediction = method.predictor(method.projector(method.backbone(view)))
        target = method.target(other)
        expected += float(
            reference_regression_loss(
                prediction.detach().double().numpy(), target.double().numpy()
            ).mean()
        )
    assert found.total.item() == pytest.approx(expected, rel=1e-5)
    assert found.metrics["cosine"].item() == pytest.approx(1 - expected / 4, abs=1e-5)
    # of the same view it would be another number: the two must not be mixed up
    same = regression_loss(
        method.predictor(method.projector(method.backbone(first))), method.target(first)
    )
    assert abs(2 * same.item() - expected) > 1e-3


def test_total_does_not_know_which_view_is_first() -> None:
    batch = batch_for(byol())
    swapped = Batch(batch.views[::-1])
    assert byol().loss(batch).total.item() == pytest.approx(byol().loss(swapped).total.item())


def test_online_networks_are_trained_and_the_target_is_not() -> None:
    method = byol()
    method.loss(batch_for(method)).total.backward()
    target = {id(parameter) for parameter in method.target.parameters()}
    assert target
    for name, parameter in method.named_parameters():
        if id(parameter) in target:
            assert not parameter.requires_grad
            assert parameter.grad is None
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all()
            assert parameter.grad.abs().max() > 0, name


def test_after_step_moves_the_target_by_byols_schedule() -> None:
    method = byol(momentum=0.9)
    weight = method.projector.get_parameter("0.weight")
    average = method.target.get_parameter("1.0.weight")
    with torch.no_grad():
        weight.add_(1.0)
    for progress, momentum in ((0.0, 0.9), (0.5, 0.95), (1.0, 1.0)):
        before = average.clone()
        method.after_step(progress)
        assert torch.allclose(average, momentum * before + (1 - momentum) * weight, atol=1e-6)


def test_target_in_training_mode_keeps_its_own_statistics() -> None:
    """As in the authors' code: batch statistics, and running means that no average touches."""
    method = byol()
    mean = method.target.get_buffer("0.stem.1.running_mean")
    before = mean.clone()
    method.loss(batch_for(method))
    assert not torch.equal(mean, before)
    after = mean.clone()
    method.after_step(0.0)
    assert torch.equal(mean, after)


def test_head_has_the_sizes_of_byol_tiny() -> None:
    config = method_config("byol", {})
    method = build_method("byol", build_backbone("mobilenet_v2_035"), config, MethodContext())
    assert isinstance(method, BYOL)
    assert [tuple(p.shape) for p in method.projector.parameters() if p.ndim == 2] == [
        (256, 1280),
        (256, 256),
    ]
    assert [tuple(p.shape) for p in method.predictor.parameters() if p.ndim == 2] == [
        (256, 256),
        (256, 256),
    ]
    assert config.momentum == 0.996
