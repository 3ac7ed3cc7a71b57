"""Prints the figures of records, those that are missing too."""

from __future__ import annotations

from collections.abc import Iterable

from tinyssl.core.fields import Fields, number, rows
from tinyssl.core.intervals import interval_text

MISSING = "–"
"""Printed where a figure is not known"""


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
    return interval_text(fraction, int(n))


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


__all__ = [
    "MISSING",
    "Fields",
    "day_span",
    "decimal",
    "grouped",
    "number",
    "percent",
    "ratio",
    "rows",
    "short",
    "size",
]
