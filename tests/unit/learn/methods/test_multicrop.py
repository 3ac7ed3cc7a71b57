"""Global and local views (arXiv 2210.02808): weights, order of rows and number of forward passes
with exact numbers, statistics over many samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.augment import SensorViewOptions, ViewOptions, ViewSpec, draw_crops, make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.dino import DINO
from tinyssl.learn.methods.moco_v2 import MoCoV2
from tinyssl.learn.methods.multicrop import (
    MultiCropOptions,
    by_view,
    check_local_size,
    features_by_size,
    mean_of_pairs,
    rebalanced,
)
from tinyssl.learn.methods.swav import SwAV

SSLIGHT: dict[str, Any] = {"crop_min": 0.3, "local_views": 6, "alpha": 0.4}


def method_of(name: str, stem_stride: int = 1, **options: object) -> Method:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride)
    context = MethodContext(image_size=32)
    return build_method(name, backbone, method_config(name, options), context).train()


def batch_for(method: Method, images: int = 4) -> Batch:
    torch.manual_seed(1)
    pixels = torch.randint(0, 256, (images, 32, 32, 3), dtype=torch.uint8)
    return Batch(make_views(pixels, method.views(0.0)))


class Calls:
    """Counts what goes through a module: rows and side of every call."""

    def __init__(self, module: nn.Module) -> None:
        self.seen: list[tuple[int, int]] = []
        module.register_forward_pre_hook(self._note)

    def _note(self, module: nn.Module, given: tuple[Tensor]) -> None:
        self.seen.append((given[0].shape[0], given[0].shape[-1]))


def test_toy_weights_of_the_paper() -> None:
    """Pairs of globals 1.0, pairs with a local 2.0: 13 / 7 by the baseline, 1.6 by SSLight."""
    ones, twos = torch.ones(2), torch.full((2, 6), 2.0)
    neutral = MultiCropOptions(local_views=6).global_weight
    assert neutral == 1 / 7
    assert rebalanced(ones, twos, neutral).item() == pytest.approx(1.857143, abs=1e-6)
    assert rebalanced(ones, twos, MultiCropOptions(**SSLIGHT).global_weight).item() == (
        pytest.approx(1.6)
    )


@pytest.mark.parametrize(
    ("local_views", "weight"), [(0, 1.0), (2, 1 / 3), (6, 1 / 7), (10, 1 / 11)]
)
def test_neutral_weight_gives_the_plain_mean_of_all_pairs(local_views, weight):
    torch.manual_seed(0)
    options = MultiCropOptions(local_views=local_views)
    assert options.global_weight == pytest.approx(weight)
    pairs_global, pairs_local = torch.rand(2), torch.rand(2, local_views)
    plain = torch.cat([pairs_global, pairs_local.flatten()]).mean()
    found = rebalanced(pairs_global, pairs_local, options.global_weight)
    assert found.item() == pytest.approx(plain.item(), abs=1e-6)


def test_toy_weights_of_all_fourteen_pairs() -> None:
    """DINO and SwAV: row i, column j is global view i with view j; i = j is left out."""
    pairs = torch.full((2, 8), 2.0)
    pairs[:, :2] = torch.tensor([[99.0, 1.0], [1.0, 99.0]])
    assert mean_of_pairs(pairs, 1 / 7).item() == pytest.approx(1.857143, abs=1e-6)
    assert mean_of_pairs(pairs, 0.4).item() == pytest.approx(1.6, abs=1e-6)
    torch.manual_seed(0)
    pairs = torch.rand(2, 8)
    plain = (pairs.sum() - pairs[0, 0] - pairs[1, 1]) / 14
    assert mean_of_pairs(pairs, 1 / 7).item() == pytest.approx(plain.item(), abs=1e-6)


def test_without_locals_alpha_does_not_count() -> None:
    assert rebalanced(torch.tensor([3.0, 5.0]), torch.empty(2, 0), 0.4).item() == 4.0


def test_default_is_two_global_views_as_for_the_other_methods() -> None:
    for name in ("dino", "moco_v2", "swav"):
        config = method_config(name, {})
        assert config.views(32) == ViewSpec.of(2, ViewOptions())
        assert method_of(name).views(0.5) == ViewSpec.of(2, ViewOptions())


def test_groups_are_two_globals_then_the_locals() -> None:
    options = MultiCropOptions(**SSLIGHT, flip=0.25, hue=0.05)
    first, second = options.views(224).groups
    assert (first.count, first.size, second.count, second.size) == (2, None, 6, 128)
    assert (first.options.crop_min, first.options.crop_max) == (0.3, 1.0)
    assert (second.options.crop_min, second.options.crop_max) == (0.05, 0.3)
    assert (second.options.flip, second.options.hue) == (0.25, 0.05)


def test_paper_recipe_view_by_view() -> None:
    """Blur 1.0, 0.1 and 0.5, solarisation of the second global view alone, bicubic crops."""
    recipe: dict[str, Any] = {
        "blur": 1.0,
        "blur_second": 0.1,
        "blur_local": 0.5,
        "solarise_second": 0.2,
    }
    options = MultiCropOptions(**SSLIGHT, **recipe, bicubic=True)
    groups = options.views(224).groups
    assert [group.count for group in groups] == [1, 1, 6]
    drawn = [(g.options.blur, g.options.solarise, g.options.bicubic) for g in groups]
    assert drawn == [(1.0, 0.0, True), (0.1, 0.2, True), (0.5, 0.0, True)]
    assert {(g.options.crop_min, g.size) for g in groups} == {(0.3, None), (0.05, 128)}
    assert options.views(224).count == 8


@pytest.mark.parametrize(("image", "side"), [(224, 128), (32, 18), (64, 36), (96, 54), (48, 28)])
def test_local_side_is_four_sevenths(image, side):
    assert MultiCropOptions().side(image) == side
    assert MultiCropOptions(local_size=16).side(image) == 16


def test_areas_of_2000_samples_stay_in_their_ranges() -> None:
    globals_, locals_ = MultiCropOptions(**SSLIGHT).views(32).groups
    torch.manual_seed(0)
    for group, low, high in ((globals_, 0.3, 1.0), (locals_, 0.05, 0.3)):
        boxes = draw_crops(2000, group.options.geometry).boxes.numpy()
        area = boxes[:, 2] * boxes[:, 3]
        inside = np.mean((area >= low - 1e-6) & (area <= high + 1e-6))
        assert inside > 0.99, "a crop that fits nowhere may fall back, in less than 1 %"
        assert abs(area.mean() - (low + high) / 2) < 0.05 * (high - low) + 0.02


def test_rows_are_in_the_order_of_the_views():
    """Each view is a constant image with a number of its own: the features say which came where."""
    tenths = torch.arange(3).view(3, 1, 1, 1) / 10
    views = [torch.full((3, 3, 8, 8), float(v)) + tenths for v in (1, 2)]
    views += [torch.full((3, 3, 4, 4), float(v)) + tenths for v in (3, 4, 5)]

    class Mean(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.mean(dim=(2, 3))

    backbone = Mean()
    calls = Calls(backbone)
    rows = features_by_size(backbone, tuple(views))
    expected = [view + row / 10 for view in (1, 2, 3, 4, 5) for row in range(3)]
    assert rows[:, 0].tolist() == pytest.approx(expected)
    assert calls.seen == [(6, 8), (9, 4)]
    assert by_view(rows, 5)[3, 1, 0].item() == pytest.approx(4.1)


@pytest.mark.parametrize(
    ("options", "student"),
    [
        ({}, [(8, 32)]),
        (SSLIGHT, [(8, 32), (24, 18)]),
        (SSLIGHT | {"local_size": 32}, [(32, 32)]),
    ],
)
def test_dino_calls_the_backbone_once_a_size(options, student):
    method = method_of("dino", **options)
    assert isinstance(method, DINO)
    backbone, head, teacher = (
        Calls(m) for m in (method.backbone, method.head.layers, method.teacher)
    )
    method.loss(batch_for(method))
    assert backbone.seen == student
    assert [rows for rows, _ in head.seen] == [sum(rows for rows, _ in student)]
    assert teacher.seen == [(8, 32)]  # 2 B: only the global views


def test_swav_calls_backbone_and_head_once() -> None:
    """8 B rows through the head, and no other network: codes come from the same pass."""
    method = method_of("swav", **SSLIGHT)
    assert isinstance(method, SwAV)
    backbone, head = Calls(method.backbone), Calls(method.head)
    method.loss(batch_for(method))
    assert backbone.seen == [(8, 32), (24, 18)]
    assert [rows for rows, _ in head.seen] == [32]


@pytest.mark.parametrize(("options", "query"), [({}, [(4, 32)]), (SSLIGHT, [(4, 32), (24, 18)])])
def test_moco_keys_are_the_first_view_only(options, query):
    method = method_of("moco_v2", **options)
    assert isinstance(method, MoCoV2)
    backbone, keys = Calls(method.backbone), Calls(method.key_encoder)
    method.loss(batch_for(method))
    assert backbone.seen == query
    assert keys.seen == [(4, 32)]


@pytest.mark.parametrize("name", ["dino", "moco_v2", "swav"])
def test_every_local_view_changes_the_loss(name):
    method = method_of(name, local_views=2)
    batch = batch_for(method)
    before = method.loss(batch).total.item()
    for local in (2, 3):
        views = list(batch.views)
        views[local] = views[local].flip(0)
        fresh = method_of(name, local_views=2)
        assert abs(fresh.loss(Batch(tuple(views))).total.item() - before) > 1e-4


def test_local_views_may_be_16_px_at_stem_stride_1() -> None:
    for name in ("dino", "moco_v2", "swav"):
        method = method_of(name, local_views=2, local_size=16)
        method.loss(batch_for(method)).total.backward()
        assert all(p.grad is not None for p in method.backbone.parameters())


@pytest.mark.parametrize(("stem_stride", "smallest"), [(1, 9), (2, 17)])
def test_too_small_local_views_are_refused(stem_stride, smallest):
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride).train()
    check_local_size(backbone, MultiCropOptions(local_views=2, local_size=smallest), 32)
    state = {name: value.clone() for name, value in backbone.state_dict().items()}
    too_small = MultiCropOptions(local_views=2, local_size=smallest - 1)
    with pytest.raises(
        UsageError, match=f"local views of {smallest - 1} px are too small"
    ) as caught:
        check_local_size(backbone, too_small, 32)
    assert "--stem-stride 1" in caught.value.hint
    assert backbone.training
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, state[name]), "the trial must leave no trace"
    check_local_size(backbone, MultiCropOptions(local_size=smallest - 1), 32)  # no local views


def test_local_views_are_of_images() -> None:
    config = method_config("dino", {"local_views": 2}, "sensor")
    context = MethodContext(views=SensorViewOptions())
    backbone = build_backbone("mobilenet_v2_tiny")
    with pytest.raises(UsageError, match="local_views=2: only images have local views"):
        build_method("dino", backbone, config, context)


def test_other_options_that_cannot_be_right() -> None:
    with pytest.raises(UsageError, match="local views of 40 px are larger than the images of 32"):
        method_of("dino", local_views=2, local_size=40)
    for options, message in (
        ({"local_crop_min": 0.4, "local_crop_max": 0.3}, "local_crop_min 0.4 is above"),
        ({"crop_min": 0.9, "crop_max": 0.5}, "crop_min 0.9 is above"),
        ({"alpha": 1.5}, "alpha=1.5"),
    ):
        with pytest.raises(UsageError) as caught:
            method_config("moco_v2", options)
        assert message in caught.value.message
