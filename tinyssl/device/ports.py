"""Serial ports of this computer, and which of them is the board's."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from tinyssl.boards import Board
from tinyssl.errors import DeviceNotFound


@dataclass(frozen=True)
class Port:
    """A serial port on USB."""

    port: str
    """What to open: /dev/ttyACM0, COM3"""
    vid: str
    """USB vendor, four hex digits"""
    pid: str
    """USB product, four hex digits"""
    description: str = ""
    serial_number: str = ""


def find_ports(board: Board | None) -> list[Port]:
    """USB serial ports, by name: those with the board's USB ids, or all."""
    found = [
        Port(
            port=info.device,
            vid=f"{info.vid:04x}",
            pid=f"{info.pid:04x}",
            description=info.description or "",
            serial_number=info.serial_number or "",
        )
        for info in list_ports.comports()
        if info.vid is not None and info.pid is not None
    ]
    if board is not None:
        wanted = {(int(vid, 16), int(pid, 16)) for vid, pid in board.tinyssl.serial.usb_ids}
        found = [port for port in found if (int(port.vid, 16), int(port.pid, 16)) in wanted]
    return sorted(found, key=lambda port: port.port)


def only_port(board: Board) -> Port:
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
            hint="plug the board in, or name the port with --serial; `tinyssl ports` lists all",
        )
    names = ", ".join(f"{port.port} (serial number {port.serial_number or '?'})" for port in found)
    raise DeviceNotFound(
        f"{len(found)} ports match {board.id}: {names}", hint="name one with --serial"
    )
