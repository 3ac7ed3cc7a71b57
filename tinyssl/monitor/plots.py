"""Curves out of characters: a line plot of braille dots, and sparklines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of a braille character's left and right column, from top to bottom"""
BLANK = 0x2800

Point = tuple[float, float]


def binned(points: Sequence[Point], bins: int, end: float) -> list[float | None]:
    """Means of y in `bins` equal parts of [0, end] in x; None where a part has no point."""
    sums, counts = [0.0] * bins, [0] * bins
    for x, y in points:
        if math.isfinite(y):
            place = min(int(x / end * bins), bins - 1) if end > 0 else 0
            sums[place] += y
            counts[place] += 1
    return [total / count if count else None for total, count in zip(sums, counts, strict=True)]


def smoothed(points: Sequence[Point], window: int) -> list[Point]:
    """Every y as the mean of itself and up to `window` before it."""
    ys = [y for _, y in points]
    starts = [max(place - window, 0) for place in range(len(ys))]
    return [
        (x, math.fsum(ys[start : place + 1]) / (place + 1 - start))
        for place, (start, (x, _)) in enumerate(zip(starts, points, strict=True))
    ]


def filled(values: Sequence[float | None]) -> list[float | None]:
    """Gaps between two values on the straight line; before the first and after the last: None."""
    result = list(values)
    known = [place for place, value in enumerate(values) if value is not None]
    for left, right in itertools.pairwise(known):
        low, high = values[left], values[right]
        assert low is not None
        assert high is not None
        for place in range(left + 1, right):
            result[place] = low + (high - low) * (place - left) / (right - left)
    return result


def sparkline(points: Sequence[Point], width: int, end: float) -> str:
    """One line of bars, as high as their value between the least and the greatest."""
    values = filled(binned(points, width, end))
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    top = len(BARS) - 1
    return "".join(
        " " if value is None else BARS[round((value - low) / span * top)] for value in values
    ).rstrip()


def plot(points: Sequence[Point], width: int, height: int, end: float) -> list[str]:
    """A curve over x in [0, end], as lines of text with the scale of y on the left.

    Args:
        points: (x, y) in any order; y that are not finite are left out.
        width: Characters a line may have, the scale included.
        height: Lines.
        end: x of the right border.
    """
    values = binned(points, width * 2, end)
    known = [value for value in values if value is not None]
    frame = (min(known), max(known)) if known else (0.0, 1.0)
    labels = [f"{frame[1]:.4g}", *("" for _ in range(height - 2)), f"{frame[0]:.4g}"][:height]
    margin = max(map(len, labels))
    columns = max(width - margin - 2, 1)
    canvas = _draw(filled(binned(points, columns * 2, end)), height, frame)
    edge = ["┤", *("│" for _ in range(height - 2)), "┤"][:height]
    return [
        f"{label:>{margin}} {border}{line}"
        for label, border, line in zip(labels, edge, canvas, strict=True)
    ]


def _draw(values: Sequence[float | None], height: int, frame: Point) -> list[str]:
    """The curve alone, two values a character; `frame` is the least and the greatest y."""
    low, high = frame
    cells = [[0] * (len(values) // 2) for _ in range(height)]
    rows, before = height * 4 - 1, None
    for x, value in enumerate(values):
        if value is None:
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        y = min(max(round((1 - share) * rows), 0), rows)
        # a steep curve is drawn as a line from where the last dot was, not as single dots
        start = y if before is None else before + (y > before) - (y < before)
        for dot in range(min(start, y), max(start, y) + 1):
            cells[dot // 4][x // 2] |= DOTS[x % 2][dot % 4]
        before = y
    return ["".join(chr(BLANK + cell) if cell else " " for cell in line) for line in cells]
