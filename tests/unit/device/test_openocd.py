"""OpenOCD itself runs our script and the scripts of the boards; its probe is the dummy one."""

import shutil
import subprocess

import pytest

from tests.images import write_elf
from tinyssl.core.errors import DeviceNotFound
from tinyssl.core.paths import firmware_folder
from tinyssl.project.platformio import failure
from tinyssl.project.protocols import choose_protocol
from tinyssl.project.upload import upload_command
from tinyssl.targets.boards import all_boards, find_board

pytestmark = pytest.mark.skipif(shutil.which("openocd") is None, reason="needs openocd")

SCRIPT = firmware_folder() / "platform" / "flash.tcl"
DUMMY = ["openocd", "-c", "adapter driver dummy; transport select jtag; adapter speed 100"]
CALL = "tinyssl_flash {/a b.elf} 0x5C001000 0xFFF 0x450 {STM32H7}"
PROGRAM = 'proc program {args} {echo "programmed: $args"; shutdown}'


def openocd(*commands, script=SCRIPT):
    options = [part for command in commands for part in ("-c", command)]
    return subprocess.run(
        [*DUMMY, "-f", script, *options], capture_output=True, text=True, timeout=30, check=False
    )


def with_word(word):
    """A chip whose memory holds one word."""
    return f"proc init {{}} {{}}; proc read_memory {{a w n}} {{return {word}}}; {PROGRAM}"


def test_the_right_chip_is_programmed_and_verified() -> None:
    done = openocd(with_word("0x20036450"), CALL)
    assert "programmed: {/a b.elf} verify reset exit" in done.stderr + done.stdout
    assert done.returncode == 0


def test_another_chip_is_named_and_nothing_is_programmed() -> None:
    done = openocd(with_word("0x10006413"), CALL)
    output = done.stderr + done.stdout
    assert "Error: wrong chip: register 0x5c001000 is 0x413; STM32H7 has 0x450" in output
    assert "programmed" not in output
    assert done.returncode != 0


def test_a_chip_that_does_not_answer_is_told_and_nothing_is_programmed() -> None:
    failing = f"proc init {{}} {{error {{init mode failed}}}}; {PROGRAM}"
    done = openocd(failing, CALL)
    output = done.stderr + done.stdout
    assert "Error: the probe does not reach the chip: init mode failed" in output
    assert "programmed" not in output
    assert done.returncode != 0


def test_a_register_that_cannot_be_read_stops_it() -> None:
    """The real `init`, on a scan chain where nothing is."""
    done = openocd(PROGRAM, CALL)
    output = done.stderr + done.stdout
    assert "Error: the register 0x5C001000 of the chip cannot be read" in output
    assert "programmed" not in output
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("board", "probe"),
    [("nucleo_h743zi", "no-such"), ("nrf52840_dk", "no-such"), ("nrf52840_dk", "1")],
)
def test_where_no_such_probe_is_attached_that_is_what_is_told(board, probe, tmp_path):
    """The whole command, with OpenOCD's real drivers."""
    shutil.copytree(SCRIPT.parent, tmp_path / "platform")
    elf = write_elf(tmp_path / "firmware.elf", 0, b"image")
    chosen = choose_protocol(found := find_board(board), "openocd")
    command = upload_command(found, tmp_path, elf, probe, chosen)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    error = failure(f"{done.stderr}\n*** [upload] Error 1\n", tmp_path)
    assert isinstance(error, DeviceNotFound)
    assert error.message.startswith("no debug probe answered")


def openocd_commands():
    for board in all_boards():
        commands = board.upload.get("commands", {})
        assert isinstance(commands, dict)
        for protocol, command in commands.items():
            if command[0] == "openocd":
                yield pytest.param(board, protocol, id=f"{board.id}-{protocol}")


@pytest.mark.parametrize(("board", "protocol"), [*openocd_commands()])
def test_the_scripts_of_a_board_are_there_and_are_understood(board, protocol, tmp_path):
    """All of the command but its last part, which connects."""
    platform = tmp_path / "platform"
    platform.mkdir()
    shutil.copy(SCRIPT, platform)
    elf = write_elf(tmp_path / "firmware.elf", 0, b"image")
    command = upload_command(board, tmp_path, elf, "SN1", protocol)
    assert command[-1].startswith(f"tinyssl_flash {{{elf}}} 0x")
    done = subprocess.run(
        [*command[:-1], "shutdown"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr
