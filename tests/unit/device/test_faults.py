"""Reports of faults as the ports write them."""

import pytest

from tinyssl.core.paths import firmware_folder
from tinyssl.device import Faulted, WasReset
from tinyssl.device.faults import MEANINGS, find_fault
from tinyssl.device.protocol import check_lines
from tinyssl.device.words import words

BUS = (
    "e-[fault pc=0x0000012a lr=0x000000f1 address=0xf0000000 cfsr=0x00008200 hfsr=0x40000000"
    " FORCED PRECISERR BFARVALID]"
)
HANG = "e-[fault pc=0x00000204 lr=0x00000100 WATCHDOG]"
BANNER = words().replies["init_done"]


def test_values_names_and_words() -> None:
    fault = find_fault(BUS)
    assert fault is not None
    assert fault.values["address"] == 0xF0000000
    assert fault.names == ("FORCED", "PRECISERR", "BFARVALID")
    assert str(fault) == (
        "access to an address where nothing is (FORCED PRECISERR BFARVALID),"
        " address 0xf0000000, pc=0x0000012a"
    )
    assert "arm-none-eabi-addr2line -fe firmware.elf 0x12a 0xf1" in fault.hint
    assert not fault.by_watchdog


def test_a_report_without_bits_is_a_fault_too() -> None:
    fault = find_fault("e-[fault pc=0x00000000 lr=0x00000000 cfsr=0x00000000 hfsr=0x00000000]")
    assert fault is not None
    assert "unknown cause (no bits)" in str(fault)


@pytest.mark.parametrize(
    "line", ["e-[Unknown command: fault]", "e-[fault]", BUS[:-1], BUS + "x", "fault pc=0x00000000"]
)
def test_other_lines_are_none(line: str) -> None:
    assert find_fault(line) is None


def test_a_fault_before_the_banner_is_told_from_a_plain_reset() -> None:
    with pytest.raises(Faulted, match="PRECISERR") as caught:
        check_lines([BUS, BANNER])
    assert caught.value.fault.values["pc"] == 0x12A
    with pytest.raises(Faulted, match="it hung") as caught:
        check_lines([HANG, BANNER])
    assert caught.value.fault.by_watchdog
    with pytest.raises(WasReset, match="was reset"):
        check_lines([BANNER])


def test_every_name_with_a_meaning_is_one_that_a_port_sends() -> None:
    port = firmware_folder() / "port"
    text = "".join(path.read_text() for path in port.glob("*.c"))
    assert not [name for name in MEANINGS if f'"{name}"' not in text]
