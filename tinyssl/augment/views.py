"""Random views of a batch, made on the device that trains (kornia)."""

from __future__ import annotations

from functools import lru_cache

import kornia.augmentation as K
import torch
from torch import Tensor, nn

from tinyssl.augment.options import ViewOptions, ViewSpec

Views = tuple[Tensor, ...]
"""Views of one batch, each (batch, 3, h, w), float in [0, 1], channels last"""

BLUR_SIGMA = (0.1, 2.0)


def to_float(images: Tensor) -> Tensor:
    """(b, h, w, 3) uint8 to (b, 3, h, w) float in [0, 1], channels last: what backbones are fed."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def make_views(images: Tensor, spec: ViewSpec) -> Views:
    """`spec.count` random views of each image.

    All randomness is drawn from torch's global CPU generator, so equal generator states give equal
    views, on whichever device the images are.

    Args:
        images: (b, h, w, 3) uint8, h = w.
        spec: What to do to them.
    """
    clean = to_float(images)
    views = []
    with torch.no_grad():
        for group in spec.groups:
            transform = _transform(group.options, group.size or images.shape[1])
            views += [transform(clean).clamp(0, 1) for _ in range(group.count)]
    return tuple(view.contiguous(memory_format=torch.channels_last) for view in views)


@lru_cache(maxsize=8)
def _transform(options: ViewOptions, size: int) -> nn.Module:
    """The transforms as one module; a curriculum asks for few different ones."""
    kernel = max(3, size // 10 | 1)  # SimCLR: a tenth of the image, odd
    ratio = (1 / options.aspect, options.aspect)
    return nn.Sequential(
        K.RandomResizedCrop((size, size), (options.crop_min, options.crop_max), ratio),
        K.RandomHorizontalFlip(p=options.flip),
        K.ColorJitter(
            options.brightness,
            options.contrast,
            options.saturation,
            options.hue,
            p=options.jitter,
        ),
        K.RandomGrayscale(p=options.grey),
        K.RandomGaussianBlur((kernel, kernel), BLUR_SIGMA, p=options.blur),
    )
