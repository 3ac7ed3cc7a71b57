"""Reads figures out of records that may be incomplete, and prints them.

A report must come out of a record that a crash cut short or that a later version wrote, so every
reader here answers None (or nothing) where a value is missing or of another type.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tinyssl.intervals import wilson

MISSING = "–"
"""Printed where a figure is not known"""


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


def grouped(value: float | None) -> str:
    """1234567.0 -> `1,234,567`."""
    return MISSING if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """12345678 -> `12.3 M`: three digits and a decimal prefix."""
    if value is None:
        return MISSING
    for limit, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            scaled = value / (limit if prefix != "k" else 1e3)
            return f"{_digits(scaled)} {prefix}"
    return f"{value:,.0f}" if value == int(value) else _digits(value)


def _digits(value: float) -> str:
    return (
        f"{value:.0f}"
        if abs(value) >= 100
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
    )


def size(value: float | None) -> str:
    """Bytes with a binary prefix: 311296 -> `304 KiB`."""
    if value is None:
        return MISSING
    if abs(value) < 1024:
        return f"{value:.0f} B"
    scaled, prefix = (value / 1024, "KiB") if abs(value) < 1 << 20 else (value / (1 << 20), "MiB")
    return f"{_digits(scaled)} {prefix}"


def percent(fraction: float | None, digits: int = 2) -> str:
    """0.9528 -> `95.28 %`."""
    return MISSING if fraction is None else f"{100 * fraction:.{digits}f} %"


def interval(fraction: float | None, n: float | None) -> str:
    """The 95 % interval of a share of n images: 0.9611 of 360 -> `93.6 – 97.7`, in percent."""
    if fraction is None or n is None or n < 1 or not 0 <= fraction <= 1:
        return MISSING
    low, high = wilson(fraction, int(n))
    return f"{100 * low:.1f} – {100 * high:.1f}"


def decimal(value: float | None, digits: int = 2) -> str:
    """A plain number with `digits` decimals."""
    return MISSING if value is None else f"{value:,.{digits}f}"


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole, None where it makes no sense."""
    return None if part is None or whole is None or whole <= 0 else part / whole


def day_span(dates: Iterable[str]) -> str:
    """The first and the last of ISO dates; one where they are equal, empty without any."""
    found = sorted(dates)
    return " to ".join(dict.fromkeys((found[0], found[-1]))) if found else ""
