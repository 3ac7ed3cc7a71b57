"""Values between the brackets of a reply line, each with its range.

A line whose CRC is right came as the device sent it, but its values are still only what the device
says. Here a value that cannot be right becomes an error that names the line.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass

from tinyssl.core.errors import DeviceError
from tinyssl.core.text import percent_decoded

NUMBER = re.compile("-?[0-9]{1,20}")
SHOWN = 100
"""Characters of a line or value that a message shows"""


class BadValue(DeviceError):
    """A line that came whole holds a value that cannot be; asking again would not help."""


@dataclass(frozen=True)
class LineFields:
    """What stands between the brackets of one line."""

    line: str
    """All of it, for messages"""
    key: str
    text: str

    def split(self, count: int) -> list[str]:
        """The text in `count` parts between commas; the last may hold commas.

        Raises:
            BadValue: There are fewer.
        """
        parts = self.text.split(",", count - 1)
        if len(parts) != count:
            raise self.bad(f"{len(parts)} values; {count} belong there")
        return parts

    def number(self, low: int, high: int, text: str | None = None) -> int:
        """The text, or the part `text` of it, as a number.

        Raises:
            BadValue: It is none, or not between `low` and `high`.
        """
        text = self.text if text is None else text
        value = int(text) if NUMBER.fullmatch(text) else None
        if value is None or not low <= value <= high:
            raise self.bad(f"{text[:SHOWN]!r}; a number from {low} to {high} belongs there")
        return value

    def choice(self, known: Collection[str], text: str) -> str:
        """`text`, which is one of `known`.

        Raises:
            BadValue: It is not.
        """
        if text not in known:
            raise self.bad(f"{text[:SHOWN]!r}; one of {', '.join(known)} belongs there")
        return text

    def hex_bytes(self, size: int | None, text: str) -> bytes:
        """`text`, two hex digits a byte.

        Args:
            size: Bytes that they must be; None: any number.
            text: The digits.

        Raises:
            BadValue: Other characters, or another number of bytes.
        """
        if not re.fullmatch("([0-9a-f]{2})*", text):
            raise self.bad(f"{text[:SHOWN]!r}; hex digits belong there, two a byte")
        if size is not None and len(text) != 2 * size:
            raise self.bad(f"{len(text) // 2} bytes; {size} belong there")
        return bytes.fromhex(text)

    def real(self, text: str) -> float:
        """`text`, the bits of a float32 in eight hex digits; it may be no finite number.

        Raises:
            BadValue: Other characters.
        """
        (value,) = struct.unpack(">f", self.hex_bytes(4, text))
        return float(value)

    @property
    def name(self) -> str:
        """The text as a name, decoded."""
        return percent_decoded(self.text)

    def bad(self, what: str) -> BadValue:
        """The error for this line; `what` says what it has and what belongs there."""
        return BadValue(
            f"the device sent {what}, in the line {self.line[:SHOWN]!r}",
            hint="its firmware is damaged, or not tinyssl's: run `tinyssl flash`",
        )
