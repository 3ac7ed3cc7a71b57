"""The firmware of the host port, built around the test engine, as a device for tests.

Real app, protocol and port, compiled under ASan and UBSan; only the model is a toy
(device/firmware/engine_test.c), so that outputs can be said in one line of numpy.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tinyssl.paths import firmware_folder

INPUT_BYTES = 48
HEADER = f"""
#define TINYSSL_VERSION "0.1.0"
#define TINYSSL_BOARD "host"
#define TINYSSL_BUILD_ID "0123456789abcdef"
#define TINYSSL_TICK_UNIT "nanoseconds"
#define TINYSSL_CLOCK_HZ 1000000000u
#define TINYSSL_INPUT_BYTES {INPUT_BYTES}u
#define TINYSSL_OUTPUT_BYTES 3u
#define TINYSSL_OP_COUNT 4u
"""
WARNINGS = [
    f"-W{name}"
    for name in (
        "all",
        "extra",
        "error",
        "pedantic",
        "conversion",
        "shadow",
        "strict-prototypes",
        "missing-prototypes",
    )
]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FLAGS = ["-std=c11", "-O1", "-g", *WARNINGS, *SANITIZERS]


class HostFirmware:
    """A running firmware process; its port is a pseudo-terminal."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [program],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("serial port /dev/"), line
        self.port = line.split()[-1]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> str:
        """Ends the process; returns what it wrote to stderr (a sanitizer's report)."""
        self._process.terminate()
        return self._process.communicate(timeout=10)[1]


@pytest.fixture(scope="session")
def compile_firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(define, …) -> program; each set of defines is compiled once."""
    done: dict[tuple[str, ...], Path] = {}

    def compile_once(*defines: str) -> Path:
        if defines not in done:
            folder = tmp_path_factory.mktemp("firmware")
            (folder / "tinyssl_build.h").write_text(HEADER)
            firmware = firmware_folder()
            includes = [firmware / name for name in ("app", "protocol", "engine", "port")]
            sources = [
                *sorted((firmware / "app").glob("*.c")),
                *sorted((firmware / "protocol").glob("*.c")),
                firmware / "port" / "host.c",
                Path(__file__).parent / "device" / "firmware" / "engine_test.c",
            ]
            program = folder / "firmware"
            options = [f"-I{path}" for path in (folder, *includes)]
            options += [f"-D{define}" for define in defines]
            subprocess.run(["gcc", *FLAGS, *options, *sources, "-o", program], check=True)
            done[defines] = program
        return done[defines]

    return compile_once


@pytest.fixture
def start_firmware(
    compile_firmware: Callable[..., Path],
) -> Iterator[Callable[..., HostFirmware]]:
    """(define, …, environment=…) -> running firmware; all must end without a sanitizer's report."""
    running: list[HostFirmware] = []

    def start(*defines: str, environment: dict[str, str] | None = None) -> HostFirmware:
        running.append(HostFirmware(compile_firmware(*defines), environment or {}))
        return running[-1]

    yield start
    assert [firmware.stop() for firmware in running] == [""] * len(running)


@pytest.fixture(scope="module")
def shared_firmware(compile_firmware: Callable[..., Path]) -> Iterator[HostFirmware]:
    """One process for all tests of a file."""
    firmware = HostFirmware(compile_firmware(), {})
    yield firmware
    assert firmware.stop() == ""


@pytest.fixture
def firmware(start_firmware: Callable[..., HostFirmware]) -> HostFirmware:
    return start_firmware()
