"""USB devices as the kernel knows them: debug probes, who may use them, the missing udev rule."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.errors import DeviceNotFound
from tinyssl.targets.boards import Board

DEVICES = Path("/sys/bus/usb/devices")
NODES = Path("/dev/bus/usb")
RULES = Path("/etc/udev/rules.d/70-tinyssl.rules")
"""Before 73-seat-late.rules, which gives the devices that are tagged `uaccess` to who sits there"""


@dataclass(frozen=True)
class UsbDevice:
    """One device on the bus."""

    vid: str
    pid: str
    serial_number: str
    product: str
    node: Path
    """What libusb opens"""

    @property
    def allowed(self) -> bool:
        """Whether this user may open it."""
        return os.access(self.node, os.R_OK | os.W_OK)


def usb_devices(folder: Path = DEVICES, nodes: Path = NODES) -> list[UsbDevice]:
    """All devices, by bus and number (Linux; nothing elsewhere)."""
    found = []
    for place in sorted(folder.glob("*")) if folder.is_dir() else []:
        values = {name: _text(place / name) for name in _ATTRIBUTES}
        if not values["idVendor"] or not values["busnum"]:
            continue  # an interface
        node = nodes / f"{int(values['busnum']):03d}" / f"{int(values['devnum']):03d}"
        found.append(
            UsbDevice(
                values["idVendor"], values["idProduct"], values["serial"], values["product"], node
            )
        )
    return found


_ATTRIBUTES = ("idVendor", "idProduct", "serial", "product", "busnum", "devnum")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace", encoding="utf-8").strip()
    except OSError:
        return ""


def probes_of(board: Board, devices: Iterable[UsbDevice]) -> list[UsbDevice]:
    """The devices with a USB id of the board's probe."""
    wanted = {(vid.lower(), pid.lower()) for vid, pid in board.tinyssl.serial.usb_ids}
    return [device for device in devices if (device.vid.lower(), device.pid.lower()) in wanted]


def udev_rule(device: UsbDevice) -> str:
    """The line that lets users at this computer open such a device."""
    return (
        f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{device.vid}", ATTR{{idProduct}}=="{device.pid}", '
        'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    )


def check_allowed(probes: Iterable[UsbDevice], port: str | None = None) -> None:
    """Raises DeviceNotFound, with the udev rule, where a probe is there but may not be opened.

    Args:
        probes: The board's probes.
        port: Serial number of the one that will be used; None: any.
    """
    for probe in probes:
        if probe.allowed or (port and port != probe.serial_number):
            continue
        raise DeviceNotFound(
            f"this user may not open the probe {probe.product or probe.vid} ({probe.node})",
            hint=f"as root, write this line into {RULES}:\n{udev_rule(probe)}\nthen run `udevadm "
            "control --reload && udevadm trigger` and plug the board in again",
        )
