"""Serial ports of this computer, and which of them is the board's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from tinyssl.core.errors import DeviceNotFound
from tinyssl.device.link import refused
from tinyssl.targets.boards import Board

TOUCH_BAUD = 1200
TOUCH_SECONDS = 5.0
TOUCH_PAUSE = 0.5
"""Seconds until a board that was touched has left the bus"""


@dataclass(frozen=True)
class SerialPort:
    """A serial port on USB."""

    port: str
    """What to open: /dev/ttyACM0, COM3"""
    vid: str
    """USB vendor, four hex digits"""
    pid: str
    """USB product, four hex digits"""
    description: str = ""
    serial_number: str = ""


def find_ports(board: Board | None) -> list[SerialPort]:
    """USB serial ports, by name: those with the board's USB ids, or all.

    Raises:
        DeviceNotFound: The system's list cannot be read.
    """
    try:
        listed = list_ports.comports()
    except Exception as error:  # a device that leaves the bus meanwhile: TypeError and others
        raise DeviceNotFound(
            f"cannot list the serial ports: {error}", hint="plug the board in again and repeat it"
        ) from error
    found = [
        SerialPort(
            port=info.device,
            vid=f"{info.vid:04x}",
            pid=f"{info.pid:04x}",
            description=info.description or "",
            serial_number=info.serial_number or "",
        )
        for info in listed
        if info.vid is not None and info.pid is not None
    ]
    if board is not None:
        wanted = {(int(vid, 16), int(pid, 16)) for vid, pid in board.tinyssl.serial.usb_ids}
        found = [port for port in found if (int(port.vid, 16), int(port.pid, 16)) in wanted]
    return sorted(found, key=lambda port: port.port)


def touch(port: str, seconds: float = TOUCH_SECONDS) -> None:
    """Opens a port at 1200 baud and closes it: what sends Arduino's firmware into its boot loader.

    Then waits until the port is there again; a boot loader takes a moment, and may get another name
    (it is named anew with --port then).

    Raises:
        DeviceNotFound: The port cannot be opened.
    """
    try:
        with serial.Serial(port, TOUCH_BAUD, exclusive=True) as line:
            line.dtr = False
    except Exception as error:
        if type(error) is not OSError:  # that is a terminal without control lines
            raise DeviceNotFound(
                refused(port, error, TOUCH_BAUD).message,
                hint="press reset twice quickly: the boot loader starts and has a port of its own",
            ) from error
    end = time.monotonic() + seconds
    time.sleep(min(seconds, TOUCH_PAUSE))
    while not Path(port).exists() and time.monotonic() < end:
        time.sleep(TOUCH_PAUSE)


def only_port(board: Board) -> SerialPort:
    """The one port with the board's USB ids.

    Raises:
        DeviceNotFound: There is none, or there are more; the message lists them.
    """
    found = find_ports(board)
    if len(found) == 1:
        return found[0]
    if not found:
        ids = ", ".join(":".join(pair) for pair in board.tinyssl.serial.usb_ids) or "none"
        raise DeviceNotFound(
            f"no serial port has a USB id of {board.id} ({ids})",
            hint="plug the board in, or name its port (bench: --serial, flash: --port); `tinyssl "
            "ports` lists all",
        )
    names = ", ".join(f"{port.port} (serial number {port.serial_number or '?'})" for port in found)
    raise DeviceNotFound(
        f"{len(found)} ports match {board.id}: {names}",
        hint="name one (bench: --serial, flash: --port)",
    )
