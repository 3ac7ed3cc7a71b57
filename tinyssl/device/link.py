"""Bytes to and from a device.

`Link` is what a session needs; `SerialLink` is the one implementation, for real ports and for the
pseudo-terminals of emulators alike.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Protocol

import serial

from tinyssl.core.errors import DeviceError, DeviceNotFound, DeviceTimeout

WRITE_TIMEOUT = 3.0
"""Seconds until a device takes the first bytes, beside those that SLOWEST_LINE gives all of them. A
terminal blocks when nobody reads its other end, and, once full, until nearly all of it was read:
7 s were measured for 27 kB on a busy computer"""
SLOWEST_LINE = 2000.0
"""Bytes a second that a device must take and send at least. Below any sensible baud rate, because
an emulated UART takes one byte at a time: 4,000 bytes/s were measured on a busy computer"""


class Link(Protocol):
    """A line to a device."""

    name: str
    """Port, for messages"""
    baud: int
    """Bits a second; 10 bits a byte"""

    def write(self, data: bytes) -> None:
        """Sends all of `data`.

        Raises:
            DeviceTimeout: The other end does not take it.
            DeviceError: The line is gone.
        """

    def read(self, timeout: float) -> bytes:
        """What has come, at least one byte; empty when none came within `timeout` seconds.

        Raises:
            DeviceError: The line is gone.
        """

    def close(self) -> None:
        """Gives the port back."""


class SerialLink:
    """A serial port or pseudo-terminal, opened for this process alone.

    DTR and RTS stay de-asserted: many boards reset when they are raised.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.name = port
        self.baud = baud
        try:
            self._serial = serial.Serial(
                baudrate=baud, timeout=0.0, write_timeout=WRITE_TIMEOUT, exclusive=True
            )
            self._serial.port = port
            self._serial.dtr = False
            self._serial.rts = False
            self._serial.open()
        except Exception as error:  # pyserial lets pass what termios, struct and the system raise
            raise refused(port, error, baud) from error

    def write(self, data: bytes) -> None:
        """See `Link`."""
        seconds = WRITE_TIMEOUT + len(data) / SLOWEST_LINE
        try:
            self._serial.write_timeout = seconds
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceTimeout(
                f"{self.name} did not take {len(data):,} bytes in {seconds:.1f} s",
                hint="run `tinyssl flash` to start the device again",
            ) from error
        except Exception as error:  # as in `read`
            raise self._gone(error) from error

    def read(self, timeout: float) -> bytes:
        """See `Link`."""
        try:
            if self._serial.timeout != timeout:
                self._serial.timeout = timeout
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except Exception as error:  # a port that vanishes raises TypeError and termios.error too
            raise self._gone(error) from error

    def close(self) -> None:
        """See `Link`."""
        with contextlib.suppress(Exception):  # a port that is gone is closed
            self._serial.close()

    def _gone(self, error: Exception) -> DeviceError:
        return DeviceError(
            f"{self.name} is gone: {error}",
            hint="the board was unplugged or the emulator ended; run `tinyssl flash`",
        )


def open_link(port: str, baud: int) -> Link:
    """Opens `port`.

    Raises:
        DeviceNotFound: There is no such port, it is in use, or this user may not open it; the hint
            says what to do.
    """
    return SerialLink(port, baud)


def refused(port: str, error: Exception, baud: int) -> DeviceNotFound:
    """Why a port could not be opened, and what to do about it."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or not _exists(port):
        return DeviceNotFound(
            f"there is no port {port}",
            hint="`tinyssl ports` lists them; an emulator needs `tinyssl flash`",
        )
    if number in (errno.EACCES, errno.EPERM):
        return DeviceNotFound(
            f"this user may not open {port}",
            hint="run `sudo usermod -aG dialout $USER`, log in again; `tinyssl doctor` checks it",
        )
    if number in (errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK) or "lock" in str(error):
        users = ", ".join(f"{name} (process {pid})" for pid, name in port_users(port))
        return DeviceNotFound(
            f"{port} is in use by {users or 'another process'}",
            hint="end that program (a serial monitor, another tinyssl bench), then try again",
        )
    if not Path(port).is_char_device():
        kind = "a folder" if Path(port).is_dir() else "a file"
        return DeviceNotFound(
            f"{port} is {kind}, no serial port", hint="`tinyssl ports` lists the ports"
        )
    return DeviceNotFound(
        f"cannot open {port} at {baud:,} baud: {error}",
        hint="is it a serial port (`tinyssl ports` lists them), and does it do this rate (--baud)?",
    )


def _first_text(path: Path) -> str:
    """The name that a process gave itself: any bytes."""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _exists(port: str) -> bool:
    try:
        return Path(port).exists()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL
        return False


def port_users(port: str) -> list[tuple[int, str]]:
    """Process ids and names that have `port` open, as far as this user may see (Linux only)."""
    target = Path(port).resolve()
    found: list[tuple[int, str]] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = any(link.readlink() == target for link in (folder / "fd").iterdir())
            if held and int(folder.name) != os.getpid():
                found.append((int(folder.name), _first_text(folder / "comm")))
        except OSError:
            continue
    return found
