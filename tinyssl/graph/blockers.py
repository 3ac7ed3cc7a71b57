"""What stands between a sound model and tinyssl: all of it in one error, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tinyssl.core.errors import Blocker, UnsupportedModel

LINES = 32
"""Most lines of a message"""
PLACES = 4
"""Most operators of one kind that a line numbers"""
HINTS = 8
OPERATOR = re.compile(r"(#\d+) (.+)")


def blocked(blockers: Sequence[Blocker]) -> UnsupportedModel:
    """The error for a sound model, with everything in it that tinyssl does not do.

    Args:
        blockers: At least one; those of one text become one line.
    """
    hints = dict.fromkeys(blocker.hint for blocker in blockers if blocker.hint)
    return UnsupportedModel(_message(blockers), "; ".join(list(hints)[:HINTS]), blockers)


def _message(blockers: Sequence[Blocker]) -> str:
    groups: dict[str, list[str]] = {}
    for blocker in blockers:
        groups.setdefault(blocker.text, []).append(blocker.place)
    lines = [_line(text, list(dict.fromkeys(places))) for text, places in groups.items()]
    if len(lines) == 1:
        return lines[0]
    shown = lines[:LINES]
    if len(lines) > LINES:
        shown.append(f"and {len(lines) - LINES} more")
    return "\n  ".join([f"{len(lines)} things in this model are not supported:", *shown])


def _line(text: str, places: Sequence[str]) -> str:
    where = places_text(place for place in places if place)
    return f"{where}: {text}" if where else text


def places_text(places: Iterable[str]) -> str:
    """`#1 PAD, ADD (#2, #4)`: operators of one kind together."""
    kinds: dict[str, list[str]] = {}
    for place in places:
        found = OPERATOR.fullmatch(place)
        number, kind = found.groups() if found else ("", place)
        kinds.setdefault(kind, []).append(number)
    return ", ".join(_kind_text(kind, numbers) for kind, numbers in kinds.items())


def _kind_text(kind: str, numbers: Sequence[str]) -> str:
    if len(numbers) == 1:
        return f"{numbers[0]} {kind}".strip()
    shown = ", ".join(numbers[:PLACES])
    more = f" and {len(numbers) - PLACES} more" if len(numbers) > PLACES else ""
    return f"{kind} ({shown}{more})"
