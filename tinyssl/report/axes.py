"""Scales and ticks of the pictures.

All pictures are `WIDTH` units wide and as high as they need; one unit is one CSS pixel where the
page is wide enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.report.values import short

WIDTH = 840
LEFT = 64
"""Room for the labels of the vertical axis"""
PLOT = WIDTH - LEFT - 16
"""Width of what is drawn beside it"""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A linear scale from `low..high` to the coordinates `start..end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Coordinate of `value`, rounded to what a screen can show."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.0
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self, values: Sequence[float], unit: str = "") -> list[Tick]:
        """Labelled marks."""
        return [Tick(self.at(value), f"{short(value)}{unit}") for value in values]


def steps(high: float, count: int = 5, base: int = 10) -> list[float]:
    """Round values from 0 that cover `high`: multiples of 1, 2 or 5 (or of powers of two)."""
    if not high > 0:
        return [0.0, 1.0]
    rough = high / count
    if base == 2:
        step = 2.0 ** math.ceil(math.log2(rough))
    else:
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    return [step * index for index in range(math.ceil(high / step - 1e-9) + 1)]


def marks_between(low: float, high: float, count: int = 3) -> list[float]:
    """Round values that enclose `low..high`, from 0 where the values are not far from it."""
    if 0 <= low <= 0.6 * high:
        low = 0.0
    spacing = steps(high - low or abs(high) or 1.0, count)[1]
    first = math.floor(low / spacing)
    last = max(math.ceil(high / spacing - 1e-9), first + 1)
    return [spacing * index for index in range(first, last + 1)]


def kib(value: float) -> str:
    """Bytes as KiB, whole where they are."""
    scaled = value / 1024
    return f"{scaled:,.0f} KiB" if scaled >= 10 or scaled == int(scaled) else f"{scaled:.1f} KiB"


def every(count: int, most: int = 24) -> range:
    """Indices of `count` items that get a label, at most about `most` of them."""
    return range(0, count, max(1, math.ceil(count / most)))


CHARACTER = 7.2
"""Width of a character of a legend, in units: that of a wide font, so that no two texts touch"""


def legend(entries: Sequence[tuple[int, str]], start: float = 0) -> list[dict[str, Any]]:
    """Colour and text pairs in a line that begins at x = `start`."""
    found = []
    for series, text in entries:
        found.append({"x": round(start), "series": series, "label": text})
        start += 34 + CHARACTER * len(text) * (1.15 if text.isupper() else 1)
    return found
