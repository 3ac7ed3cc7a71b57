"""Charts over layers and over training steps: figures in, coordinates out. Templates only draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.report.axes import (
    CHARACTER,
    LEFT,
    PLOT,
    WIDTH,
    Axis,
    Tick,
    every,
    legend,
    marks_between,
    steps,
)
from tinyssl.report.values import short

MAX_POINTS = 400
"""Points of a curve; more are averaged in groups"""


def columns(
    names: Sequence[str], values: Sequence[float | None], groups: Sequence[str], unit: str
) -> dict[str, Any]:
    """One column a layer, coloured by group.

    Args:
        names: What a column is called.
        values: Height of each; None leaves a gap.
        groups: Colour of each; the four with the largest sums get one of their own.
        unit: Unit of the values.
    """
    top, bottom = 28, 208
    marks = steps(max((value for value in values if value is not None), default=0.0), 4)
    axis = Axis(0, marks[-1], bottom, top)
    ranked = _ranked(groups, values)
    pitch = PLOT / max(len(values), 1)
    width = max(min(pitch * 0.72, 48), 1)
    bars = [
        {
            "x": round(LEFT + pitch * index + (pitch - width) / 2, 2),
            "y": axis.at(max(value, 0)),
            "width": round(width, 2),
            "height": round(bottom - axis.at(max(value, 0)), 2),
            "series": ranked.get(group, 5),
            "title": f"{name}: {short(value)} {unit}",
        }
        for index, (name, value, group) in enumerate(zip(names, values, groups, strict=True))
        if value is not None
    ]
    labels = [
        Tick(round(LEFT + pitch * (index + 0.5), 2), str(index)) for index in every(len(values))
    ]
    entries = [(series, group) for group, series in ranked.items()]
    if len(set(groups)) > len(ranked):
        entries.append((5, "other"))
    return {
        "bars": bars,
        "ticks": axis.ticks(marks),
        "labels": labels,
        "legend": legend(entries, LEFT + CHARACTER * len(unit)),
        "unit": unit,
        "bottom": bottom,
        "width": WIDTH,
        "height": bottom + 40,
    }


def _ranked(groups: Sequence[str], values: Sequence[float | None]) -> dict[str, int]:
    """group -> colour 1 to 4, largest sum first."""
    sums: dict[str, float] = {}
    for group, value in zip(groups, values, strict=True):
        sums[group] = sums.get(group, 0.0) + (value or 0.0)
    order = sorted(sums, key=lambda group: -sums[group])[:4]
    return {group: index + 1 for index, group in enumerate(order)}


@dataclass(frozen=True)
class Curve:
    """A line among others."""

    label: str
    series: int
    """Its colour, from 1"""
    points: Sequence[tuple[float, float]]
    dots: bool = False
    """Each point was measured by itself: a thick line with dots; else a thin one"""


def curves(lines: Sequence[Curve], last: float, unit: str, quantity: str) -> dict[str, Any]:
    """Lines in one frame, from 0.

    Args:
        lines: Each with at least one point.
        last: Right end of the horizontal axis.
        unit: Of that axis.
        quantity: What is plotted upwards.
    """
    top, bottom = 28 + 18 * len(lines), 28 + 18 * len(lines) + 320
    marks = steps(max(y for line in lines for _, y in line.points), 6)
    x, y = Axis(0, last, LEFT, LEFT + PLOT), Axis(0, marks[-1], bottom, top)
    drawn = [
        {
            "series": line.series,
            "dots": line.dots,
            "label": line.label,
            "at": 12 + 18 * index,
            "points": [(x.at(a), y.at(b)) for a, b in line.points],
        }
        for index, line in enumerate(lines)
    ]
    return {
        "lines": drawn,
        "ticks": y.ticks(marks),
        "labels": x.ticks([mark for mark in steps(last, 8) if mark <= last]),
        "unit": unit,
        "quantity": quantity,
        "bottom": bottom,
        "width": WIDTH,
        "height": bottom + 44,
    }


def training(
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]], unit: str = "step"
) -> dict[str, Any]:
    """Curves above each other, over the same steps (or what `unit` calls them).

    Every curve has at least one point.
    """
    panels, top = [], 28
    first = min(x for _, points in curves for x, _ in points)
    last = max(x for _, points in curves for x, _ in points)
    x = Axis(first, last, LEFT, LEFT + PLOT)
    for index, (label, points) in enumerate(curves):
        bottom = top + (180 if index == 0 else 80)
        panels.append({"label": label} | _panel(points, x, Axis(0, 1, bottom, top)))
        top = bottom + 36
    marks = [mark for mark in steps(last, 6) if first <= mark <= last]
    labels = x.ticks(marks)
    return {
        "panels": panels,
        "labels": labels,
        "unit": unit,
        "width": WIDTH,
        "height": top + 8,
    }


def _panel(points: Sequence[tuple[float, float]], x: Axis, frame: Axis) -> dict[str, Any]:
    """One curve in the frame."""
    thin = _thinned(points)
    marks = marks_between(min(y for _, y in thin), max(y for _, y in thin))
    y = Axis(marks[0], marks[-1], frame.start, frame.end)
    end_x, end_y = thin[-1]
    return {
        "path": " ".join(f"{x.at(a)},{y.at(b)}" for a, b in thin),
        "ticks": [Tick(y.at(mark), f"{mark:.4g}") for mark in marks],
        "end": {"x": x.at(end_x), "y": y.at(end_y), "label": f"{end_y:.4g}"},
        "top": frame.end,
        "bottom": frame.start,
    }


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of equal groups, so that a long training stays a small file."""
    group = math.ceil(len(points) / MAX_POINTS)
    parts = [points[start : start + group] for start in range(0, len(points), group)]
    return [
        (sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts
    ]
