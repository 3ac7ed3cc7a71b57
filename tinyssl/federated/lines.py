"""Bytes on a serial line, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tinyssl.device import Link


@dataclass
class Count:
    """Bytes in both directions."""

    bytes: int = 0


class CountedLink:
    """A line that counts its bytes. A `Link`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.name = link.name
        self.baud = link.baud
        self.bytes = 0
        """In both directions so far"""

    def write(self, data: bytes) -> None:
        self._link.write(data)
        self.bytes += len(data)

    def read(self, timeout: float) -> bytes:
        data = self._link.read(timeout)
        self.bytes += len(data)
        return data

    def close(self) -> None:
        self._link.close()

    @contextmanager
    def counted(self) -> Iterator[Count]:
        """What goes over the line inside."""
        count, before = Count(), self.bytes
        try:
            yield count
        finally:
            count.bytes = self.bytes - before
