"""A session with the real firmware on a line that loses, changes and delays bytes."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.host_firmware import HostFirmware
from tests.lossy import EditedLink, LossyLink
from tinyssl.core.errors import DeviceError, DeviceNotFound, DeviceTimeout
from tinyssl.device import Session, WasReset, open_link
from tinyssl.device import link as link_module
from tinyssl.device.link import SerialLink, refused

WIRE = bytes(range(48))


def expected_sum(wire: bytes) -> int:
    """The test engine's first output: sum of q = u - 128, mod 256."""
    return int((np.frombuffer(wire, np.uint8) ^ 0x80).sum()) % 256


@pytest.fixture
def session(shared_firmware) -> Iterator[Session]:
    with Session(open_link(shared_firmware.port, 115200), timeout=5.0) as session:
        assert session.sync() == "host"
        yield session


def test_identity_inference_profile_and_memory(session: Session) -> None:
    identity = session.identity()
    assert (identity.board, identity.engine, identity.model) == ("host", "aot", "sum")
    assert (identity.input_bytes, identity.output_bytes, identity.ops) == (48, 3, 4)
    assert identity.input_is_uint8
    inference = session.infer(WIRE)
    assert inference.output[0] == expected_sum(WIRE)
    assert inference.ticks > 0
    session.load(bytes(48))
    assert session.repeat().output[0] == expected_sum(bytes(48))
    assert [op.name for op in session.profile().ops] == [
        "#0 SUM",
        "#1 XOR",
        "#2 ALTERNATE",
        "#3 COPY",
    ]
    assert session.memory().arena_used == 48
    assert session.retried == 0


def test_reset_on_purpose_is_waited_for(session: Session) -> None:
    session.infer(WIRE)
    session.reset()
    with pytest.raises(DeviceError, match="Input has 0 of 48 bytes"):
        session.repeat()


def test_old_output_and_half_commands_are_dropped(shared_firmware) -> None:
    link = open_link(shared_firmware.port, 115200)
    link.write(b"help%" * 20 + b"half a comm")
    with Session(link, timeout=5.0) as session:
        session.sync()
        assert session.infer(WIRE).output[0] == expected_sum(WIRE)
        assert session.retried == 0


def test_a_frame_that_another_host_left_half_sent_is_ended(shared_firmware) -> None:
    link = open_link(shared_firmware.port, 115200)
    link.write(b"bin 30000 00000000%" + bytes(100))
    with Session(link, timeout=5.0) as session:
        session.sync()
        assert session.infer(WIRE).output[0] == expected_sum(WIRE)


@pytest.mark.parametrize("drop", [0, 2, 5, 7, 10, 15, 16, 30, 63])
def test_a_byte_lost_on_the_way_to_the_device_is_noticed(shared_firmware, drop: int) -> None:
    """Header, size, CRC, `%`, first, middle and last byte of the frame."""
    link = LossyLink(open_link(shared_firmware.port, 115200), drop, sent=True, after=b"run")
    with Session(link, timeout=2.0) as session:
        session.sync()
        assert session.infer(WIRE).output[0] == expected_sum(WIRE)
        assert session.retried == 1


@pytest.mark.parametrize("drop", [0, 5, 11, 12, 20, 28, 30, 45, 52, 53, 55])
def test_a_byte_lost_on_the_way_back_is_noticed(shared_firmware, drop: int) -> None:
    """In `m-load-done`, line ends, ticks, output, CRC and `m-ready`."""
    link = LossyLink(open_link(shared_firmware.port, 115200), drop, sent=False, after=b"run")
    with Session(link, timeout=0.5) as session:
        session.sync()
        inference = session.infer(WIRE)
        assert inference.output[0] == expected_sum(WIRE)
        # The CR of a line's end carries nothing, so its loss may go unnoticed.
        assert session.retried == (0 if link.dropped == b"\r" else 1)


def test_damage_that_stays_is_an_error_after_the_retries(shared_firmware) -> None:
    link = EditedLink(
        open_link(shared_firmware.port, 115200),
        received=lambda data: data.replace(b"run-[", b"run-[9"),
    )
    with Session(link, timeout=2.0, retries=2) as session:
        session.sync()
        with pytest.raises(DeviceError, match="CRC of a reply is"):
            session.infer(WIRE)
        assert session.retried == 2


def test_an_error_line_is_a_device_error(session: Session) -> None:
    with pytest.raises(DeviceError, match="Engine error 7"):
        session.infer(b"\xff" * 48)


def test_a_reset_in_place_of_an_answer_is_not_papered_over(shared_firmware) -> None:
    link = EditedLink(
        open_link(shared_firmware.port, 115200),
        sent=lambda data: b"reset%" if data.startswith(b"run") else data,
    )
    with Session(link, timeout=2.0) as session:
        session.sync()
        with pytest.raises(WasReset, match="was reset"):
            session.infer(WIRE)
        assert session.retried == 0


def test_a_reset_between_two_commands_is_noticed(session: Session) -> None:
    session.infer(WIRE)
    session.link.write(b"reset%")
    with pytest.raises(WasReset, match="was reset"):
        session.infer(WIRE)


