"""A conversation with a device: lock-step commands, with time limits, checks and repeats.

One command is under way at a time; its reply ends with `m-ready`. A reply that is late, damaged or
an error is asked for again, up to `retries` times, each time after the line was brought back into
step. A reset is never papered over: it is a `DeviceError` at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from tinyssl.device.faults import find_fault
from tinyssl.device.link import Link
from tinyssl.device.protocol import (
    Garbled,
    Identity,
    Inference,
    Memory,
    Profile,
    WasReset,
    check_lines,
    frame,
    parse_identity,
    parse_inference,
    parse_memory,
    parse_profile,
    parse_watchdog,
)
from tinyssl.device.words import words
from tinyssl.errors import DeviceError, DeviceTimeout

T = TypeVar("T")

LINE_TIMEOUT = 5.0
"""Seconds for a line that the device sends without computing (MLPerf's runner allows as many)"""
SYNC_TIMEOUT = 2.0
"""Seconds for an answer to `name%`, per try"""
SYNC_TRIES = 5
QUIET = 0.05
"""Seconds of silence that end old output"""
FLUSH = 8192
"""NUL bytes, times the number of the try, that end a frame which nobody will finish"""
BITS_PER_BYTE = 10
SLOWEST_LINE = 2000.0
"""Bytes a second that a frame must make at least. Below any sensible baud rate, because an emulated
UART takes one byte at a time from its terminal: 4,000 bytes/s were measured on a busy computer"""


@dataclass(frozen=True)
class _Request:
    """A command, and which line of its reply (from 0) may take as long as an inference."""

    data: bytes
    slow_line: int = -1


class Session:
    """Commands to one device. Every command may raise `DeviceError` and `DeviceTimeout`.

    Args:
        link: An open line; the session closes it.
        timeout: Seconds that an inference may take.
        retries: Repeats of a command after a lost or damaged answer.
    """

    def __init__(self, link: Link, timeout: float = 30.0, retries: int = 3) -> None:
        self.link = link
        self.timeout = timeout
        self.retries = retries
        self.retried = 0
        """Commands that were repeated so far"""
        self._received = b""
        self._drained = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.link.close()

    def sync(self) -> str:
        """Drops old output and waits until `name%` is answered; returns the board's name.

        Raises:
            DeviceTimeout: No answer in any of the tries.
            DeviceError: The line is gone.
        """
        for attempt in range(SYNC_TRIES):
            self._drain()
            # The NULs fill a frame that an earlier host left half sent: the device takes them for
            # its rest, finds the CRC wrong, and ignores those that are left. `%` ends a half line.
            fill = b"\0" * (FLUSH * attempt)
            self.link.write(fill + b"%name%")
            try:
                seconds = min(SYNC_TIMEOUT, self.timeout) + self._wire_seconds(len(fill))
                name = self._find_name(seconds)
            except DeviceTimeout:
                continue
            self._drain()
            return name
        raise DeviceTimeout(
            f"{self.link.name} does not answer `name%` ({SYNC_TRIES} tries)",
            hint="is tinyssl's firmware on it (`tinyssl flash`), and the baud rate right (--baud)?",
        )

    def identity(self) -> Identity:
        """Who the device says it is."""
        return self._ask(_Request(b"tinyssl%"), parse_identity)

    def infer(self, wire: bytes) -> Inference:
        """Sends an input and runs it once: one round trip.

        Args:
            wire: The input, `Identity.input_bytes` bytes: uint8 pixels or raw int8.
        """
        return self._ask(_Request(frame("run", wire), slow_line=1), _loaded_inference)

    def load(self, wire: bytes) -> None:
        """Sends an input for `repeat()` and `profile()`."""
        self._ask(_Request(frame("bin", wire)), _loaded)

    def repeat(self) -> Inference:
        """Runs the input that was sent last once more."""
        return self._ask(_Request(b"run%", slow_line=0), parse_inference)

    def profile(self) -> Profile:
        """Ticks of every operator, on the input that was sent last."""
        return self._ask(_Request(b"prof%", slow_line=0), parse_profile)

    def memory(self) -> Memory:
        """Most bytes of arena and stack that were in use so far."""
        return self._ask(_Request(b"mem%"), parse_memory)

    def watchdog(self, seconds: float) -> float:
        """Arms the device's watchdog: from now on it restarts where it hangs for so long.

        Returns:
            Seconds that it waits, which the chip may have rounded.

        Raises:
            DeviceError: The board has none that waits so long.
        """
        request = _Request(f"watchdog {round(1000 * seconds)}%".encode())
        return self._ask(request, parse_watchdog) / 1000

    def reset(self) -> None:
        """Restarts the device and waits until it is there again.

        Raises:
            DeviceTimeout: It does not come back.
        """
        self.link.write(b"reset%")
        deadline = time.monotonic() + self.timeout
        while self._line(deadline) != words().replies["init_done"]:
            pass
        self.sync()

    def _ask(self, request: _Request, parse: Callable[[Sequence[str]], T]) -> T:
        """Sends, reads, checks and parses; repeats all of it when something went wrong."""
        for attempt in range(self.retries + 1):
            if attempt > 0:
                self._resume()
            try:
                self.link.write(request.data)
                lines = self._reply(request)
                check_lines(lines)
                return parse(lines)
            except WasReset:
                raise
            except (DeviceError, DeviceTimeout):
                if attempt == self.retries:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _resume(self) -> None:
        """Back into step after a failure. A reset in the meantime shows in what is dropped."""
        self.retried += 1
        self._drained = ""
        self.sync()
        dropped = self._drained.splitlines()
        check_lines([line for line in dropped if not line.startswith("e-") or find_fault(line)])

    def _reply(self, request: _Request) -> list[str]:
        """Lines up to `m-ready`, without it."""
        ready = words().replies["ready"]
        lines: list[str] = []
        while True:
            slow = len(lines) == request.slow_line
            limit = self.timeout if slow else min(LINE_TIMEOUT, self.timeout)
            line = self._line(time.monotonic() + limit + len(request.data) / SLOWEST_LINE)
            if line == ready:
                return lines
            if ready in line:
                raise Garbled(f"unexpected reply {line[:80]!r}", hint="check the cable")
            if line:
                lines.append(line)

    def _find_name(self, seconds: float) -> str:
        """Reads up to the name line and the `m-ready` behind it."""
        replies = words().replies
        deadline = time.monotonic() + seconds
        name = ""
        while True:
            line = self._line(deadline)
            if match := words().match(replies["name"], line):
                name = match[1]
            elif line == replies["ready"] and name:
                return name
            self._drained += line + "\n"

    def _line(self, deadline: float) -> str:
        """The next line, without its end.

        Raises:
            DeviceTimeout: It is not whole at `deadline`.
        """
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            data = self.link.read(left) if left > 0 else b""
            if not data:
                raise DeviceTimeout(
                    f"{self.link.name} did not answer in time; it sent"
                    f" {self._received[-40:].decode('ascii', 'replace')!r} last",
                    hint="raise --timeout, or run `tinyssl flash` to start the device again",
                )
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        return line.decode("ascii", "replace").replace("\r", "").replace("\0", "")

    def _drain(self) -> None:
        """Drops what the device still sends, until it is silent."""
        deadline = time.monotonic() + self.timeout
        while data := self.link.read(QUIET):
            self._received += data
            if time.monotonic() > deadline:
                raise DeviceTimeout(
                    f"{self.link.name} has been sending for {self.timeout:g} s without a pause",
                    hint="is the baud rate right (--baud)?",
                )
        self._drained += self._received.decode("ascii", "replace").replace("\r", "")
        self._received = b""

    def _wire_seconds(self, size: int) -> float:
        """Time that `size` bytes take on the wire, twice over: the computer may be busy."""
        return 2.0 * size * BITS_PER_BYTE / self.link.baud


def _loaded(lines: Sequence[str]) -> None:
    if list(lines) != [words().replies["load_done"]]:
        raise Garbled(f"unexpected reply {lines!r}", hint="check cable and baud rate")


def _loaded_inference(lines: Sequence[str]) -> Inference:
    _loaded(lines[:1])
    return parse_inference(lines[1:])
