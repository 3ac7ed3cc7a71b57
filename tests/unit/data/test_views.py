"""Views: what each option does to real pixels, and that the generator's state decides all."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tinyssl.data.augment import ViewOptions, ViewSpec, crop, draw_crops, make_views, to_float

OFF: dict[str, Any] = {
    "crop_min": 1.0,
    "aspect": 1.0,
    "flip": 0.0,
    "jitter": 0.0,
    "grey": 0.0,
    "blur": 0.0,
}
"""Options that leave an image as it is"""
CROP: dict[str, Any] = {"crop_min": 0.25, "crop_max": 0.25}


def images(count: int = 8, size: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 256, (count, 3, 4, 4), generator=generator).float()
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    return smooth.permute(0, 2, 3, 1).to(torch.uint8).contiguous()


def views(given: torch.Tensor, seed: int = 0, count: int = 1, **options: Any) -> torch.Tensor:
    torch.manual_seed(seed)
    spec = ViewSpec.of(count, ViewOptions(**(OFF | options)))
    return torch.stack(make_views(given, spec))


def test_to_float() -> None:
    given = images()
    result = to_float(given)
    assert result.shape == (8, 3, 32, 32)
    assert torch.equal((result * 255).round().to(torch.uint8).permute(0, 2, 3, 1), given)


def test_shape_range_and_layout() -> None:
    given = images()
    for view in make_views(given, ViewSpec.of(3, ViewOptions())):
        assert view.shape == (8, 3, 32, 32)
        assert view.min() >= 0
        assert view.max() <= 1
        assert view.is_contiguous(memory_format=torch.channels_last)


def test_everything_off_is_the_image() -> None:
    assert torch.allclose(views(images())[0], to_float(images()), atol=1e-5)


def test_generator_state_decides_all() -> None:
    strong = {"crop_min": 0.2, "flip": 0.5, "jitter": 0.8, "grey": 0.2, "blur": 0.5}
    first = views(images(), seed=1, count=2, **strong)
    assert torch.equal(first, views(images(), seed=1, count=2, **strong))
    assert not torch.equal(first, views(images(), seed=2, count=2, **strong))
    assert not torch.equal(first[0], first[1])


def test_images_of_a_batch_get_different_transforms() -> None:
    same = images(1).expand(8, -1, -1, -1)
    result = views(same, crop_min=0.2)[0]
    assert len({tuple(view.flatten().tolist()) for view in result}) == 8


def test_flip() -> None:
    given = images()
    assert torch.allclose(views(given, flip=1.0)[0], to_float(given).flip(3), atol=1e-5)


def test_grey_makes_channels_equal() -> None:
    result = views(images(), grey=1.0)[0]
    assert torch.allclose(result[:, 0], result[:, 2])


def test_blur_removes_detail() -> None:
    noise = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    sharp, blurred = views(noise)[0], views(noise, blur=1.0)[0]
    assert blurred.std() < 0.95 * sharp.std()


def test_jitter_keeps_positions() -> None:
    grey = torch.full((64, 32, 32, 3), 128, dtype=torch.uint8)
    result = views(grey, jitter=1.0, brightness=0.4, contrast=0.0, saturation=0.0, hue=0.0)[0]
    assert torch.allclose(result.amax((1, 2, 3)), result.amin((1, 2, 3)), atol=1e-5)
    factors = result.mean((1, 2, 3)) / (128 / 255)
    assert factors.min() >= 0.6 - 1e-5
    assert factors.max() <= 1.4 + 1e-5
    assert factors.std() > 0.1


@pytest.mark.parametrize("smallest", [0.2, 0.6])
def test_crop_areas(smallest):
    """A ramp's slope in the view tells how large the crop was."""
    ramp = torch.arange(64, dtype=torch.uint8).mul(4).view(1, 1, 64, 1).expand(256, 64, 64, 3)
    result = views(ramp, crop_min=smallest, crop_max=1.0)[0][:, 0]
    width = (result[:, 32, -1] - result[:, 32, 0]) * 255 / 4 / 63
    height_is_width = width.square()  # aspect 1
    assert height_is_width.min() > smallest * 0.85
    assert height_is_width.max() < 1.05
    assert height_is_width.mean() == pytest.approx((1 + smallest) / 2, abs=0.06)


def test_bicubic_crops() -> None:
    given = images()
    found = {}
    for bicubic in (False, True):
        found[bicubic] = views(given, **CROP, bicubic=bicubic)[0]
        torch.manual_seed(0)
        crops = draw_crops(len(given), ViewOptions(**OFF | CROP).geometry)
        expected = crop(given, crops, 32, mode="bicubic" if bicubic else "bilinear")
        assert torch.allclose(found[bicubic], expected)
    assert (found[False] - found[True]).abs().max() > 0.005
