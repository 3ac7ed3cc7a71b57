"""Names, text and numbers as C literals and comments."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tinyssl.core.text import percent_encoded
from tinyssl.ops.common.params import float_literal

VALUES_A_ROW = 16
LEAST = (-(2**31), -(2**63))
"""The least int32 and int64"""


def comment_text(text: str) -> str:
    """Text that may stand in a C comment: one line of printable ASCII that cannot close it."""
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")


def string_literal(text: str) -> str:
    """A C string literal; what would mean something to C or on the serial line is encoded."""
    return f'"{percent_encoded(text)}"'


def utf8_literal(text: str) -> str:
    """A C string literal of a text's UTF-8; what C may read otherwise is octal."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    letters = (chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode())
    return f'"{"".join(letters)}"'


def rows(values: NDArray[Any]) -> list[str]:
    """Numbers as lines of C; the least integers as expressions, as C has no negative literals."""
    texts = [_number(value) for value in values.tolist()]
    return [
        ", ".join(texts[start : start + VALUES_A_ROW]) + ","
        for start in range(0, len(texts), VALUES_A_ROW)
    ]


def _number(value: float) -> str:
    if isinstance(value, float):
        return float_literal(value)
    if value in LEAST:
        return f"{value + 1} - 1"
    if value == -(2**63):
        return "-9223372036854775807 - 1"
    return str(int(value))
