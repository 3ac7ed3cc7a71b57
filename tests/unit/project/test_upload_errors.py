"""What failed uploads mean: lines that the tools really print, and our own uploaders' form."""

import os
import subprocess
import sys

import pytest

from tinyssl.core.errors import BuildError, DeviceError, DeviceNotFound, DeviceTimeout
from tinyssl.project.platformio import failure
from tinyssl.project.upload_errors import upload_error

ENDED = "\n*** [upload] Error {}\n===== [FAILED] Took 1.0 seconds =====\n"


@pytest.mark.parametrize(
    ("line", "error", "message", "hint"),
    [
        (
            "Error: wrong chip: register 0x5c001000 is 0x413; STM32H7 has 0x450; nothing written",
            DeviceNotFound, "is 0x413", "another board",
        ),
        (
            "A fatal error occurred: This chip is ESP32-S3, not ESP32-C3. Wrong chip argument?",
            DeviceNotFound, "ESP32-S3, not ESP32-C3; nothing was written", "another board",
        ),
        ("Error: libusb_open() failed with LIBUSB_ERROR_ACCESS", DeviceNotFound, "may not", "udev"),
        (
            "Error: the probe does not reach the chip: init mode failed",
            DeviceNotFound, "does not reach", "reset button",
        ),
        ("** Verify Failed **", DeviceError, "Verify failed", "flash again"),
        (
            "A fatal error occurred: Failed to connect to ESP32-C3: No serial data received.",
            DeviceNotFound, "ESP32-C3 does not answer", "BOOT",
        ),
        ("Error: couldn't bind gdb to socket on port 3333: Address already in use",
         DeviceNotFound, "3333", "one program"),
        ("A fatal error occurred: Verification failed (digest mismatch).",
         DeviceError, "digest mismatch", "flash again"),
    ],
)  # fmt: skip
def test_a_known_trap_is_named(tmp_path, line, error, message, hint):
    found = failure(f"Uploading firmware.elf\n{line}\n{ENDED.format(1)}", tmp_path)
    assert type(found) is error
    assert message in found.message
    assert hint in found.hint


def test_a_busy_port_names_the_process_that_has_it(tmp_path):
    """A process that is not this one has a real terminal open."""
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    code = f"import sys; f = open({name!r}, 'rb', 0); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        line = f"A fatal error occurred: Could not open {name}, the port is busy or doesn't exist."
        found = upload_error(line)
        other.stdin.close()
    os.close(ours)
    os.close(theirs)
    assert isinstance(found, DeviceNotFound)
    assert f"(process {other.pid})" in found.message


@pytest.mark.parametrize(
    ("status", "error"), [(4, DeviceNotFound), (5, DeviceTimeout), (1, DeviceError)]
)
def test_our_own_uploaders_keep_message_and_hint(tmp_path, status, error):
    text = f"Error: two probes match\nhint: name one\nor unplug one\n{ENDED.format(status)}"
    found = failure(text, tmp_path)
    assert type(found) is error
    assert found.message == "two probes match"
    assert found.hint == "name one\nor unplug one"


def test_what_is_not_known_stays_a_build_error_with_its_lines(tmp_path):
    found = failure(f"Error: something new\n{ENDED.format(1)}", tmp_path)
    assert isinstance(found, BuildError)
    assert "something new" in found.message


def test_a_compiler_error_is_no_trap(tmp_path):
    found = failure("src/x.c:1: error: Verify failed\n*** [x.o] Error 1\n", tmp_path)
    assert isinstance(found, BuildError)
