"""The debug probes and serial ports that are attached, and whose boards they may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.device.flashers import pyocd
from tinyssl.device.ports import SerialPort, find_ports
from tinyssl.device.usb import UsbDevice, probes_of, udev_rule, usb_devices
from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class Probe:
    """Something that a board may be flashed through."""

    probe: str
    """What --port takes: serial number of the probe, or the serial port where it has none"""
    name: str
    ids: str
    """USB vendor:product"""
    port: str
    """Its serial port"""
    boards: str
    """Boards with that USB id"""
    allowed: bool
    """This user may open it"""
    udev_rule: str = ""
    """What is missing where it may not"""


def list_probes(boards: Sequence[Board]) -> list[Probe]:
    """Probes that a board file, pyOCD (where it is installed) or the serial ports know."""
    devices = usb_devices()
    ports = find_ports(None)
    found: dict[str, Probe] = {}
    for device in devices:
        names = [board.id for board in boards if probes_of(board, [device])]
        if names:
            found[_key(device)] = _of_device(device, names, ports)
    for port in ports:
        ids = f"{port.vid}:{port.pid}"
        key = port.serial_number or port.port
        if key not in found:
            names = [b.id for b in boards if (port.vid, port.pid) in b.tinyssl.serial.usb_ids]
            found[key] = Probe(key, port.description, ids, port.port, ", ".join(names), True)
    for seen in pyocd.probes():
        found.setdefault(seen["probe"], Probe(seen["probe"], seen["name"], "", "", "", True))
    return sorted(found.values(), key=lambda probe: probe.probe)


def _key(device: UsbDevice) -> str:
    return device.serial_number or str(device.node)


def _of_device(device: UsbDevice, names: list[str], ports: Sequence[SerialPort]) -> Probe:
    serial = [port.port for port in ports if port.serial_number == device.serial_number]
    return Probe(
        probe=_key(device),
        name=device.product,
        ids=f"{device.vid}:{device.pid}",
        port=", ".join(serial),
        boards=", ".join(names),
        allowed=device.allowed,
        udev_rule="" if device.allowed else udev_rule(device),
    )
