"""Runs another program with limits: of time, and of what it may print.

A compiler, an uploader or what a device says through one may print for ever. Only so much of it is
kept, and the program is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT_BYTES = 16 << 20
"""Of stdout and stderr together: a build of hundreds of files prints a tenth of it"""
CHUNK = 65536
PR_SET_PDEATHSIG = 1


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """The kernel sends this process a signal when the thread that started it ends, however it ends.

    Does nothing where the system is not Linux, which alone can do it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


class ChildStopped(Exception):
    """The program was ended, because it printed too much or took too long.

    Args:
        why: `printed more than …` or `did not end in …`, for a message.
        output: What it had printed.
    """

    def __init__(self, why: str, output: str) -> None:
        super().__init__(why)
        self.why = why
        self.output = output


@dataclass(frozen=True)
class Ended:
    """A program that ended."""

    code: int
    """Exit status; negative: the signal that ended it"""
    output: str
    """stdout and stderr, in the order in which they came"""


def run_child(
    command: Sequence[str],
    *,
    seconds: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    most: int = OUTPUT_BYTES,
) -> Ended:
    """Runs a program without input; whatever ends the wait also ends its own children.

    Args:
        command: Program and arguments.
        seconds: Time until it must have ended.
        folder: Where it runs; default: here.
        environment: Its variables; default: ours.
        most: Bytes that it may print.

    Raises:
        ChildStopped: It took longer or printed more.
        OSError: It cannot be started.
    """
    end = time.monotonic() + seconds
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        output = bytearray()
        try:
            _read(process.stdout.fileno(), output, end, most)
            process.wait(max(end - time.monotonic(), 0.0))
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired | TimeoutError):
                raise ChildStopped(f"did not end in {seconds:.0f} s", _text(output)) from error
            if isinstance(error, BufferError):
                raise ChildStopped(f"printed more than {most:,} bytes", _text(output)) from error
            raise
    return Ended(process.returncode, _text(output))


def _read(file: int, output: bytearray, end: float, most: int) -> None:
    """Reads to the end of `file`.

    Raises:
        TimeoutError: It is not reached at `end`.
        BufferError: There are more than `most` bytes.
    """
    while len(output) <= most:
        if not select.select([file], [], [], max(end - time.monotonic(), 0.0))[0]:
            raise TimeoutError
        data = os.read(file, CHUNK)
        if not data:
            return
        output += data
        if time.monotonic() > end:
            raise TimeoutError
    raise BufferError


def _text(output: bytearray) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")
