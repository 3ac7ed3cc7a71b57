"""CA-DSSL: parameter counts, exact values and properties of the losses, that no gradient reaches
the targets, and the curriculum on its stated epochs (acceptance checks 1, 3 to 7 of the method)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewOptions, ViewSpec, draw_crops, make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, Targets, build_method, method_config
from tinyssl.learn.methods.ca_dssl import CaDssl, cosine_loss, token_loss

VIT_S = MethodContext(summary_dim=384, token_dim=384, image_size=32)
GRID = 4


def build(backbone: str = "mobilenet_v2_tiny", **options: object) -> CaDssl:
    torch.manual_seed(0)
    config = method_config("ca_dssl", options)
    method = build_method("ca_dssl", build_backbone(backbone), config, VIT_S)
    assert isinstance(method, CaDssl)
    return method


def batch_for(method: Method, images: int = 8, progress: float = 0.0) -> Batch:
    pixels = torch.randint(0, 256, (images, 32, 32, 3), dtype=torch.uint8)
    targets = Targets(torch.randn(images, 384), torch.randn(images, 384, GRID, GRID))
    return Batch(make_views(pixels, method.views(progress)), targets)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameter_counts_are_the_published_ones() -> None:
    method = build("mobilenet_v2_035")
    assert count(method.backbone) == 396_128
    linear = [layer for layer in method.head if isinstance(layer, torch.nn.Linear)]
    assert sum(count(layer) for layer in linear) == 425_984
    assert count(method.head) == 425_984 + 512  # with the batch norm's scale and shift
    assert [count(adapter) for adapter in method.adapters] == [6_144, 12_288, 43_008]
    assert count(method) == 396_128 + 426_496 + 61_440


def test_cosine_loss_exact_values() -> None:
    t = torch.tensor([[1.0, 0.0]])
    assert cosine_loss(torch.tensor([[3.0, 4.0]]), t).item() == pytest.approx(0.4)
    assert cosine_loss(7 * t, t).item() == pytest.approx(0, abs=1e-6)
    assert cosine_loss(-2 * t, t).item() == pytest.approx(2)
    both = cosine_loss(torch.tensor([[3.0, 4.0], [-1.0, 0.0]]), torch.cat([t, t]))
    assert both.item() == pytest.approx((0.4 + 2) / 2)


def test_cosine_loss_is_torchs_own_with_its_gradient() -> None:
    torch.manual_seed(0)
    for shape in ((16, 384), (4, 20, 3, 5)):
        p, t = (5 * torch.randn(2, *shape)).unbind()
        ours, theirs = p.clone().requires_grad_(), p.clone().requires_grad_()
        found, expected = cosine_loss(ours, t), 1 - F.cosine_similarity(theirs, t, dim=1).mean()
        assert found.item() == pytest.approx(expected.item(), rel=1e-6)
        found.backward()
        expected.backward()
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 7.0])
def test_token_loss_is_zero_for_the_tokens_at_any_scale(scale):
    torch.manual_seed(0)
    tokens = torch.randn(3, 5, 8, 8)
    maps = [scale * F.adaptive_avg_pool2d(tokens, size) for size in (8, 4, 2)]
    assert token_loss(maps, tokens).item() == pytest.approx(0, abs=1e-6)
    swapped = [m.flip(dims=(2,)) for m in maps]
    assert token_loss(swapped, tokens).item() > 0.1


def test_token_loss_is_the_formula_written_out() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(2, 3, 4, 4))
    maps = [rng.normal(size=(2, 3, size, size)) for size in (4, 2, 1)]
    scales = []
    for m in maps:
        size, block = m.shape[2], 4 // m.shape[2]
        pooled = tokens.reshape(2, 3, size, block, size, block).mean(axis=(3, 5))
        dots = (m * pooled).sum(1)
        lengths = np.linalg.norm(m, axis=1) * np.linalg.norm(pooled, axis=1)
        scales.append((1 - dots / lengths).mean())
    found = token_loss([torch.from_numpy(m) for m in maps], torch.from_numpy(tokens))
    assert found.item() == pytest.approx(np.mean(scales), rel=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 14])
def test_a_constant_grid_stays_constant_at_every_scale(size):
    constant = torch.tensor([1.0, -2.0, 0.5]).view(1, 3, 1, 1)
    fits = constant.expand(1, 3, size, size)
    assert token_loss([fits], constant.expand(1, 3, 14, 14)).item() == pytest.approx(0, abs=1e-6)


def test_total_is_the_weighted_sum_and_zero_weight_leaves_the_maps_out() -> None:
    method = build(multi_scale=0.25)
    losses = method.loss(batch_for(method))
    parts = losses.metrics["summary"] + 0.25 * losses.metrics["tokens"]
    assert losses.total.item() == pytest.approx(parts.item(), rel=1e-6)
    without = build(multi_scale=0)
    assert len(without.adapters) == 0
    assert "tokens" not in without.loss(batch_for(without)).metrics


@pytest.mark.parametrize("options", [{}, {"loss": "seed", "queue": 16}, {"centre": False}])
def test_all_is_trained_but_the_targets(options):
    method = build(**options)
    batch = batch_for(method)
    assert batch.targets is not None
    batch.targets.summary.requires_grad_()
    batch.targets.tokens.requires_grad_()
    method.loss(batch).total.backward()
    assert batch.targets.summary.grad is None
    assert batch.targets.tokens.grad is None
    for name, parameter in method.named_parameters():
        if name.startswith("backbone.last") or not name.startswith("backbone"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_stages_begin_on_the_stated_epochs() -> None:
    method = build()
    epochs = 200
    starts = [epoch for epoch in range(1, epochs) if changed(method, epoch, epochs)]
    assert starts == [60, 140]  # 30 % and 70 %
    weak, medium, strong = (stage.views.groups[0].options for stage in method.stages())
    assert [o.crop_min for o in (weak, medium, strong)] == [0.6, 0.4, 0.2]
    assert all(o.crop_max == 1 and o.flip == 0.5 for o in (weak, medium, strong))
    assert (weak.jitter, weak.grey, weak.blur) == (0, 0, 0)
    assert (medium.jitter, medium.grey, medium.blur) == pytest.approx((0.5, 0.1, 0))
    colour = (medium.brightness, medium.contrast, medium.saturation, medium.hue)
    assert colour == pytest.approx((0.2, 0.2, 0.1, 0.05))
    assert strong == ViewOptions()
    (only,) = build(curriculum=False).stages()
    assert (only.start, only.views) == (0, ViewSpec.of(1, ViewOptions()))


def changed(method: Method, epoch: int, epochs: int) -> bool:
    return method.views(epoch / epochs) != method.views((epoch - 1) / epochs)


def test_with_equal_crops_all_stages_share_the_teachers_cache() -> None:
    stages = build(weak_crop_min=0.3, medium_crop_min=0.3, crop_min=0.3).stages()
    assert len({stage.views.groups[0].options.geometry for stage in stages}) == 1
    assert len({stage.views for stage in stages}) == 3  # colours still grow stronger


def test_crops_get_smaller_from_stage_to_stage() -> None:
    means = []
    for stage in build().stages():
        generator = torch.Generator().manual_seed(0)
        crops = draw_crops(4000, stage.views.groups[0].options.geometry, generator)
        means.append((crops.boxes[:, 2] * crops.boxes[:, 3]).mean().item())
    assert means == sorted(means, reverse=True)
    assert means == pytest.approx([0.8, 0.7, 0.6], abs=0.03)  # the middles of the ranges


def test_shuffled_targets_belong_to_other_images() -> None:
    plain, shuffled = build(), build(shuffle_teacher=True)
    torch.manual_seed(1)
    batch = batch_for(plain, 64)
    assert batch.targets is not None
    found = shuffled._targets(batch)
    rows = [torch.equal(a, b) for a, b in zip(found.summary, batch.targets.summary, strict=True)]
    assert sum(rows) < 8
    # summary and tokens stay together, nothing is lost
    order = (found.summary[:, None] == batch.targets.summary[None]).all(2).float().argmax(1)
    assert sorted(order.tolist()) == list(range(64))
    assert torch.equal(found.tokens, batch.targets.tokens[order])


def test_impossible_options_and_a_missing_teacher_are_explained() -> None:
    with pytest.raises(UsageError, match=r"medium_from 0\.7 is not below strong_from 0\.7"):
        method_config("ca_dssl", {"medium_from": "0.7"})
    with pytest.raises(UsageError, match="no teacher"):
        build_method(
            "ca_dssl",
            build_backbone("mobilenet_v2_tiny"),
            method_config("ca_dssl", {}),
            MethodContext(),
        )
