"""esptool itself, with the command of the board file, on a simulated boot loader over RFC 2217."""

import hashlib
import subprocess
import sys

import pytest

pytest.importorskip("esptool", reason="needs the extra flash: pip install esptool")

from tests.esp_rom import EspRom
from tests.images import write_elf
from tinyssl.core.errors import DeviceError, DeviceNotFound
from tinyssl.project.platformio import failure
from tinyssl.project.upload import upload_command
from tinyssl.targets.boards import find_board

BOARD = "esp32-c3-devkitm-1"
QUICK = """
import runpy
from serial import rfc2217

tell, told = rfc2217.Serial._reconfigure_port, {}

def tell_once(port):
    wanted = port._baudrate, port._bytesize, port._parity, port._stopbits
    if told.get(port) != wanted:
        told[port] = wanted
        tell(port)

rfc2217.Serial._reconfigure_port = tell_once
runpy.run_module("esptool", run_name="__main__", alter_sys=True)
"""
"""esptool with pyserial's line as quick as a serial one: where a timeout changes, which is at every
command, pyserial tells the other end all settings again and waits a quarter of a second"""
IMAGE = bytes(range(256)) * 5 + b"odd"


@pytest.fixture
def upload(tmp_path):
    """Runs the board's command; esptool's own flasher, which a chip would execute, is left out."""
    elf = write_elf(tmp_path / "firmware.elf", 0x42000000, IMAGE)
    elf.with_suffix(".bin").write_bytes(IMAGE)
    roms = []

    def run(port=None, **chip):
        rom = EspRom(**chip)
        roms.append(rom)
        command = upload_command(find_board(BOARD), tmp_path, elf, port or rom.port, "esptool")
        first, place = command.index("esptool") + 1, command.index("write-flash")
        words = [*command[first:place], "--no-stub", *command[place:]]
        command = [sys.executable, "-c", QUICK, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return rom, done.returncode, done.stdout + done.stderr

    yield run
    for rom in roms:
        rom.close()


def test_an_image_lies_at_the_start_of_the_flash_and_the_chip_is_started(upload):
    rom, code, output = upload()
    assert code == 0, output
    assert bytes(rom.flash[: len(IMAGE)]) == IMAGE
    assert "Hash of data verified" in output
    assert rom.lines.resets == ["download", "run"]  # through DTR and RTS


def test_another_chip_is_refused_and_nothing_is_written(upload, tmp_path):
    rom, code, output = upload(chip="esp32s3")
    assert code != 0
    assert rom.written == 0
    error = failure(output + "\n*** [upload] Error 2\n", tmp_path)
    assert isinstance(error, DeviceNotFound)
    assert "wrong chip" in error.message
    assert "ESP32-S3" in error.message


def test_a_byte_that_does_not_stay_is_found(upload, tmp_path):
    rom, code, output = upload(damaged=True)
    assert code != 0
    assert rom.written > 0
    assert hashlib.md5(IMAGE).hexdigest() != hashlib.md5(rom.flash[: len(IMAGE)]).hexdigest()
    error = failure(output + "\n*** [upload] Error 2\n", tmp_path)
    assert isinstance(error, DeviceError)
    assert "verify failed" in error.message


def test_a_port_that_is_not_there_is_named(upload, tmp_path):
    _, code, output = upload(port="/dev/ttyUSB97")
    assert code != 0
    error = failure(output + "\n*** [upload] Error 2\n", tmp_path)
    assert isinstance(error, DeviceNotFound)
    assert error.message.startswith("/dev/ttyUSB97 is in use, or gone")
