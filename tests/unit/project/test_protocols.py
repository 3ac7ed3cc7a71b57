"""Which upload protocol is taken, and what is checked before an upload begins."""

import shutil
from importlib import util

import pytest

from tests.images import write_elf
from tinyssl.core.errors import BudgetExceeded, BuildError, ToolMissing, UsageError
from tinyssl.device.flashers import mass_storage
from tinyssl.project import protocols
from tinyssl.project.protocols import check_tool, choose_protocol
from tinyssl.project.size import check_image
from tinyssl.targets.boards import find_board

NUCLEO = find_board("nucleo_h743zi")
DK = find_board("nrf52840_dk")


@pytest.fixture
def here(monkeypatch):
    """Says which programs and packages this computer has."""

    def have(*tools):
        monkeypatch.setattr(shutil, "which", lambda name: name if name in tools else None)
        monkeypatch.setattr(
            protocols, "find_spec", lambda name: util.find_spec("os") if name in tools else None
        )
        monkeypatch.setattr(mass_storage, "volumes", lambda: [0] if "mbed" in tools else [])

    return have


@pytest.mark.parametrize(
    ("tools", "chosen"),
    [
        (("openocd", "pyocd", "JLinkExe"), "stlink"),
        (("pyocd", "JLinkExe"), "pyocd"),
        (("JLinkExe", "mbed"), "jlink"),
        (("mbed",), "mbed"),
        ((), "stlink"),
    ],
)
def test_the_first_protocol_whose_tool_is_here(here, tools, chosen):
    here(*tools)
    assert choose_protocol(NUCLEO) == chosen


def test_what_was_asked_for_is_taken_whatever_is_here(here):
    here()
    assert choose_protocol(NUCLEO, "jlink") == "jlink"
    assert choose_protocol(NUCLEO, "openocd") == "stlink"  # that is how this board calls it
    assert choose_protocol(DK, "openocd") == "openocd"


def test_a_protocol_that_the_board_lacks_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="nucleo_h743zi cannot be flashed by 'pyodc'") as caught:
        choose_protocol(NUCLEO, "pyodc")
    assert caught.value.hint.startswith("did you mean pyocd?")


def test_a_missing_tool_names_what_installs_it_and_another_way(here):
    here("JLinkExe")
    with pytest.raises(ToolMissing, match="stlink needs openocd") as caught:
        check_tool(NUCLEO, "stlink")
    assert "`apt-get install openocd`" in caught.value.hint
    assert "--protocol jlink" in caught.value.hint
    with pytest.raises(ToolMissing, match="package pyocd"):
        check_tool(NUCLEO, "pyocd")
    check_tool(NUCLEO, "jlink")


def test_an_emulator_needs_nothing(here):
    here()
    board = find_board("mps2_an500")
    assert choose_protocol(board) == "emulator"
    check_tool(board, "emulator")


def test_an_image_larger_than_the_flash_is_refused(tmp_path):
    region = DK.region("code")
    last = region.origin + region.size
    check_image(write_elf(tmp_path / "fits.elf", last - 16, bytes(16)), DK)
    with pytest.raises(BudgetExceeded, match="no memory; nothing was written"):
        check_image(write_elf(tmp_path / "beyond.elf", last - 16, bytes(17)), DK)
    with pytest.raises(BudgetExceeded, match="no memory"):
        check_image(write_elf(tmp_path / "elsewhere.elf", 0x60000000, bytes(4)), DK)


def test_more_bytes_than_the_chip_holds_are_refused(tmp_path):
    smaller = DK.model_copy(update={"upload": DK.upload | {"maximum_size": 1000}})
    with pytest.raises(BudgetExceeded, match="1,001 bytes, the flash of nrf52840_dk 1,000"):
        check_image(write_elf(tmp_path / "a.elf", 0, bytes(1001)), smaller)


def test_a_damaged_image_is_no_image(tmp_path):
    path = tmp_path / "a.elf"
    path.write_bytes(b"\x7fELF")
    with pytest.raises(BuildError, match="not a readable ELF"):
        check_image(path, DK)
