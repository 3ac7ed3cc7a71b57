"""Lines from a link, of bounded length: whatever a device sends, little of it is kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from tinyssl.core.errors import DeviceTimeout
from tinyssl.core.text import printable
from tinyssl.device.link import Link

LINE_BYTES = 4096
"""Bytes of a line that holds no output: the longest has a name, of at most LONGEST_NAME"""
RECENT = 40
"""Lines that are remembered for messages: more than a boot ROM prints for one start"""
RECENT_CHARACTERS = 80
SHOWN = 4
"""Lines of them that a message shows"""
LOOP = 3
"""Times that a remembered line comes where a device restarts again and again"""


class LineReader:
    """Takes lines from a link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._received = bytearray()
        self._searched = 0
        """Bytes of `_received` without a line's end"""
        self._skipping = False
        """The line that began is too long; its rest is dropped"""
        self._tail = b""
        """The last that was dropped so"""
        self._came = False
        """Anything at all"""
        self._recent: deque[str] = deque(maxlen=RECENT)

    def forget_recent(self) -> None:
        """Messages speak of what comes from now on."""
        self._recent.clear()
        self._tail, self._came = b"", False

    def next(self, deadline: float, longest: int = LINE_BYTES) -> str:
        """The next line, without its end; one of more than `longest` bytes is cut to one more.

        Raises:
            DeviceTimeout: It is not whole at `deadline`.
            DeviceError: The line is gone.
        """
        while (line := self._take(longest)) is None:
            left = deadline - time.monotonic()
            data = self._link.read(left) if left > 0 else b""
            if not data:
                raise DeviceTimeout(
                    f"{self._link.name} did not answer in time{self.last_words()}",
                    hint=self.loop_hint()
                    or "raise --timeout, or run `tinyssl flash` to start the device again",
                )
            self._add(data)
        return line

    def drop(self, quiet: float, deadline: float, see: Callable[[str], None]) -> None:
        """Drops what comes until nothing comes for `quiet` seconds; `see` gets each line.

        Raises:
            DeviceTimeout: Something still comes at `deadline`.
            DeviceError: The line is gone.
        """
        while data := self._link.read(quiet):
            self._add(data)
            for line in self._whole_lines():
                see(line)
            if time.monotonic() > deadline:
                raise DeviceTimeout(
                    f"{self._link.name} sends without a pause{self.last_words()}",
                    hint=self.loop_hint() or "is the baud rate right (--baud)?",
                )
        for line in self._whole_lines():
            see(line)
        if self._received:
            see(self._text(bytes(self._received)))
        self._forget()

    def last_words(self) -> str:
        """`; it sent last: …` for messages, with what came of a line that did not end."""
        begun = self._clean(bytes(self._received[-RECENT_CHARACTERS:]) or self._tail)
        last = [*self._recent, *filter(None, [begun])][-SHOWN:]
        shown = [f"'{printable(line)[:RECENT_CHARACTERS]}'" for line in last]
        if shown:
            return f"; it sent last: {' | '.join(shown)}"
        return "; it sent nothing" + (" but blank lines and NULs" if self._came else "")

    def loop_hint(self) -> str:
        """What to do where the same lines came again and again; empty where they did not."""
        often = any(self._recent.count(line) >= LOOP for line in set(self._recent))
        return (
            "the same lines come again and again, as from a board that restarts in a loop: check "
            "its supply, then flash it again (`tinyssl flash`)"
            if often
            else ""
        )

    def _add(self, data: bytes) -> None:
        self._received += data
        self._came = True

    def _whole_lines(self) -> Iterator[str]:
        while (line := self._take(LINE_BYTES)) is not None:
            yield line

    def _take(self, longest: int) -> str | None:
        """A line that has come, or the start of one that is too long."""
        while True:
            end = self._received.find(b"\n", self._searched)
            if end < 0 and (self._skipping or len(self._received) <= longest):
                if self._skipping and self._received:
                    self._tail = bytes(self._received[-RECENT_CHARACTERS:])
                    self._received.clear()
                self._searched = len(self._received)
                return None
            raw = bytes(self._received[: min(end if end >= 0 else longest + 1, longest + 1)])
            skipped, self._skipping = self._skipping, end < 0
            del self._received[: end + 1 if end >= 0 else len(self._received)]
            self._searched = 0
            if not skipped:
                return self._text(raw)

    def _text(self, raw: bytes) -> str:
        line = self._clean(raw)
        if line:
            self._recent.append(line[:RECENT_CHARACTERS])
        return line

    @staticmethod
    def _clean(raw: bytes) -> str:
        """A line as text; each byte that is no UTF-8 stays one character, so that CRCs hold."""
        return raw.decode("utf-8", "surrogateescape").replace("\r", "").replace("\0", "")

    def _forget(self) -> None:
        self._received.clear()
        self._searched, self._skipping = 0, False
