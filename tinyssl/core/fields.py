"""Reads values out of JSON that may be incomplete or damaged, as in the records of runs.

Every reader here answers None (or nothing) where a value is missing or of another type.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


def number(value: object) -> float | None:
    """`value` where it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


@dataclass(frozen=True)
class Fields:
    """A JSON object, or what stands in its place."""

    value: object

    def get(self, *names: str) -> Any:
        """The first of `names` that is there and not null, else None."""
        found = self.value if isinstance(self.value, Mapping) else {}
        return next((found[name] for name in names if found.get(name) is not None), None)

    def number(self, *names: str) -> float | None:
        """The first of `names` as a finite number, else None."""
        return number(self.get(*names))

    def integer(self, *names: str) -> int | None:
        """The first of `names`, cut to a whole number, else None."""
        found = self.number(*names)
        return None if found is None else int(found)

    def text(self, *names: str) -> str:
        """The first of `names` as text; empty where there is none."""
        found = self.get(*names)
        return "" if found is None or isinstance(found, Mapping | list) else str(found)

    def fields(self, *names: str) -> Fields:
        """The first of `names` as an object; an empty one where it is none."""
        return Fields(self.get(*names))

    def rows(self, *names: str) -> list[Fields]:
        """The objects of the list in the first of `names`; empty where it is no list."""
        found = self.get(*names)
        return rows(found)

    def items(self) -> Iterator[tuple[str, Fields]]:
        """Names and objects."""
        if isinstance(self.value, Mapping):
            yield from ((str(name), Fields(inner)) for name, inner in self.value.items())


def rows(value: object) -> list[Fields]:
    """The objects of a JSON list; empty where `value` is no list."""
    return [Fields(row) for row in value] if isinstance(value, list) else []
