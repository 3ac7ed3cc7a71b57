"""Random views of sound, sensor windows and rows: what changes them but not their meaning.

For features of sound: time shift, loudness, background noise and the masks of SpecAugment (Park et
al., arXiv 1904.08779). For sensors the same along time, loudness by channel. For rows: noise, and
columns taken from other rows of the batch (SCARF, Bahri et al., arXiv 2106.15147).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from tinyssl.core.config_types import STRICT
from tinyssl.data.augment.options import Probability
from tinyssl.data.augment.resample import Rows, to_device

Level = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class AudioViewOptions:
    """Views of a clip's features, all drawn anew for every view."""

    shift: Level = 0.15
    """Moved in time by up to this share of its length; the edge is repeated"""
    gain: Level = 0.1
    """Louder or softer by up to this share of the range"""
    noise: Level = 0.05
    """Standard deviation of background noise, uniform up to this share of the range"""
    time_mask: Level = 0.2
    """Longest stretch of time that is blanked, as a share of all"""
    frequency_mask: Level = 0.2
    """Widest band that is blanked, as a share of all"""
    mask: Probability = 0.8
    """Probability of each mask"""


@dataclass(frozen=True, config=STRICT)
class SensorViewOptions:
    """Views of a window of sensor readings."""

    shift: Level = 0.1
    """Moved in time by up to this share of its length; the edge is repeated"""
    gain: Level = 0.1
    """Every channel is stretched by a factor within 1 ± this around its mean"""
    noise: Level = 0.02
    """Standard deviation of noise, uniform up to this share of the range"""
    time_mask: Level = 0.2
    """Longest stretch of time that is blanked, as a share of all"""
    mask: Probability = 0.5
    """Probability of the mask"""


@dataclass(frozen=True, config=STRICT)
class TableViewOptions:
    """Views of a row."""

    noise: Level = 0.02
    """Standard deviation of noise, uniform up to this share of the range"""
    swap: Probability = 0.2
    """Probability that a column comes from another row of the batch"""


SeriesViewOptions = AudioViewOptions | SensorViewOptions | TableViewOptions


def series_view(clean: Tensor, options: SeriesViewOptions, rows: Rows) -> Tensor:
    """One random view of each sample.

    Args:
        clean: As `to_float` gives it: (b, channels, time, bins) or (b, columns); left as it is.
        options: What to do.
        rows: The batch's place in a larger one, for all of which random numbers are drawn.

    Returns:
        Of the same shape, in [0, 1].
    """
    if isinstance(options, TableViewOptions):
        return _row_view(clean, options, rows)
    drawn = to_device(rows.of(torch.rand(rows.total, 9)), clean.device)
    view = _shifted(clean, (2 * drawn[:, 0] - 1) * options.shift)
    view = _louder(view, options, rows, 2 * drawn[:, 1] - 1)
    view = view + _noise(view, rows, drawn[:, 2] * options.noise)
    blank = view.mean(dim=(1, 2, 3), keepdim=True)
    chosen, widths = drawn[:, 3:5] < options.mask, drawn[:, 5:7]
    view = _masked(view, blank, 2, (chosen[:, 0], widths[:, 0] * options.time_mask, drawn[:, 7]))
    if isinstance(options, AudioViewOptions):
        band = (chosen[:, 1], widths[:, 1] * options.frequency_mask, drawn[:, 8])
        view = _masked(view, blank, 3, band)
    return view.clamp(0, 1)


def _row_view(clean: Tensor, options: TableViewOptions, rows: Rows) -> Tensor:
    """Columns from other rows of this process's part of the batch, then noise."""
    drawn = to_device(rows.of(torch.rand(rows.total, clean.shape[1] + 2)), clean.device)
    step = 1 + (drawn[:, 0] * max(len(clean) - 1, 1)).long()
    others = clean[(torch.arange(len(clean), device=clean.device) + step) % len(clean)]
    view = torch.where(drawn[:, 2:] < options.swap, others, clean)
    return (view + _noise(view, rows, drawn[:, 1] * options.noise)).clamp(0, 1)


def _noise(view: Tensor, rows: Rows, level: Tensor) -> Tensor:
    found = to_device(rows.of(torch.randn(rows.total, *view.shape[1:])), view.device)
    return found * level.view(-1, *[1] * (view.ndim - 1))


def _shifted(clean: Tensor, share: Tensor) -> Tensor:
    """Moved along time by whole steps; the first or last step is repeated."""
    steps = clean.shape[2]
    where = torch.arange(steps, device=clean.device) - (share * steps).round().long()[:, None]
    index = where.clamp(0, steps - 1)[:, None, :, None].expand_as(clean)
    return clean.gather(2, index)


def _louder(
    view: Tensor, options: AudioViewOptions | SensorViewOptions, rows: Rows, amount: Tensor
) -> Tensor:
    """Logarithms of energy by an offset, sensors by a factor of every channel."""
    if isinstance(options, AudioViewOptions):
        return view + (amount * options.gain).view(-1, 1, 1, 1)
    drawn = to_device(rows.of(torch.rand(rows.total, view.shape[1])), view.device)
    factor = 1 + (2 * drawn - 1).mul(options.gain)[:, :, None, None]
    mean = view.mean(dim=(2, 3), keepdim=True)
    return mean + (view - mean) * factor


def _masked(view: Tensor, blank: Tensor, axis: int, mask: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """A stretch along `axis` is blanked: where it was drawn, how wide, and its place in [0, 1)."""
    size = view.shape[axis]
    drawn, share, start = mask
    width = (share * size).round().long()
    place = (start * (size - width + 1)).long()
    index = torch.arange(size, device=view.device)
    inside = (index >= place[:, None]) & (index < (place + width)[:, None]) & drawn[:, None]
    shape = [len(view), 1, 1, 1]
    shape[axis] = size
    return torch.where(inside.view(shape), blank, view)
