"""A command, and the limits of its reply."""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.device.lines import LINE_BYTES
from tinyssl.device.link import SLOWEST_LINE

USUAL_LINE = 64
"""Bytes of most lines, for the time that a reply may take"""
RUN_LINE = 128
"""Bytes of an inference's line beside its output"""


@dataclass(frozen=True)
class Request:
    """A command, and the limits of its reply."""

    data: bytes
    slow_line: int = -1
    """Which line (from 0) may take as long as inferences"""
    inferences: int = 1
    """How many"""
    lines: int = 1
    """Most lines that belong to the reply"""
    output: int = 0
    """Bytes of output that one of the lines holds in hex"""

    @property
    def longest(self) -> int:
        """Bytes of a line, at most."""
        return max(LINE_BYTES, RUN_LINE + 2 * self.output)

    @property
    def wire_seconds(self) -> float:
        """Time for the bytes of command and reply."""
        reply = self.lines * USUAL_LINE + 2 * self.output
        return (len(self.data) + reply) / SLOWEST_LINE
