"""Crops: exact against cutting out and resizing, their statistics, and views of several sizes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tinyssl.data.augment import (
    Crops,
    Geometry,
    Rows,
    ViewGroup,
    ViewOptions,
    ViewSpec,
    crop,
    draw_crops,
    make_views,
    to_float,
)
from tinyssl.data.augment.resample import resize

SIDE = 32
BOXES = [(0, 0, 32, 32), (4, 8, 16, 16), (0, 3, 20, 10), (21, 0, 11, 32), (5, 6, 7, 9)]
"""Top, left, height, width in whole pixels"""
STAGES = [(0.6, 1.0), (0.4, 1.0), (0.2, 1.0)]
"""Crop areas of the progressive curriculum"""
PLAIN = ViewOptions(jitter=0, grey=0, blur=0)


def noise(count: int = len(BOXES), seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


def whole_pixels(flips: bool) -> Crops:
    boxes = torch.tensor(BOXES, dtype=torch.float32) / SIDE
    return Crops(boxes, torch.full((len(BOXES),), flips))


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("size", [8, 32, 75])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_equals_cutting_out_and_resizing(mode, size, flips):
    images = noise()
    got = crop(images, whole_pixels(flips), size, mode)
    assert got.shape == (len(BOXES), 3, size, size)
    assert got.is_contiguous(memory_format=torch.channels_last)
    for index, (top, left, height, width) in enumerate(BOXES):
        cut = to_float(images[index : index + 1])[..., top : top + height, left : left + width]
        wanted = F.interpolate(cut, size=(size, size), mode=mode, antialias=True).clamp(0, 1)
        wanted = wanted.flip(3) if flips else wanted
        assert torch.allclose(got[index], wanted[0], atol=2e-6)


def test_centres_of_pixels_on_a_ramp() -> None:
    """A box between pixels: the view of a ramp is the same ramp, read at the new centres."""
    ramp = torch.arange(SIDE, dtype=torch.uint8).mul(8).view(1, 1, SIDE, 1)
    images = ramp.expand(1, SIDE, SIDE, 3).contiguous()
    left, width, size = 7.3, 11.7, 20
    box = torch.tensor([[0.2, left / SIDE, 0.5, width / SIDE]])
    got = crop(images, Crops(box, torch.tensor([False])), size)[0, 0] * 255 / 8
    centres = left + (torch.arange(size) + 0.5) * width / size - 0.5
    wanted = centres.clamp(7, 18)  # pixels 7 … 18 are in the box, at least in part
    assert torch.allclose(got, wanted.expand(size, size), atol=1e-4)


def test_shrinking_does_not_alias() -> None:
    """Stripes of one pixel become even grey, where every second pixel would stay black."""
    stripes = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    stripes[:, :, ::2] = 255
    whole = Crops(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([False]))
    inner = crop(stripes, whole, 8)[..., 1:-1]
    assert torch.allclose(inner, torch.tensor(0.5), atol=0.01)


def test_resize_of_floats() -> None:
    views = torch.rand(3, 3, 20, 20)
    wanted = F.interpolate(views, size=(30, 30), mode="bicubic", antialias=True).clamp(0, 1)
    assert torch.allclose(resize(views, 30, "bicubic"), wanted, atol=2e-6)
    assert resize(views, 20) is views


@pytest.mark.parametrize(("low", "high"), [*STAGES, (0.3, 1.0), (0.05, 0.3)])
def test_statistics(low, high):
    """2,000 crops of each stage, and of the global and local views of SSLight's sampler."""
    generator = torch.Generator().manual_seed(0)
    crops = draw_crops(2000, Geometry(low, high, 4 / 3, 0.5), generator)
    top, left, height, width = crops.boxes.unbind(1)
    area, aspect = height * width, width / height
    assert area.min() >= low - 1e-5
    assert area.max() <= high + 1e-5
    spread = (high - low) / 12**0.5  # of the uniform distribution
    assert area.mean().item() == pytest.approx((low + high) / 2, abs=4 * spread / 2000**0.5)
    assert area.std().item() == pytest.approx(spread, rel=0.06)
    assert aspect.min() >= 3 / 4 - 1e-4
    assert aspect.max() <= 4 / 3 + 1e-4
    assert aspect.log().mean().abs() < 0.02
    assert min(top.min(), left.min()) >= 0
    assert (top + height).max() <= 1 + 1e-6
    assert (left + width).max() <= 1 + 1e-6
    assert crops.flips.float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_mean_area_falls_over_the_curriculum() -> None:
    means = [draw_crops(2000, Geometry(*stage)).boxes[:, 2:].prod(1).mean() for stage in STAGES]
    assert means[0] > means[1] > means[2]


