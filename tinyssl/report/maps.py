"""Maps of memory and of mistakes: figures in, coordinates out. Templates only draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyssl.report.axes import LEFT, PLOT, WIDTH, Axis, Tick, every, kib, legend, steps
from tinyssl.report.values import size


@dataclass(frozen=True)
class ArenaBlock:
    """A tensor in the arena: bytes `offset..offset+size`, operators `first..last`."""

    name: str
    offset: float
    size: float
    first: int
    last: int


def arena(blocks: Sequence[ArenaBlock], peak: float, bound: float | None) -> dict[str, Any]:
    """The memory plan: operators on x, bytes on y, one rectangle a tensor."""
    top, bottom = 28, 328
    marks = steps(max([peak, bound or 0, *(b.offset + b.size for b in blocks)]), 5, base=2)
    count = max((block.last + 1 for block in blocks), default=1)
    y = Axis(0, marks[-1], bottom, top)
    x = Axis(0, count, LEFT, LEFT + PLOT)
    half = PLOT / count / 2
    lines = [_line("peak", y.at(peak), -6, peak)]
    if bound is not None and bound < peak:
        lines.append(_line("bound", y.at(bound), 15, bound))
    return {
        "rects": [_rectangle(block, x, y) for block in blocks],
        "lines": lines,
        "ticks": [Tick(y.at(mark), kib(mark)) for mark in marks],
        "labels": [Tick(round(x.at(index) + half, 2), str(index)) for index in every(count)],
        "bottom": bottom,
        "width": WIDTH,
        "height": bottom + 40,
    }


def live_bytes(blocks: Sequence[ArenaBlock], first: int, last: int) -> float:
    """Bytes that hold something while operators `first` to `last` run; shared bytes count once."""
    alive = [block for block in blocks if block.first <= last and block.last >= first]
    used = end = 0.0
    for block in sorted(alive, key=lambda block: block.offset):
        top = block.offset + block.size
        used += max(0.0, top - max(end, block.offset))
        end = max(end, top)
    return used


def _line(series: str, y: float, shift: int, value: float) -> dict[str, Any]:
    name = {"peak": "peak", "bound": "lower bound"}[series]
    return {"series": series, "y": y, "text": y + shift, "label": f"{name} {kib(value)}"}


def _rectangle(block: ArenaBlock, x: Axis, y: Axis) -> dict[str, Any]:
    left, right = x.at(block.first), x.at(block.last + 1)
    upper, lower = y.at(block.offset + block.size), y.at(block.offset)
    label = kib(block.size)
    fits = right - left > 7 * len(label) and lower - upper > 16
    return {
        "x": left,
        "y": upper,
        "width": round(max(right - left, 0.5), 2),
        "height": round(max(lower - upper, 0.5), 2),
        "label": label if fits else "",
        "title": f"{block.name}: {block.size:,.0f} bytes at {block.offset:,.0f},"
        f" operators {block.first} to {block.last}",
    }


def matrix(counts: Sequence[Sequence[float]], names: Sequence[str]) -> dict[str, Any]:
    """A confusion matrix: true class down, predicted class across, shaded by share of its row."""
    cell = min(46.0, 640 / len(counts))
    labels = [name if len(name) <= 18 else name[:17] + "…" for name in names]
    left = max(56, 24 + 7 * max(map(len, labels)))
    # only long names are slanted, and then need room above
    slanted = 7 * max(map(len, labels)) > cell
    top = 32 + (5 * max(map(len, labels)) if slanted else 12)
    cells = [
        _cell(count / (sum(line) or 1), count, names[row], names[column] if row != column else None)
        | {"x": round(left + column * cell, 2), "y": round(top + row * cell, 2)}
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if count > 0
    ]
    marks = [(round((i + 0.5) * cell, 2), labels[i]) for i in every(len(labels), int(640 / 16))]
    side = round(cell * len(counts), 2)
    return {
        "cells": cells,
        "cell": round(cell, 2),
        "numbers": cell >= 24,
        "lines": [round(index * cell, 2) for index in range(1, len(counts))],
        "slanted": slanted,
        "names": marks,
        "left": left,
        "top": top,
        "side": side,
        "width": round(left + side + (60 if slanted else 8)),
        "height": round(top + side + 8),
    }


def _cell(share: float, count: float, true: str, mistaken_for: str | None) -> dict[str, Any]:
    right = mistaken_for is None
    return {
        "right": right,
        # the square root keeps a single wrong image visible beside hundreds of right ones
        "opacity": round(max(math.sqrt(share), 0.15), 3),
        "strong": right and share > 0.4,
        "label": f"{count:.0f}",
        "title": f"{true}: {count:.0f} right"
        if right
        else f"{true} as {mistaken_for}: {count:.0f}",
    }


@dataclass(frozen=True)
class Part:
    """A piece of a memory."""

    label: str
    bytes: float
    series: int = 1
    """Colour, 1 to 5"""


@dataclass(frozen=True)
class MemoryMap:
    """A memory or a budget, and what fills it."""

    name: str
    size: float | None
    parts: tuple[Part, ...]

    @property
    def used(self) -> float:
        return sum(part.bytes for part in self.parts)


def memory(memories: Sequence[MemoryMap]) -> dict[str, Any]:
    """A bar a memory: used parts, the rest free; too much is drawn over the end in red."""
    rows, y = [], 8
    for item in memories:
        whole = max(item.size or 0, item.used, 1)
        over = item.size is not None and item.used > item.size
        rows.append(
            {
                "y": y,
                "name": item.name,
                "amount": f"{size(item.used)} of {size(item.size)}"
                + (f", {size(item.size - item.used)} free" if item.size and not over else ""),
                "over": over,
                "limit": round((item.size or whole) / whole * WIDTH, 2),
                "segments": _segments(item.parts, whole),
                "legend": _legend(item.parts) if len(item.parts) > 1 else [],
            }
        )
        y += 78 if len(item.parts) > 1 else 54
    return {"rows": rows, "width": WIDTH, "height": y}


def _segments(parts: Sequence[Part], whole: float) -> list[dict[str, Any]]:
    found, start = [], 0.0
    for part in parts:
        width = part.bytes / whole * WIDTH
        found.append(
            {
                "x": round(start, 2),
                "width": round(width, 2),
                "series": part.series,
                "title": f"{part.label}: {part.bytes:,.0f} bytes",
            }
        )
        start += width
    return found


def _legend(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return legend([(part.series, f"{part.label} {size(part.bytes)}") for part in parts])
