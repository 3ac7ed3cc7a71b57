"""A plan as text: time runs down, addresses run right."""

from __future__ import annotations

from tinyssl.compiler.arena import Placement, Plan

WIDTH = 64


def picture(plan: Plan) -> str:
    """One line an operator, one letter a tensor, `.` where nothing lives.

    arena 55,296 bytes, lower bound 55,296; a column is 864 bytes
    in    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa................................
      0   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbb...........
    """
    column = max(-(-plan.peak // WIDTH), 1)
    lines = [
        f"arena {plan.peak:,} bytes, lower bound {plan.lower_bound:,}; a column is {column:,} bytes"
    ]
    for moment in range(-1, max(place.last for place in plan.placements) + 1):
        lines.append(f"{_label(plan, moment):>5} {_draw_row(plan, moment, column)}")
    lines += [
        f"{_letter(position)} {place.offset:>8,} + {place.bytes:>8,}  {place.name}"
        for position, place in enumerate(plan.placements)
    ]
    return "\n".join(lines) + "\n"


def _label(plan: Plan, moment: int) -> str:
    if moment == -1:
        return "in"
    return "out" if moment == max(place.last for place in plan.placements) else str(moment)


def _draw_row(plan: Plan, moment: int, column: int) -> str:
    cells = ["."] * -(-plan.peak // column)
    for position, place in enumerate(plan.placements):
        if place.first <= moment <= place.last:
            for cell in _cells(place, column):
                cells[cell] = _letter(position)
    return "".join(cells)


def _cells(place: Placement, column: int) -> range:
    return range(place.offset // column, -(-(place.offset + place.bytes) // column))


def _letter(position: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return letters[position % len(letters)]
