"""Colour jitter, grey and blur of a batch, each on the images that were drawn for it only.

The steps of the jitter are those of torchvision's ColorJitter (which SimCLR's reference code
agrees with), each followed by a clamp to [0, 1]; their order is drawn once a call.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tinyssl.augment.options import ViewOptions
from tinyssl.augment.resample import separable

BLUR_SIGMA = (0.1, 2.0)
"""Range of the blur's sigma in pixels"""
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601 weights of red, green and blue"""


def recolour(views: Tensor, options: ViewOptions) -> Tensor:
    """Jitter, grey and blur, each with its probability; crop and flip are not touched.

    Randomness comes from torch's global CPU generator, whatever the device, and always the same
    amount of it.

    Args:
        views: (n, 3, h, w) float in [0, 1], on any device; left as they are.
        options: What to do.

    Returns:
        Of the same shape, in [0, 1], channels last.
    """
    result = recolour_planes(views.clone(memory_format=torch.contiguous_format), options)
    return result.contiguous(memory_format=torch.channels_last)


def recolour_planes(views: Tensor, options: ViewOptions) -> Tensor:
    """`recolour` in place, of views with contiguous channels."""
    count = len(views)
    factors, order = torch.rand(count, 4), torch.randperm(4).tolist()
    jitter, grey, blur, sigma = torch.rand(4, count).unbind(0)

    def apply(drawn: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        rows = drawn.nonzero().flatten()
        if len(rows) == 0:
            return
        there = rows.to(views.device)
        views.index_copy_(0, there, change(views.index_select(0, there), rows))

    apply(jitter < options.jitter, lambda chosen, i: _jitter(chosen, factors[i], order, options))
    apply(grey < options.grey, lambda chosen, i: _luma(chosen).expand_as(chosen))
    low, high = BLUR_SIGMA
    apply(blur < options.blur, lambda chosen, i: _blur(chosen, low + (high - low) * sigma[i]))
    return views


def _jitter(views: Tensor, uniform: Tensor, order: list[int], options: ViewOptions) -> Tensor:
    """All four steps, in place; `uniform` (n, 4) in [0, 1) says how much of each."""
    steps = (
        (_brightness, options.brightness),
        (_contrast, options.contrast),
        (_saturation, options.saturation),
        (_hue, options.hue),
    )
    for index in order:
        change, strength = steps[index]
        if strength > 0:
            amount = (2 * uniform[:, index] - 1) * strength
            views = change(views, amount.view(-1, 1, 1, 1).to(views.device))
    return views


def _luma(views: Tensor) -> Tensor:
    """(n, 1, h, w) brightness as seen by the eye."""
    red, green, blue = views[:, :1], views[:, 1:2], views[:, 2:]
    return (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])


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
    return views.mul_(factor).add_(_luma(views).mul_(1 - factor)).clamp_(0, 1)


def _hue(views: Tensor, amount: Tensor) -> Tensor:
    """Turns the hue by `amount` of the circle: through HSV, which is never stored.

    With v the largest channel, c the chroma and hue in sixths, channel n of (5, 3, 1) is
    v - c max(0, min(k, 4 - k, 1)), k = (n + hue) mod 6.
    """
    red, green, blue = views[:, :1], views[:, 1:2], views[:, 2:]
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    scale = chroma.clamp(min=1e-6).reciprocal_()
    hue = torch.where(
        value == red,
        (green - blue).mul_(scale),
        torch.where(
            value == green, (blue - red).mul_(scale).add_(2), (red - green).mul_(scale).add_(4)
        ),
    ).add_(6 * amount)
    result = torch.empty_like(views)
    for channel, offset in enumerate((5, 3, 1)):
        turned = (hue + offset).remainder_(6)
        turned = torch.minimum(turned, 4 - turned).clamp_(0, 1)
        torch.addcmul(value, chroma, turned, value=-1, out=result[:, channel : channel + 1])
    return result


def _blur(views: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian over a tenth of the side (SimCLR), cut off and renormalised at the borders."""
    height, width = views.shape[2:]
    rows, columns = _gaussian(height, sigma), _gaussian(width, sigma)
    return separable(views, rows.to(views.device), columns.to(views.device))


def _gaussian(side: int, sigma: Tensor) -> Tensor:
    """(n, side, side): each row a normalised Gaussian around its own pixel."""
    radius = max(3, side // 10 | 1) // 2
    places = torch.arange(side, dtype=torch.float32)
    distance = places[:, None] - places[None, :]
    weights = torch.exp(distance.square() / (-2 * sigma.square()).view(-1, 1, 1))
    weights.mul_(distance.abs() <= radius)
    return weights.div_(weights.sum(2, keepdim=True))
