"""Crops of a batch, resized: two batched matrix products.

Resizing is linear and separable, so each view is `rows @ image @ columns`, with a small matrix of
filter weights per image and axis that holds the crop, the flip and the scale. That is exact for
boxes between pixels, filters when shrinking, needs no loop over images, and is deterministic on
every device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tinyssl.augment.options import Geometry

Mode = Literal["bilinear", "bicubic"]

CUBIC = -0.5
"""Slope of the bicubic kernel (Keys 1981); what Pillow, and torch with antialias, use"""
EDGE = 1e-3
"""Boxes reach this far into a pixel, in pixels, before they count as covering it: rounding"""


@dataclass(frozen=True)
class Crops:
    """Which part of each image is seen, and whether it is mirrored."""

    boxes: Tensor
    """(n, 4) float32 on the CPU: top, left, height, width as shares of the side, in [0, 1]"""
    flips: Tensor
    """(n,) bool on the CPU: mirrored left to right, after cropping"""

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, rows: Tensor | slice) -> Crops:
        """The crops of some images: an index tensor or a slice."""
        return Crops(self.boxes[rows], self.flips[rows])


def draw_crops(count: int, geometry: Geometry, generator: torch.Generator | None = None) -> Crops:
    """`count` random crops.

    As torchvision's RandomResizedCrop on square images: area uniform in [crop_min, crop_max],
    aspect log-uniform in [1 / aspect, aspect], place uniform. Where a box of that area and aspect
    does not fit, torchvision draws both again and in the end takes the whole image, which makes
    large areas rarer than small ones; here the aspect is drawn among those that fit, so that areas
    are exactly uniform and nothing falls back.

    Args:
        count: Number of crops; crop i does not depend on it.
        geometry: What to draw from.
        generator: On the CPU; None: torch's global one.
    """
    area_, aspect_, top, left, flip = torch.rand(count, 5, generator=generator).unbind(1)
    area = geometry.crop_min + (geometry.crop_max - geometry.crop_min) * area_
    widest = torch.clamp(-area.log(), max=torch.tensor(geometry.aspect).log())
    aspect = torch.exp((2 * aspect_ - 1) * widest)
    height, width = (area / aspect).sqrt().clamp(max=1), (area * aspect).sqrt().clamp(max=1)
    boxes = torch.stack((top * (1 - height), left * (1 - width), height, width), dim=1)
    return Crops(boxes, flip < geometry.flip)


def crop(images: Tensor, crops: Crops, size: int, mode: Mode = "bilinear") -> Tensor:
    """The crops, resized to `size`, with the pixels' centres at half positions.

    For a box of whole pixels the result is that of cutting it out and `F.interpolate(...,
    antialias=True)`: pixels outside the box are not seen.

    Args:
        images: (n, h, w, 3) uint8, on any device.
        crops: n crops.
        size: Side of the result in pixels.
        mode: Filter.

    Returns:
        (n, 3, size, size) float32 in [0, 1], channels last, on the device of `images`.
    """
    result = crop_planes(planes(images), crops, size, mode)
    return result.contiguous(memory_format=torch.channels_last)


def resize(views: Tensor, size: int, mode: Mode = "bilinear") -> Tensor:
    """Float views (n, 3, h, w) in [0, 1] resized by the same filters as `crop`, channels last."""
    if views.shape[2:] == (size, size):
        return views
    whole = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(len(views), 4)
    crops = Crops(whole, torch.zeros(len(views), dtype=torch.bool))
    result = crop_planes(views.contiguous(), crops, size, mode)
    return result.contiguous(memory_format=torch.channels_last)


def planes(images: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float in [0, 1], each channel contiguous."""
    return images.permute(0, 3, 1, 2).contiguous().to(torch.float32).mul_(1 / 255)


def crop_planes(images: Tensor, crops: Crops, size: int, mode: Mode = "bilinear") -> Tensor:
    """`crop` of float images (n, 3, h, w) with contiguous channels, to the same."""
    height, width = images.shape[2:]
    top, left, tall, wide = crops.boxes.unbind(1)
    rows = resampling(top * height, tall * height, height, size, mode)
    columns = resampling(left * width, wide * width, width, size, mode)
    columns = torch.where(crops.flips[:, None, None], columns.flip(1), columns)
    result = separable(images, rows.to(images.device), columns.to(images.device))
    return result.clamp_(0, 1) if mode == "bicubic" else result


def separable(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """`rows[i] @ images[i, c] @ columns[i].T` for every image and channel.

    Args:
        images: (n, c, h, w) with contiguous channels.
        rows: (n, p, h).
        columns: (n, q, w).

    Returns:
        (n, c, p, q), contiguous.
    """
    count, channels, height, width = images.shape
    with torch.autocast(images.device.type, enabled=False):
        wide = torch.bmm(images.reshape(count, channels * height, width), columns.mT)
        return torch.matmul(rows[:, None], wide.view(count, channels, height, -1))


def resampling(start: Tensor, length: Tensor, side: int, size: int, mode: Mode) -> Tensor:
    """Weights (n, size, side) that resize [start, start + length) of `side` pixels to `size`."""
    scale = (length / size)[:, None, None]
    centres = start[:, None, None] + (torch.arange(size).view(1, size, 1) + 0.5) * scale
    pixels = torch.arange(side).view(1, 1, side)
    distance = (pixels + 0.5 - centres).abs_().div_(scale.clamp(min=1))
    weights = _kernel(distance, mode)
    first = (start + EDGE).floor()[:, None, None]
    last = (start + length - EDGE).ceil()[:, None, None]
    weights.mul_((pixels >= first) & (pixels < last))
    return weights.div_(weights.sum(2, keepdim=True))


def _kernel(distance: Tensor, mode: Mode) -> Tensor:
    """The filter at a distance ≥ 0 in pixels of the coarser side."""
    if mode == "bilinear":
        return (1 - distance).clamp_(min=0)
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance.square() + 1
    far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