def test_the_watchdog_restarts_a_device_that_hangs(
    start_firmware: Callable[..., HostFirmware],
) -> None:
    firmware = start_firmware(environment={"TEST_ENGINE_SLOW_MS": "2600"})
    with Session(open_link(firmware.port, 115200), timeout=20.0) as session:
        session.sync()
        assert session.identity().reset == "power-on"
        assert session.watchdog(3.0) == 3.0
        session.infer(WIRE)  # longer than half of the time: it was fed when the inference began
        session.watchdog(2.0)
        with pytest.raises(WasReset):
            session.infer(WIRE)
        session.sync()
        assert session.identity().reset == "watchdog"
        session.reset()
        assert session.identity().reset == "software"


def test_a_watchdog_below_the_shortest_time_is_refused(session: Session) -> None:
    with pytest.raises(DeviceError, match="takes 2000 or more milliseconds"):
        session.watchdog(1.0)


def test_an_inference_that_takes_too_long_is_a_timeout(
    start_firmware: Callable[..., HostFirmware],
) -> None:
    firmware = start_firmware(environment={"TEST_ENGINE_SLOW_MS": "1500"})
    with Session(open_link(firmware.port, 115200), timeout=0.3, retries=0) as session:
        session.sync()
        with pytest.raises(DeviceTimeout, match="did not answer in time") as error:
            session.infer(WIRE)
        assert "--timeout" in error.value.hint


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A terminal that nobody answers."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def deaf_port() -> Iterator[str]:
    """A terminal whose other end is read, and never written."""
    master, slave = os.openpty()
    tty.setraw(slave)
    reader = threading.Thread(target=lambda: all(iter(lambda: os.read(master, 4096), b"\4")))
    reader.start()
    yield os.ttyname(slave)
    os.write(slave, b"\4")
    reader.join()
    os.close(master)
    os.close(slave)


def test_a_silent_port_is_a_timeout(silent_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "WRITE_TIMEOUT", 0.2)
    monkeypatch.setattr(link_module, "SLOWEST_LINE", 1e5)
    with Session(open_link(silent_port, 115200), timeout=0.1) as session:
        with pytest.raises(DeviceTimeout, match="did not take") as error:
            session.sync()
        assert error.value.exit_code == 5


def test_a_device_that_reads_but_never_answers_is_a_timeout(deaf_port: str) -> None:
    with Session(open_link(deaf_port, 921600), timeout=0.1) as session:
        with pytest.raises(DeviceTimeout, match="does not answer `name%`") as error:
            session.sync()
        assert "--baud" in error.value.hint


def test_a_device_that_ends_is_an_error(start_firmware: Callable[..., HostFirmware]) -> None:
    firmware = start_firmware()
    with Session(open_link(firmware.port, 115200), timeout=1.0) as session:
        session.sync()
        firmware.stop()
        with pytest.raises((DeviceError, DeviceTimeout)):
            session.infer(WIRE)


def test_a_port_in_use_names_its_user(silent_port: str) -> None:
    script = (
        "import sys, time; from tinyssl.device import open_link\n"
        "link = open_link(sys.argv[1], 115200); print('open', flush=True); time.sleep(60)"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", script, silent_port], stdout=subprocess.PIPE, text=True
    )
    try:
        assert user.stdout is not None
        assert user.stdout.readline() == "open\n"
        with pytest.raises(DeviceNotFound, match="is in use by") as error:
            open_link(silent_port, 115200)
        assert f"(process {user.pid})" in error.value.message
        assert error.value.exit_code == 4
    finally:
        user.kill()
        user.communicate()


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceNotFound, match="there is no port") as error:
        open_link(str(tmp_path / "ttyACM0"), 115200)
    assert "tinyssl ports" in error.value.hint


def test_a_port_that_this_user_may_not_open(silent_port: str) -> None:
    """Tests may run as root, who may open everything: so the kernel's answer is given directly."""
    error = refused(silent_port, PermissionError(errno.EACCES, "Permission denied"), 115200)
    assert "may not open" in error.message
    assert "dialout" in error.hint


@pytest.mark.parametrize("baud", [0, -1, 1, 10**12, 2**31, 2**64])
def test_every_rate_opens_or_is_an_error(silent_port: str, baud: int) -> None:
    """pyserial raises ValueError, OverflowError or termios.error, as the number is."""
    with contextlib.suppress(DeviceNotFound):
        open_link(silent_port, baud).close()


def test_a_rate_that_cannot_be_says_so(silent_port: str) -> None:
    with pytest.raises(DeviceNotFound, match="-5 baud") as error:
        open_link(silent_port, -5)
    assert "--baud" in error.value.hint


def test_what_is_no_port(tmp_path: Path) -> None:
    """A file, a folder, a pipe, a terminal that is gone, and names that no file can have."""
    file, pipe = tmp_path / "file", tmp_path / "pipe"
    file.touch()
    os.mkfifo(pipe)
    master, slave = os.openpty()
    gone = os.ttyname(slave)
    os.close(master)
    os.close(slave)
    names = [
        file,
        tmp_path,
        pipe,
        gone,
        "/dev/null",
        "/dev/full",
        "",
        "a\0b",
        "x" * 5000,
        "a\udcff",
    ]
    for name in names:
        with pytest.raises(DeviceNotFound) as error:
            open_link(str(name), 115200)
        assert error.value.hint


def test_a_port_that_vanishes_under_a_session(silent_port: str) -> None:
    link = SerialLink(silent_port, 115200)
    os.close(link._serial.fd)
    for use in (lambda: link.read(0.1), lambda: link.read(0.2), lambda: link.write(b"name%")):
        with pytest.raises(DeviceError, match="is gone"):
            use()
    link.close()
