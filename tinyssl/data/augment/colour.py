"""Colour jitter, grey, blur and solarisation of a batch, each on the images drawn for it only.

The steps of the jitter are those of torchvision's ColorJitter (which SimCLR's reference code
agrees with), each followed by a clamp to [0, 1]; their order is drawn once a call.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tinyssl.data.augment.options import ViewOptions
from tinyssl.data.augment.resample import Rows, from_lines, separable, to_device

BLUR_SIGMA = (0.1, 2.0)
"""Range of the blur's sigma in pixels"""
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601 weights of red, green and blue"""


def recolour(views: Tensor, options: ViewOptions) -> Tensor:
    """Jitter, grey, blur and solarisation, each with its probability; crop and flip stay.

    Randomness comes from torch's global CPU generator, whatever the device, and equal options
    always draw the same amount of it.

    Args:
        views: (n, 3, h, w) float in [0, 1], on any device; left as they are.
        options: What to do.

    Returns:
        Of the same shape, in [0, 1], channels last.
    """
    lines = views.permute(0, 2, 1, 3).clone(memory_format=torch.contiguous_format)
    return from_lines(recolour_lines(lines, options))


def recolour_lines(views: Tensor, options: ViewOptions, rows: Rows | None = None) -> Tensor:
    """`recolour` of (n, h, 3, w), in place."""
    own = rows or Rows(0, len(views), len(views))
    factors, order = own.of(torch.rand(own.total, 4)), torch.randperm(4).tolist()
    jitter, grey, blur, sigma = own.of(torch.rand(4, own.total).T).unbind(1)

    def apply(drawn: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        rows = drawn.nonzero().flatten()
        if len(rows) == 0:
            return
        there = to_device(rows, views.device)
        views.index_copy_(0, there, change(views.index_select(0, there), rows))

    apply(jitter < options.jitter, lambda chosen, i: _jitter(chosen, factors[i], order, options))
    apply(grey < options.grey, lambda chosen, i: _luma(chosen).expand_as(chosen))
    low, high = BLUR_SIGMA
    apply(blur < options.blur, lambda chosen, i: _blur(chosen, low + (high - low) * sigma[i]))
    if options.solarise:  # drawn only then: views without it stay what they were before it came
        apply(own.of(torch.rand(own.total)) < options.solarise, lambda chosen, i: _solarise(chosen))
    return views


def _jitter(views: Tensor, uniform: Tensor, order: list[int], options: ViewOptions) -> Tensor:
    """All four steps, in place; `uniform` (n, 4) in [0, 1) says how much of each."""
    steps = (
        (_brightness, options.brightness),
        (_contrast, options.contrast),
        (_saturation, options.saturation),
        (_hue, options.hue),
    )
    amounts = to_device(2 * uniform - 1, views.device)
    for index in order:
        change, strength = steps[index]
        if strength > 0:
            views = change(views, amounts[:, index].view(-1, 1, 1, 1) * strength)
    return views


def _luma(views: Tensor) -> Tensor:
    """(n, h, 1, w) brightness as seen by the eye."""
    red, green, blue = views.unbind(2)
    luma = (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])
    return luma.unsqueeze(2)


def _brightness(views: Tensor, amount: Tensor) -> Tensor:
    return views.mul_((1 + amount).clamp_(min=0)).clamp_(0, 1)


def _contrast(views: Tensor, amount: Tensor) -> Tensor:
    """Away from or towards the image's mean brightness."""
    mean = _luma(views).mean((1, 2, 3), keepdim=True)
    factor = (1 + amount).clamp_(min=0)
    return views.mul_(factor).add_(mean.mul_(1 - factor)).clamp_(0, 1)


def _saturation(views: Tensor, amount: Tensor) -> Tensor:
    """Away from or towards grey."""
    factor = (1 + amount).clamp_(min=0)
    grey = _luma(views).mul_(1 - factor)  # before `views` changes
    return views.mul_(factor).add_(grey).clamp_(0, 1)


def _hue(views: Tensor, amount: Tensor) -> Tensor:
    """Turns the hue by `amount` of the circle: through HSV, of which only the hue is stored.

    With the hue h in [0, 6), the channels are low + chroma * clamp(x, 0, 1), where x is
    |h - 3| - 1 for red, 2 - |h - 2| for green and 2 - |h - 4| for blue.
    """
    red, green, blue = views.unbind(2)
    low, high = views.amin(2), views.amax(2)
    chroma = high - low
    scale = chroma.clamp(min=1e-6).reciprocal_()
    sixths = torch.where(
        red == high,
        (green - blue).mul_(scale),
        torch.where(
            green == high, (blue - red).mul_(scale).add_(2), (red - green).mul_(scale).add_(4)
        ),
    ).add_(6 * amount.squeeze(2))
    sixths.sub_((sixths / 6).floor_(), alpha=6)
    result = torch.empty_like(views)
    for channel, (place, sign) in enumerate(((3, 1), (2, -1), (4, -1))):
        part = (sixths - place).abs_().mul_(sign).sub_(1 if sign > 0 else -2).clamp_(0, 1)
        torch.addcmul(low, chroma, part, out=result[:, :, channel])
    return result


def _solarise(views: Tensor) -> Tensor:
    """Inverts values from a half on: Pillow's `ImageOps.solarize`, whose threshold is 128."""
    return torch.where(views >= 0.5, 1 - views, views)


def _blur(views: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian over a tenth of the side (SimCLR), cut off and renormalised at the borders."""
    height, width = views.shape[1], views.shape[3]
    sigma = to_device(sigma, views.device)
    return separable(views, _gaussian(height, sigma), _gaussian(width, sigma))


def _gaussian(side: int, sigma: Tensor) -> Tensor:
    """(n, side, side): each row a normalised Gaussian around its own pixel."""
    radius = max(3, side // 10 | 1) // 2
    places = torch.arange(side, dtype=sigma.dtype, device=sigma.device)
    distance = places[:, None] - places[None, :]
    weights = torch.exp(distance.square() / (-2 * sigma.square()).view(-1, 1, 1))
    weights.mul_(distance.abs() <= radius)
    return weights.div_(weights.sum(2, keepdim=True))
