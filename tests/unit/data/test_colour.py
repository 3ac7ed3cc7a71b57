"""Colours: each step against kornia's, and each image for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor

from tinyssl.data.augment import ViewOptions, recolour
from tinyssl.data.augment import colour as ours

NOTHING: dict[str, Any] = {"jitter": 0.0, "grey": 0.0, "blur": 0.0}


def views(count: int = 12, size: int = 16) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    result = torch.rand(count, 3, size, size, generator=generator)
    result[0, :, :4] = 0.25  # grey: no hue
    result[0, :, 4:8] = 0.0
    result[0, 1, 8:] = result[0, 0, 8:]  # two channels alike
    return result.contiguous(memory_format=torch.channels_last)


def run(step, amount: Tensor) -> Tensor:
    lines = views().permute(0, 2, 1, 3).contiguous()
    return step(lines, amount.view(-1, 1, 1, 1)).permute(0, 2, 1, 3)


@pytest.mark.parametrize(
    ("step", "theirs", "shift"),
    [
        (ours._brightness, "adjust_brightness_accumulative", 1.0),
        (ours._contrast, "adjust_contrast_with_mean_subtraction", 1.0),
        (ours._saturation, "adjust_saturation_with_gray_subtraction", 1.0),
        (ours._hue, "adjust_hue", 0.0),
    ],
)
def test_steps_are_kornias(step, theirs, shift):
    enhance = pytest.importorskip("kornia.enhance", reason="kornia is the reference")
    amount = torch.linspace(-0.5, 0.5, 12)
    turn = 2 * torch.pi if theirs == "adjust_hue" else 1.0  # theirs is in radians
    wanted = getattr(enhance, theirs)(views(), (shift + amount) * turn)
    assert torch.allclose(run(step, amount), wanted.clamp(0, 1), atol=2e-3)


def test_hue_by_thirds_permutes_the_channels() -> None:
    got = run(ours._hue, torch.full((12,), 1 / 3))
    assert torch.allclose(got, views()[:, [2, 0, 1]], atol=1e-5)


def test_grey_is_luma() -> None:
    given = views()
    got = recolour(given, ViewOptions(**NOTHING | {"grey": 1.0}))
    luma = 0.299 * given[:, 0] + 0.587 * given[:, 1] + 0.114 * given[:, 2]
    assert torch.allclose(got, luma[:, None].expand_as(got), atol=1e-6)


def test_blur_is_a_gaussian() -> None:
    """An impulse far from the borders becomes the outer product of two normalised Gaussians."""
    size, sigma = 40, torch.tensor([0.3, 1.0, 2.0])
    impulse = torch.zeros(3, size, 3, size)
    impulse[:, 20, :, 20] = 1
    got = ours._blur(impulse, sigma)
    offset = torch.arange(-2, 3.0)  # a tenth of 40 pixels, odd: 5
    for index in range(3):
        line = torch.exp(-offset.square() / (2 * sigma[index] ** 2))
        line /= line.sum()
        wanted = torch.outer(line, line)
        assert torch.allclose(got[index, 18:23, 0, 18:23], wanted, atol=1e-6)
        assert got[index].sum().item() == pytest.approx(3, abs=1e-4)


def test_blur_of_a_constant_is_the_constant() -> None:
    flat = torch.full((2, 16, 3, 16), 0.3)
    assert torch.allclose(ours._blur(flat, torch.tensor([0.5, 2.0])), flat)


@pytest.mark.parametrize("kind", ["jitter", "grey", "blur", "solarise"])
def test_probability_is_per_image(kind):
    given = views(400)
    torch.manual_seed(0)
    got = recolour(given, ViewOptions(**NOTHING | {kind: 0.3}))
    changed = (got - given).abs().amax((1, 2, 3)) > 1e-6
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.08)


def test_solarise_is_pillows() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(16, 16, 1).expand(16, 16, 3)
    given = pixels.permute(2, 0, 1)[None].float() / 255
    got = recolour(given, ViewOptions(**NOTHING | {"solarise": 1.0}))
    theirs = np.asarray(ImageOps.solarize(Image.fromarray(pixels.numpy())))
    assert np.array_equal((got[0] * 255).round().permute(1, 2, 0).numpy(), theirs)


def test_solarise_changes_no_other_draw() -> None:
    """Blur, jitter and grey are those of a view without it."""
    plain, solarised = (ViewOptions(jitter=1.0, blur=1.0, solarise=p) for p in (0.0, 1.0))
    torch.manual_seed(0)
    expected = recolour(views(), plain)
    torch.manual_seed(0)
    got = recolour(views(), solarised)
    assert torch.equal(got, torch.where(expected >= 0.5, 1 - expected, expected))


def test_amounts_are_per_image() -> None:
    """The same image twice in a batch is not the same view."""
    given = views(1).expand(6, -1, -1, -1)
    got = recolour(given, ViewOptions(jitter=1.0, grey=0.0, blur=0.0))
    for other in got[1:]:
        assert not torch.allclose(got[0], other, atol=1e-3)


def test_nothing_to_do_and_input_kept() -> None:
    given = views()
    kept = given.clone()
    assert torch.equal(recolour(given, ViewOptions(**NOTHING)), given)
    recolour(given, ViewOptions(jitter=1.0, grey=0.5, blur=1.0))
    assert torch.equal(given, kept)


def test_in_range_and_channels_last() -> None:
    got = recolour(views(), ViewOptions(jitter=1.0, brightness=2.0, contrast=2.0, hue=0.5))
    assert got.min() >= 0
    assert got.max() <= 1
    assert got.is_contiguous(memory_format=torch.channels_last)


def test_always_the_same_amount_of_randomness() -> None:
    """What is drawn after it does not depend on the strengths."""
    left = []
    for options in (ViewOptions(), ViewOptions(**NOTHING), ViewOptions(jitter=1.0, hue=0.0)):
        torch.manual_seed(0)
        recolour(views(), options)
        left.append(torch.rand(1).item())
    assert len(set(left)) == 1
