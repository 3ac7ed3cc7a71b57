"""`--framework arduino`: the project as text, and as a program with a stand-in for the core."""

import configparser
import json
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.arduino_host import CORE, MICROS_START, compile_sketch
from tests.host_firmware import HostFirmware
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BuildError, ToolMissing, UsageError
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session, open_link
from tinyssl.project.platformio import failure
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.targets.boards import all_boards, find_board

ESP32 = "ARDUINO_ARCH_ESP32"
GOLDEN = Path(__file__).parents[2] / "golden" / "arduino"
BOARDS = [board.id for board in all_boards() if "arduino" in board.frameworks]
OFFLINE = """\
Processing esp32dev (platform: espressif32; board: esp32dev; framework: arduino)
--------------------------------------------------------------------------------
Platform Manager: Installing espressif32
HTTPClientError:
"""
"""What PlatformIO 6.1 says without a network"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_tflite):
    """Board -> folder of its Arduino project."""
    workspace = Workspace(tmp_path_factory.mktemp("arduino"))

    def make(board: str) -> Path:
        folder = workspace.builds / board
        if not folder.exists():
            config = BuildConfig(
                board=board, model=tiny_tflite, framework="arduino", compile=False, check=False
            )
            build(config, workspace)
        return folder

    return make


def test_boards_of_all_three_platforms_have_it() -> None:
    assert {"nucleo_f446re", "nucleo_h743zi", "nrf52840_dk", "esp32dev"} <= set(BOARDS)
    assert find_board("esp32dev").frameworks == ("arduino",)
    assert find_board("nucleo_f446re").frameworks == ("baremetal", "arduino")
    assert find_board("mps2_an500").frameworks == ("baremetal",)


@pytest.mark.parametrize("name", BOARDS)
def test_platformio_gets_its_own_names_of_platform_and_board(project, name):
    folder = project(name)
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(folder / "platformio.ini")
    section = find_board(name).tinyssl.arduino
    assert section is not None
    environment = settings[f"env:{name}"]
    assert environment["framework"] == "arduino"
    assert environment["platform"] == section.platform
    assert environment["board"] == section.board
    assert "-O2" in environment["build_flags"].split()
    assert not (folder / "linker.ld").exists()
    assert not (folder / settings["platformio"]["boards_dir"]).exists()
    info = BuildInfo.load(folder)
    assert (info.framework, info.artifacts) == ("arduino", {})
    assert info.build_id in (folder / "lib/tinyssl/src/tinyssl/tinyssl_build.h").read_text()


def test_the_project_is_a_sketch_and_its_library(project):
    folder = project("esp32dev")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    inner = "lib/tinyssl/src/tinyssl"
    assert {name for name in names if name.startswith("src/")} == {"src/main.cpp"}
    assert {
        "lib/tinyssl/library.json",
        "lib/tinyssl/src/tinyssl.h",
        f"{inner}/app.c",
        f"{inner}/protocol.c",
        f"{inner}/arduino.cpp",
        f"{inner}/engine_aot.c",
        f"{inner}/engine.h",
        f"{inner}/model.c",
    } <= names
    assert f"{inner}/main.c" not in names
    assert json.loads((folder / "lib/tinyssl/library.json").read_text())["headers"] == "tinyssl.h"


def test_settings_are_those_of_the_golden_file(project):
    """When this fails on purpose: `python tools/golden.py --update`, and read the diff."""
    assert (project("esp32dev") / "platformio.ini").read_text() == (
        GOLDEN / "platformio.ini"
    ).read_text()


def test_the_sketch_answers_and_infers_as_tflm_does(project, tmp_path, tiny_tflite):
    name = "esp32dev"
    folder = project(name)
    library = folder / "lib" / "tinyssl" / "src"
    sources = [*library.rglob("*.c"), *library.rglob("*.cpp"), folder / "src" / "main.cpp"]
    firmware = HostFirmware(compile_sketch(tmp_path, sources, [library], [ESP32]))
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8, 3), dtype=np.uint8)
    with Session(open_link(firmware.port, 115200), 10.0, 2) as device:
        assert device.sync() == name
        identity = device.identity()
        assert identity.build_id == BuildInfo.load(folder).build_id
        assert (identity.tick_unit, identity.ticks_per_second) == ("microseconds", 1_000_000)
        for image in pixels:
            answer = device.infer(image.tobytes())
            expected = oracle.invoke((image.astype(np.int16) - 128).astype(np.int8))
            assert answer.output == expected.tobytes()
        device.reset()
        assert device.sync() == name
        assert device.identity().reset == "software"
    before = microseconds(firmware.port)
    time.sleep((2**32 - MICROS_START) / 1e6)
    after = microseconds(firmware.port)
    assert MICROS_START < before < after < before + 60e6
    assert after > 2**32  # micros() has wrapped
    assert firmware.stop() == ""


def test_the_port_compiles_for_other_cores_too(project, tmp_path):
    port = project("nucleo_f446re") / "lib/tinyssl/src/tinyssl/arduino.cpp"
    command = ["g++", "-std=gnu++17", "-Wall", "-Wextra", "-Werror", f"-I{CORE}", "-c", port]
    subprocess.run([*command, "-o", tmp_path / "arduino.o"], check=True)
    symbols = subprocess.run(
        ["nm", tmp_path / "arduino.o"], check=True, capture_output=True, text=True
    )
    assert "U NVIC_SystemReset" in symbols.stdout


def microseconds(port: str) -> int:
    """What the device's clock says."""
    link = open_link(port, 115200)
    link.write(b"timestamp%")
    answer = b""
    while b"m-ready" not in answer:
        answer += link.read(10.0)
    link.close()
    return int(re.findall(rb"m-lap-us-(\d+)", answer)[-1])


def test_what_the_board_has_not_is_refused_with_what_there_is(tmp_path, tiny_tflite):
    with pytest.raises(
        UsageError, match="mps2_an500 has no framework arduino, only baremetal"
    ) as e:
        build(BuildConfig(model=tiny_tflite, framework="arduino"), Workspace(tmp_path))
    assert "esp32dev" in e.value.hint
    config = BuildConfig(model=tiny_tflite, board="esp32dev", framework="baremetal")
    with pytest.raises(UsageError, match="esp32dev has no framework baremetal, only arduino"):
        build(config, Workspace(tmp_path))


def test_without_a_network_the_error_says_so_and_what_to_do(tmp_path: Path) -> None:
    error = failure(OFFLINE, tmp_path)
    assert isinstance(error, ToolMissing)
    assert "could not fetch espressif32" in error.message
    assert all(word in error.hint for word in ("network", "--no-compile", "--framework baremetal"))
    compiled = OFFLINE.replace("HTTPClientError:", "src/main.cpp:1: error: nonsense")
    assert type(failure(compiled, tmp_path)) is BuildError
