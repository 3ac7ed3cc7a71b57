"""Random views of a batch, made on the device that trains, without a loop over images."""

from __future__ import annotations

import torch
from torch import Tensor

from tinyssl.data.augment.colour import recolour_lines
from tinyssl.data.augment.options import ViewOptions, ViewSpec
from tinyssl.data.augment.resample import (
    Crops,
    Mode,
    Rows,
    crop_lines,
    draw_crops,
    from_lines,
    to_lines,
)
from tinyssl.data.augment.series import series_view

Views = tuple[Tensor, ...]
"""Views of one batch, each as `to_float` gives samples: (batch, channels, h, w) in [0, 1]"""


def to_float(samples: Tensor) -> Tensor:
    """Samples of any kind to float in [0, 1], channels last: what backbones are fed.

    Images and sound (b, h, w, c) become (b, c, h, w), sensor windows (b, steps, c) become
    (b, c, steps, 1), rows of a table stay (b, columns). See `FeatureSpec` for the values.
    """
    if samples.ndim == 4:
        maps = samples.permute(0, 3, 1, 2)
    else:
        maps = samples.permute(0, 2, 1).unsqueeze(3) if samples.ndim == 3 else samples
    if samples.dtype == torch.uint8:
        return maps.float().div_(255)
    if samples.dtype == torch.int8:
        return maps.float().add_(128).div_(255)
    return maps.float().clamp(0, 1)


def make_views(
    samples: Tensor, spec: ViewSpec, first: Crops | None = None, *, rows: Rows | None = None
) -> Views:
    """`spec.count` random views of each sample, group after group.

    All randomness is drawn from torch's global CPU generator, so equal generator states give equal
    views, on whichever device the samples are.

    Args:
        samples: Images (b, h, w, 3) uint8, h = w; or others, as `to_float` takes them.
        spec: What to do to them; it says which kind they are.
        first: Crop and flip of the very first view of an image, which are drawn otherwise; its
            colours are drawn in any case.
        rows: The batch is a part of a larger one, for all of which random numbers are drawn: its
            views are those that its samples have when the whole batch is made at once.
    """
    own = rows or Rows(0, len(samples), len(samples))
    with torch.no_grad():
        if isinstance(spec.groups[0].options, ViewOptions):
            return _image_views(samples, spec, first, own)
        clean = to_float(samples)
        drawn = [group.options for group in spec.groups for _ in range(group.count)]
        return tuple(series_view(clean, options, own) for options in drawn)


def _image_views(images: Tensor, spec: ViewSpec, first: Crops | None, own: Rows) -> Views:
    views: list[Tensor] = []
    clean = to_lines(images)
    for group in spec.groups:
        size = group.size or images.shape[1]
        for _ in range(group.count):
            crops = own.of(draw_crops(own.total, group.options.geometry))
            if first is not None and not views:
                crops = first
            mode: Mode = "bicubic" if group.options.bicubic else "bilinear"
            lines = crop_lines(clean, crops, size, mode)
            views.append(from_lines(recolour_lines(lines, group.options, own)))
    return tuple(views)
