"""Which USB port is the board's. The list of ports is made up; everything after it is real."""

import os
import termios

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from tinyssl.core.errors import DeviceNotFound
from tinyssl.device import find_ports, only_port
from tinyssl.device.ports import touch
from tinyssl.targets.boards import find_board

BOARD = find_board("nucleo_h743zi")


def usb(name: str, vid: int | None, pid: int | None, serial_number: str = "") -> ListPortInfo:
    info = ListPortInfo(name)
    info.vid, info.pid, info.serial_number, info.description = vid, pid, serial_number, "probe"
    return info


def plug(monkeypatch: pytest.MonkeyPatch, *ports: ListPortInfo) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: list(ports))


def ids() -> tuple[int, int]:
    vid, pid = BOARD.tinyssl.serial.usb_ids[0]
    return int(vid, 16), int(pid, 16)


def test_ports_without_usb_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, usb("/dev/ttyS0", None, None), usb("/dev/ttyACM1", 0x1234, 1))
    assert [(port.port, port.vid, port.pid) for port in find_ports(None)] == [
        ("/dev/ttyACM1", "1234", "0001")
    ]
    assert find_ports(BOARD) == []


def test_the_one_that_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, usb("/dev/ttyUSB0", 0x1234, 1), usb("/dev/ttyACM0", *ids()))
    assert only_port(BOARD).port == "/dev/ttyACM0"


def test_none_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch)
    with pytest.raises(
        DeviceNotFound, match="no serial port has a USB id of nucleo_h743zi"
    ) as error:
        only_port(BOARD)
    assert "--serial" in error.value.hint


def test_two_match_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, usb("/dev/ttyACM1", *ids(), "B"), usb("/dev/ttyACM0", *ids(), "A"))
    with pytest.raises(DeviceNotFound, match="2 ports match") as error:
        only_port(BOARD)
    assert "/dev/ttyACM0 (serial number A), /dev/ttyACM1 (serial number B)" in error.value.message
    assert error.value.exit_code == 4


def test_a_touch_leaves_the_port_at_1200_baud() -> None:
    ours, theirs = os.openpty()
    try:
        assert termios.tcgetattr(theirs)[5] != termios.B1200
        touch(os.ttyname(theirs), 0.0)
        assert termios.tcgetattr(theirs)[5] == termios.B1200
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_port_that_cannot_be_touched_tells_the_other_way() -> None:
    with pytest.raises(DeviceNotFound, match="ttyACM97") as error:
        touch("/dev/ttyACM97")
    assert "reset twice" in error.value.hint
