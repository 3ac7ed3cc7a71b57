"""The weights with which Pillow resizes 8-bit pictures, for code that must give Pillow's bytes.

Source: Pillow's `ImagingResample` (libImaging/Resample.c) and `ImageOps.fit`: bicubic with
a = -0.5, widened by the factor of the reduction, weights in fixed point, two passes that round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ONE_BITS = 22
"""2 ** 22 is a weight of 1"""
REACH = 2.0
"""Half-width of the bicubic filter, in pixels of the coarser side"""


@dataclass(frozen=True)
class Resampling:
    """How the samples of a line become fewer or more."""

    first: NDArray[np.int32]
    """(outputs,): first of the inputs that an output is made of"""
    weights: NDArray[np.int32]
    """(outputs, taps): its weights, from that input on"""

    @property
    def taps(self) -> int:
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        return len(self.first)

    @property
    def span(self) -> tuple[int, int]:
        """First input that counts, and the one behind the last."""
        return int(self.first[0]), int(self.first[-1]) + self.taps


@dataclass(frozen=True)
class Span:
    """The part of a line that is resized; ends may lie between samples."""

    start: float
    stop: float


def fit_spans(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[Span, Span]:
    """The centre of a picture that has the wanted ratio of its sides, as `ImageOps.fit` cuts it.

    Args:
        size: Height and width of the picture.
        wanted: Of the result.

    Returns:
        The part of its lines, and of its columns.
    """
    height, width = size
    ratio, output_ratio = width / height, wanted[1] / wanted[0]
    if ratio == output_ratio:
        crop_height, crop_width = float(height), float(width)
    elif ratio >= output_ratio:
        crop_height, crop_width = float(height), output_ratio * height
    else:
        crop_height, crop_width = width / output_ratio, float(width)
    top, left = (height - crop_height) * 0.5, (width - crop_width) * 0.5
    return Span(top, top + crop_height), Span(left, left + crop_width)


def axis_of(inputs: int, span: Span, outputs: int) -> Resampling:
    """The weights of one pass.

    Args:
        inputs: Samples of a line.
        span: Of these, what is resized.
        outputs: Samples that it becomes.
    """
    start, stop = np.float32(span.start), np.float32(span.stop)  # as Pillow keeps them
    scale = float(stop - start) / outputs
    widened = max(scale, 1.0)
    rows = [_row(inputs, float(start) + (each + 0.5) * scale, widened) for each in range(outputs)]
    starts = np.array([at for at, _ in rows], np.int32)
    starts = np.minimum.accumulate(starts[::-1])[::-1]  # so that lines may come one by one
    taps = max(at + len(weights) - start for (at, weights), start in zip(rows, starts, strict=True))
    first = np.minimum(starts, inputs - taps).astype(np.int32)
    table = np.zeros((outputs, taps), np.int32)
    for each, (at, weights) in enumerate(rows):
        shift = at - first[each]
        table[each, shift : shift + len(weights)] = weights
    return Resampling(first, table)


def _row(inputs: int, centre: float, widened: float) -> tuple[int, NDArray[np.int32]]:
    """First input of an output and its weights, without zeros at the ends."""
    support = REACH * widened
    low = max(int(centre - support + 0.5), 0)
    high = min(int(centre + support + 0.5), inputs)
    real = [_bicubic((at - centre + 0.5) * (1.0 / widened)) for at in range(low, high)]
    total = 0.0
    for weight in real:  # in Pillow's order of sums
        total += weight
    fixed = np.array([_fixed(weight / total) for weight in real], np.int32)
    used = np.flatnonzero(fixed)
    return low + int(used[0]), fixed[used[0] : used[-1] + 1]


def _bicubic(x: float) -> float:
    a, x = -0.5, abs(x)
    if x < 1.0:
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    if x < 2.0:
        return (((x - 5) * x + 8) * x - 4) * a
    return 0.0


def _fixed(weight: float) -> int:
    return math.trunc(weight * (1 << ONE_BITS) + (-0.5 if weight < 0 else 0.5))
