"""The firmware of the host port around the test engine, as a device for tests.

Real app, protocol and port; only the model is a toy (device/firmware/engine_test.c), so that its
outputs can be said in one line of numpy.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.host_firmware import HostFirmware, build_header, compile_firmware

ENGINE = Path(__file__).parent / "device" / "firmware" / "engine_test.c"
HEADER = build_header([48], output_bytes=3, ops=4, build_id="0123456789abcdef")


@pytest.fixture(scope="session")
def compile_test_firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(define, …) -> program; each set of defines is compiled once."""
    done: dict[tuple[str, ...], Path] = {}

    def compile_once(*defines: str) -> Path:
        if defines not in done:
            folder = tmp_path_factory.mktemp("firmware")
            done[defines] = compile_firmware(folder, HEADER, [ENGINE], defines)
        return done[defines]

    return compile_once


@pytest.fixture
def start_firmware(
    compile_test_firmware: Callable[..., Path],
) -> Iterator[Callable[..., HostFirmware]]:
    """(define, …, environment=…) -> running firmware; all must end without a sanitizer's report."""
    running: list[HostFirmware] = []

    def start(*defines: str, environment: dict[str, str] | None = None) -> HostFirmware:
        running.append(HostFirmware(compile_test_firmware(*defines), environment))
        return running[-1]

    yield start
    assert [firmware.stop() for firmware in running] == [""] * len(running)


@pytest.fixture(scope="module")
def shared_firmware(compile_test_firmware: Callable[..., Path]) -> Iterator[HostFirmware]:
    """One process for all tests of a file."""
    firmware = HostFirmware(compile_test_firmware())
    yield firmware
    assert firmware.stop() == ""


@pytest.fixture
def firmware(start_firmware: Callable[..., HostFirmware]) -> HostFirmware:
    return start_firmware()
