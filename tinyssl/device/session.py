"""A conversation with a device: lock-step commands, with limits, checks and repeats.

One command is under way at a time; its reply ends with `m-ready`. A reply that is late, damaged or
an error is asked for again, up to `retries` times, each time after the line was brought back into
step. A reset is never papered over: it is a `DeviceError` at once.

Every reply has limits, whatever the device sends: so many lines, so many bytes a line, and a time
for each line and for the whole. docs/PROTOCOL.md says what they come to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from tinyssl.core.errors import DeviceError, DeviceTimeout
from tinyssl.core.text import percent_decoded
from tinyssl.device.fields import BadValue
from tinyssl.device.learning_commands import LearningCommands
from tinyssl.device.lines import LineReader
from tinyssl.device.link import Link
from tinyssl.device.protocol import (
    Garbled,
    Identity,
    Inference,
    MemoryPeaks,
    Profile,
    WasReset,
    check_lines,
    frame,
    parse_identity,
    parse_inference,
    parse_memory,
    parse_profile,
    parse_watchdog,
    restarted,
)
from tinyssl.device.request import Request
from tinyssl.device.tensors import parse_data, parse_state, parse_tensors
from tinyssl.device.words import words
from tinyssl.graph.interface import ValueInfo

T = TypeVar("T")

LINE_TIMEOUT = 5.0
"""Seconds for a line that the device sends without computing (MLPerf's runner allows as many)"""
SYNC_TIMEOUT = 2.0
"""Seconds for an answer to `name%`, per try"""
SYNC_TRIES = 4
QUIET = 0.05
"""Seconds of silence that end old output"""
FLUSH = 8192
"""NUL bytes that end a frame which nobody will finish; the device itself gives one up after 1 s"""
BITS_PER_BYTE = 10
FRAME_UNIT = 8
"""Bytes of the largest element: a frame of parameters holds whole ones"""
EXTRA_LINES = 32
"""Lines that a reply may have too many before it is given up: a fault's report, a boot banner"""
RESTART_LINES = 8
"""Lines that tell of a restart, of those that were dropped: more say nothing new"""


class Session(LearningCommands):
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
        self.sent = 0
        """Bytes of commands and frames so far, without those that bring into step"""
        self._reader = LineReader(link)
        self._restarts: list[str] = []
        """Lines that were dropped and tell of a restart"""
        self._identity: Identity | None = None
        super().__init__()

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
        self._reader.forget_recent()
        left = self.timeout
        for attempt in range(SYNC_TRIES):
            left = self._drain(left)
            # The NULs fill a frame that an earlier host left half sent: the device takes them for
            # its rest, finds the CRC wrong, and ignores those that are left. `%` ends a half line.
            fill = b"\0" * FLUSH if attempt > 0 else b""
            self._write_name(fill)
            try:
                seconds = min(SYNC_TIMEOUT, self.timeout) + self._wire_seconds(len(fill))
                name = self._find_name(seconds)
            except DeviceTimeout:
                continue
            self._drain(left)
            return name
        raise DeviceTimeout(
            f"{self.link.name} does not answer `name%` ({SYNC_TRIES} tries)"
            f"{self._reader.last_words()}",
            hint=self._reader.loop_hint()
            or "is tinyssl's firmware on it (`tinyssl flash`), and the baud rate right (--baud)?",
        )

    def identity(self) -> Identity:
        """Who the device says it is."""
        request = Request(b"tinyssl%", lines=len(words().identity))
        self._identity = self._ask(request, parse_identity)
        return self._identity

    def infer(self, wire: bytes) -> Inference:
        """Sends the first input and runs it once: one round trip.

        Args:
            wire: The first input, `Identity.input_bytes` bytes: uint8 pixels or raw int8.
        """
        size = self._known().output_bytes
        request = Request(frame("run", wire), slow_line=1, lines=2, output=size)
        return self._ask(request, partial(_loaded_inference, output_bytes=size))

    def load(self, wire: bytes) -> None:
        """Sends an input for `repeat()` and `profile()`."""
        self._ask(Request(frame("bin", wire)), _loaded)

    def repeat(self) -> Inference:
        """Runs the input that was sent last once more."""
        size = self._known().output_bytes
        request = Request(b"run%", slow_line=0, output=size)
        return self._ask(request, partial(parse_inference, output_bytes=size))

    def tensors(self) -> tuple[ValueInfo, ...]:
        """The model's named tensors, by id."""
        count = self._known().tensors
        request = Request(b"tensors%", lines=count)
        return self._ask(request, partial(parse_tensors, count=count))

    def write(self, tensor: int, data: bytes, offset: int = 0) -> None:
        """Writes bytes of an input, parameter or state, in its own element type.

        Args:
            tensor: Id.
            data: Little-endian elements, or a part of them.
            offset: Bytes in front of them.
        """
        self._ask(Request(frame(f"set {tensor} {offset}", data)), _loaded)

    def write_lasting(self, tensor: int, data: bytes) -> None:
        """Writes all of a parameter or state, in frames as large as the device takes.

        One that is damaged on the way, or holds a value that is no finite number, changes nothing;
        what came in frames before it stays.
        """
        size = self._known().frame_bytes // FRAME_UNIT * FRAME_UNIT
        for offset in range(0, len(data), size):
            self.write(tensor, data[offset : offset + size], offset)

    def read(self, tensor: int, size: int, offset: int = 0) -> bytes:
        """`size` bytes of a named tensor; of an output, those of the last inference."""
        request = Request(f"get {tensor} {offset} {size}%".encode(), output=size)
        return self._ask(request, partial(parse_data, tensor=tensor, offset=offset, size=size))

    def reset_state(self) -> None:
        """Gives all states their first values: a new sequence begins."""
        self._ask(Request(b"state reset%"), parse_state)

    def profile(self) -> Profile:
        """Ticks of every operator, on the input that was sent last."""
        ops = self._known().ops
        return self._ask(
            Request(b"prof%", slow_line=0, lines=ops + 1), partial(parse_profile, ops=ops)
        )

    def memory(self) -> MemoryPeaks:
        """Most bytes of arena and stack that were in use so far."""
        return self._ask(Request(b"mem%"), parse_memory)

    def watchdog(self, seconds: float) -> float:
        """Arms the device's watchdog: from now on it restarts where it hangs for so long.

        Returns:
            Seconds that it waits, which the chip may have rounded.

        Raises:
            DeviceError: The board has none that waits so long.
        """
        request = Request(f"watchdog {round(1000 * seconds)}%".encode())
        return self._ask(request, parse_watchdog) / 1000

    def reset(self) -> None:
        """Restarts the device and waits until it is there again.

        Raises:
            DeviceTimeout: It does not come back.
        """
        self.link.write(b"reset%")
        deadline = time.monotonic() + self.timeout
        while self._reader.next(deadline) != words().replies["init_done"]:
            pass
        self.sync()

    def _known(self) -> Identity:
        """The identity, which says how long replies are; asked for once."""
        return self._identity or self.identity()

    def _ask(self, request: Request, parse: Callable[[Sequence[str]], T]) -> T:
        """Sends, reads, checks and parses; repeats all of it when something went wrong."""
        for attempt in range(self.retries + 1):
            if attempt > 0:
                self._resume()
            self._reader.forget_recent()
            try:
                self.link.write(request.data)
                self.sent += len(request.data)
                lines = self._reply(request)
                check_lines(lines)
                return parse(lines)
            except (WasReset, BadValue):
                raise
            except (DeviceError, DeviceTimeout):
                if attempt == self.retries:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _resume(self) -> None:
        """Back into step after a failure. A reset in the meantime shows in what is dropped."""
        self.retried += 1
        self._restarts.clear()
        self.sync()
        check_lines(self._restarts)

    def _reply(self, request: Request) -> list[str]:
        """Lines up to `m-ready`, without it.

        Raises:
            DeviceTimeout: A line, or all of it, takes too long.
            Garbled: It has too many lines.
            DeviceError: What came until then says what happened.
        """
        ready = words().replies["ready"]
        quick = min(LINE_TIMEOUT, self.timeout)
        inferences = self.timeout * request.inferences
        slow = inferences if request.slow_line >= 0 else 0.0
        end = time.monotonic() + quick + slow + request.wire_seconds
        lines: list[str] = []
        try:
            for _ in range(request.lines + EXTRA_LINES):
                limit = inferences if len(lines) == request.slow_line else quick
                line = self._reader.next(
                    min(end, time.monotonic() + limit + request.wire_seconds), request.longest
                )
                if line == ready:
                    return lines
                if ready in line:
                    raise Garbled(f"unexpected reply {line[:80]!r}", hint="check the cable")
                if line:
                    lines.append(line)
        except DeviceTimeout:
            check_lines(lines)
            raise
        check_lines(lines)
        raise Garbled(
            f"{request.lines + EXTRA_LINES} lines in answer to {request.data[:8]!r}, to which at"
            f" most {request.lines} belong{self._reader.last_words()}",
            hint=self._reader.loop_hint() or "is the baud rate right (--baud)?",
        )

    def _write_name(self, fill: bytes) -> None:
        try:
            self.link.write(fill + b"%name%")
        except DeviceTimeout as error:
            raise DeviceTimeout(
                f"{error.message}{self._reader.last_words()}",
                hint=self._reader.loop_hint() or error.hint,
            ) from error

    def _find_name(self, seconds: float) -> str:
        """Reads up to the name line and the `m-ready` behind it."""
        replies = words().replies
        deadline = time.monotonic() + seconds
        name = ""
        while True:
            line = self._reader.next(deadline)
            if match := words().match(replies["name"], line):
                name = percent_decoded(match[1])
            elif line == replies["ready"] and name:
                return name
            self._see_dropped(line)

    def _see_dropped(self, line: str) -> None:
        if restarted(line) and len(self._restarts) < RESTART_LINES:
            self._restarts.append(line)

    def _drain(self, seconds: float) -> float:
        """Drops what the device still sends, until it is silent.

        Returns:
            What is left of `seconds`, in which it must become so.
        """
        started = time.monotonic()
        self._reader.drop(QUIET, started + seconds, self._see_dropped)
        return seconds - (time.monotonic() - started)

    def _wire_seconds(self, size: int) -> float:
        """Time that `size` bytes take on the wire."""
        return size * BITS_PER_BYTE / self.link.baud


def _loaded(lines: Sequence[str]) -> None:
    if list(lines) != [words().replies["load_done"]]:
        raise Garbled(f"unexpected reply {str(lines)[:80]}", hint="check cable and baud rate")


def _loaded_inference(lines: Sequence[str], output_bytes: int) -> Inference:
    _loaded(lines[:1])
    return parse_inference(lines[1:], output_bytes)
