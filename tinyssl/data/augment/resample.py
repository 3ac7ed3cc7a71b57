"""Crops of a batch, resized: two batched matrix products.

Resizing is linear and separable, so each view is `rows @ image @ columns`, with a small matrix of
filter weights per image and axis that holds the crop, the flip and the scale. That is exact for
boxes between pixels, filters when shrinking, needs no loop over images, and is deterministic on
every device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import Tensor

from tinyssl.data.augment.options import Geometry

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


Drawn = TypeVar("Drawn", Tensor, Crops)


@dataclass(frozen=True)
class Rows:
    """A batch as a part of a larger one: one process's share of what all draw alike."""

    start: int
    stop: int
    total: int
    """Rows of the larger batch"""

    def of(self, drawn: Drawn) -> Drawn:
        """What was drawn for the larger batch, for these rows."""
        return drawn[self.start : self.stop]


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
    return from_lines(crop_lines(to_lines(images), crops, size, mode))


def resize(views: Tensor, size: int, mode: Mode = "bilinear") -> Tensor:
    """Float views (n, 3, h, w) in [0, 1] resized by the same filters as `crop`, channels last."""
    if views.shape[2:] == (size, size):
        return views
    whole = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(len(views), 4)
    crops = Crops(whole, torch.zeros(len(views), dtype=torch.bool))
    return from_lines(crop_lines(views.permute(0, 2, 1, 3).contiguous(), crops, size, mode))


def to_device(drawn: Tensor, device: torch.device) -> Tensor:
    """A small CPU tensor on `device`, without waiting for what the device is still doing."""
    return drawn.to(device, non_blocking=device.type == "cuda")


def to_lines(images: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 to (n, h, 3, w) float in [0, 1].

    In this layout both matrix products of a crop are plain ones, and a channel is a slice whose
    rows are contiguous: it is what all transforms work on.
    """
    return images.permute(0, 1, 3, 2).contiguous().to(torch.float32).mul_(1 / 255)


def from_lines(lines: Tensor) -> Tensor:
    """(n, h, 3, w) to (n, 3, h, w), channels last."""
    return lines.permute(0, 2, 1, 3).contiguous(memory_format=torch.channels_last)


def crop_lines(lines: Tensor, crops: Crops, size: int, mode: Mode = "bilinear") -> Tensor:
    """`crop` of (n, h, 3, w) to (n, size, 3, size)."""
    height, width = lines.shape[1], lines.shape[3]
    boxes, flips = to_device(crops.boxes, lines.device), to_device(crops.flips, lines.device)
    top, left, tall, wide = boxes.unbind(1)
    rows = _weights(top * height, tall * height, height, size, mode)
    # A mirrored crop starts at its right end and has a negative length.
    start = torch.where(flips, left + wide, left) * width
    length = torch.where(flips, -wide, wide) * width
    columns = _weights(start, length, width, size, mode)
    result = separable(lines, rows, columns)
    return result.clamp_(0, 1) if mode == "bicubic" else result


def separable(lines: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """`rows[i] @ image @ columns[i].T` for every image i and channel.

    Args:
        lines: (n, h, c, w).
        rows: (n, p, h).
        columns: (n, q, w).

    Returns:
        (n, p, c, q).
    """
    count, height, channels, width = lines.shape
    with torch.autocast(lines.device.type, enabled=False):
        across = torch.bmm(lines.view(count, height * channels, width), columns.mT)
        down = torch.bmm(rows, across.view(count, height, -1))
    return down.view(count, rows.shape[1], channels, columns.shape[1])


def _weights(start: Tensor, length: Tensor, side: int, size: int, mode: Mode) -> Tensor:
    """Weights (n, size, side) that resize `length` pixels from `start` on, of `side`, to `size`."""
    scale = (length / size)[:, None, None]
    centres = start[:, None, None] + (_arange(size, start).view(1, size, 1) + 0.5) * scale
    pixels = _arange(side, start).view(1, 1, side)
    distance = (pixels + 0.5 - centres).abs_().div_(scale.abs().clamp(min=1))
    weights = _kernel(distance, mode)
    end = start + length
    first = (torch.minimum(start, end) + EDGE).floor()[:, None, None]
    last = (torch.maximum(start, end) - EDGE).ceil()[:, None, None]
    weights.mul_((pixels >= first) & (pixels < last))
    return weights.div_(weights.sum(2, keepdim=True))


def _arange(count: int, like: Tensor) -> Tensor:
    return torch.arange(count, dtype=like.dtype, device=like.device)


def _kernel(distance: Tensor, mode: Mode) -> Tensor:
    """The filter at a distance ≥ 0 in pixels of the coarser side."""
    if mode == "bilinear":
        return (1 - distance).clamp_(min=0)
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance.square() + 1
    far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
