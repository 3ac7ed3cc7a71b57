"""RAM against time as SVG: each step of an engine as wide as it takes instructions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 840, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 40, 48
GRID = 4
COLOURS = ("#1f6fb4", "#c2571a", "#3a7d44", "#7a4fa3", "#8a6d1d", "#555555")


def _round_up(value: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten, times GRID."""
    step = 1.0
    while step * GRID * 10 < value:
        step *= 10
    return GRID * next(step * m for m in (1, 2, 2.5, 5, 10, 20) if step * m * GRID >= value)


def step_plot(title: str, curves: dict[str, Sequence[tuple[int, int]]]) -> str:
    """An SVG document.

    Args:
        title: Above the picture.
        curves: Name -> (instructions, bytes) of each step, in execution order.
    """
    time_end = max(sum(ticks for ticks, _ in steps) for steps in curves.values())
    ram_end = _round_up(max(ram for steps in curves.values() for _, ram in steps))
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = TOP + height

    def x(value: float) -> float:
        return round(LEFT + width * value / time_end, 1)

    def y(value: float) -> float:
        return round(base - height * value / ram_end, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
    ]
    for mark in range(GRID + 1):
        ram, ticks = ram_end * mark / GRID, time_end * mark / GRID
        parts += [
            f'<path d="M{LEFT} {y(ram)}H{WIDTH - RIGHT}" stroke="#ddd"/>',
            f'<text x="{LEFT - 6}" y="{y(ram) + 4}" text-anchor="end">{ram / 1000:g} KB</text>',
            f'<text x="{x(ticks)}" y="{base + 18}" text-anchor="middle">{ticks / 1e6:.3g} M</text>',
        ]
    for number, (name, steps) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        path, now = [f"M{LEFT} {base}"], 0
        for ticks, ram in steps:
            path.append(f"V{y(ram)}H{x(now + ticks)}")
            now += ticks
        fill = f'fill="{colour}" fill-opacity="0.12" stroke="{colour}"'
        parts.append(f'<path d="{"".join(path)}V{base}Z" {fill}/>')
        place = LEFT + 150 * number
        parts.append(f'<text x="{place}" y="{HEIGHT - 8}" fill="{colour}">{escape(name)}</text>')
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">instructions</text></svg>'
    )
    return "\n".join(parts) + "\n"