def test_aspect_is_log_uniform_where_all_of_them_fit() -> None:
    generator = torch.Generator().manual_seed(1)
    boxes = draw_crops(4000, Geometry(0.1, 0.3, 2.0, 0.0), generator).boxes
    place = (boxes[:, 3] / boxes[:, 2]).log2()  # uniform in [-1, 1]
    quarters = torch.histc(place, bins=4, min=-1, max=1) / 4000
    assert torch.allclose(quarters, torch.tensor(0.25), atol=0.03)


def test_whole_images() -> None:
    crops = draw_crops(100, Geometry(1.0, 1.0, 2.0, 0.0))
    assert torch.allclose(crops.boxes, torch.tensor([0.0, 0.0, 1.0, 1.0]))
    assert not crops.flips.any()


def test_a_crop_does_not_depend_on_how_many_are_drawn() -> None:
    few = draw_crops(10, Geometry(), torch.Generator().manual_seed(5))
    many = draw_crops(1000, Geometry(), torch.Generator().manual_seed(5))
    assert torch.equal(few.boxes, many.boxes[:10])
    assert torch.equal(few.flips, many[:10].flips)


def test_first_view_is_as_told() -> None:
    images, crops = noise(), whole_pixels(flips=True)
    first, second = make_views(images, ViewSpec.of(2, PLAIN), crops)
    assert torch.equal(first, crop(images, crops, SIDE))
    assert not torch.allclose(second, first)


def test_first_crops_change_no_other_view() -> None:
    images, spec = noise(), ViewSpec.of(3, ViewOptions())
    torch.manual_seed(4)
    drawn = make_views(images, spec)
    torch.manual_seed(4)
    told = make_views(images, spec, whole_pixels(flips=False))
    assert not torch.equal(drawn[0], told[0])
    assert torch.equal(drawn[1], told[1])
    assert torch.equal(drawn[2], told[2])


def test_groups_have_their_own_size_and_options() -> None:
    large = ViewGroup(2, ViewOptions(crop_min=0.3, jitter=0, blur=0, grey=0))
    small = ViewGroup(3, ViewOptions(crop_min=0.05, crop_max=0.3, jitter=0, blur=0, grey=1), 18)
    views = make_views(noise(), ViewSpec((large, small)))
    assert [view.shape[2] for view in views] == [32, 32, 18, 18, 18]
    for index, view in enumerate(views):
        assert view.is_contiguous(memory_format=torch.channels_last)
        assert torch.allclose(view[:, 0], view[:, 2]) == (index >= 2)


def test_parts_of_a_batch_have_the_views_of_the_whole() -> None:
    """Several processes make the views of one large batch, each of its own images."""
    images, spec = noise(12), ViewSpec.of(2, ViewOptions(grey=0.3, blur=0.5))
    torch.manual_seed(6)
    whole = make_views(images, spec)
    for start, stop in ((0, 5), (5, 12)):
        torch.manual_seed(6)
        part = make_views(images[start:stop], spec, rows=Rows(start, stop, 12))
        for view, wanted in zip(part, whole, strict=True):
            assert torch.allclose(view, wanted[start:stop], atol=1e-6)
