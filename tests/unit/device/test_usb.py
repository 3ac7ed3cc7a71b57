"""USB devices from a copy of sysfs, and the rule for those that may not be opened."""

import os

import pytest

from tinyssl.core.errors import DeviceNotFound
from tinyssl.device import probes, usb
from tinyssl.device.flashers import pyocd
from tinyssl.device.ports import SerialPort
from tinyssl.device.usb import check_allowed, probes_of, udev_rule, usb_devices
from tinyssl.targets.boards import find_board


@pytest.fixture
def bus(tmp_path):
    """An ST-Link (device 7 of bus 1), a hub without a product, and an interface of the ST-Link."""
    sysfs, nodes = tmp_path / "sys", tmp_path / "dev"
    for name, values in {
        "1-2": {"idVendor": "0483", "idProduct": "374e", "serial": "0042", "product": "STLINK-V3",
                "busnum": "1", "devnum": "7"},
        "usb1": {"idVendor": "1d6b", "idProduct": "0002", "busnum": "1", "devnum": "1"},
        "1-2:1.0": {"bInterfaceClass": "ff"},
    }.items():  # fmt: skip
        (sysfs / name).mkdir(parents=True)
        for key, value in values.items():
            (sysfs / name / key).write_text(value + "\n")
    (nodes / "001").mkdir(parents=True)
    (nodes / "001" / "007").touch()
    (nodes / "001" / "001").touch()
    return sysfs, nodes


def test_devices_are_read_and_interfaces_left_out(bus):
    found = usb_devices(*bus)
    assert [(d.vid, d.pid, d.serial_number) for d in found] == [
        ("0483", "374e", "0042"),
        ("1d6b", "0002", ""),
    ]
    (probe,) = probes_of(find_board("nucleo_h743zi"), found)
    assert probe.product == "STLINK-V3"
    assert probe.node == bus[1] / "001" / "007"
    assert probes_of(find_board("nrf52840_dk"), found) == []


def test_a_probe_that_may_not_be_opened_names_the_rule_and_its_file(bus, monkeypatch):
    (probe,) = probes_of(find_board("nucleo_h743zi"), usb_devices(*bus))
    check_allowed([probe])
    monkeypatch.setattr(os, "access", lambda path, mode: path != probe.node)
    with pytest.raises(DeviceNotFound, match="STLINK-V3") as caught:
        check_allowed([probe])
    assert 'ATTR{idVendor}=="0483", ATTR{idProduct}=="374e"' in caught.value.hint
    assert str(usb.RULES) in caught.value.hint
    assert "udevadm control --reload" in caught.value.hint
    check_allowed([probe], port="another")  # that one is not used


def test_probes_are_listed_with_port_board_and_missing_rule(bus, monkeypatch):
    monkeypatch.setattr(probes, "usb_devices", lambda: usb_devices(*bus))
    monkeypatch.setattr(
        probes, "find_ports", lambda _: [
            SerialPort("/dev/ttyACM0", "0483", "374e", "STLINK-V3", "0042"),
            SerialPort("/dev/ttyUSB0", "10c4", "ea60", "CP2102", ""),
        ],
    )  # fmt: skip
    monkeypatch.setattr(pyocd, "probes", lambda: [{"probe": "77", "name": "DAPLink"}])
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "007")
    listed = probes.list_probes([find_board("nucleo_h743zi"), find_board("mps2_an500")])
    assert [(p.probe, p.port, p.boards, p.allowed) for p in listed] == [
        ("/dev/ttyUSB0", "/dev/ttyUSB0", "", True),
        ("0042", "/dev/ttyACM0", "nucleo_h743zi", False),
        ("77", "", "", True),
    ]
    assert listed[1].udev_rule == udev_rule(usb_devices(*bus)[0])


def test_this_computer_can_be_asked() -> None:
    assert all(device.vid for device in usb_devices())
