"""Random views of a batch, made on the device that trains, without a loop over images."""

from __future__ import annotations

import torch
from torch import Tensor

from tinyssl.data.augment.colour import recolour_lines
from tinyssl.data.augment.options import ViewSpec
from tinyssl.data.augment.resample import Crops, Rows, crop_lines, draw_crops, from_lines, to_lines

Views = tuple[Tensor, ...]
"""Views of one batch, each (batch, 3, h, w), float in [0, 1], channels last"""


def to_float(images: Tensor) -> Tensor:
    """(b, h, w, 3) uint8 to (b, 3, h, w) float in [0, 1], channels last: what backbones are fed."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def make_views(
    images: Tensor, spec: ViewSpec, first: Crops | None = None, *, rows: Rows | None = None
) -> Views:
    """`spec.count` random views of each image, group after group.

    All randomness is drawn from torch's global CPU generator, so equal generator states give equal
    views, on whichever device the images are.

    Args:
        images: (b, h, w, 3) uint8, h = w.
        spec: What to do to them.
        first: Crop and flip of the very first view, which are drawn otherwise; its colours are
            drawn in any case.
        rows: The batch is a part of a larger one, for all of which random numbers are drawn: its
            views are those that its images have when the whole batch is made at once.
    """
    own = rows or Rows(0, len(images), len(images))
    views: list[Tensor] = []
    with torch.no_grad():
        clean = to_lines(images)
        for group in spec.groups:
            size = group.size or images.shape[1]
            for _ in range(group.count):
                crops = own.of(draw_crops(own.total, group.options.geometry))
                if first is not None and not views:
                    crops = first
                view = recolour_lines(crop_lines(clean, crops, size), group.options, own)
                views.append(from_lines(view))
    return tuple(views)
