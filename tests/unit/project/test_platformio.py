"""What PlatformIO's failures mean, and the core directory; tests/emulator runs PlatformIO."""

import json

import pytest

from tinyssl.core.errors import (
    BudgetExceeded,
    BuildError,
    DeviceNotFound,
    DeviceTimeout,
    ToolMissing,
)
from tinyssl.project import platformio
from tinyssl.project.platformio import check_compiler, core_folder, environment, failure
from tinyssl.targets.boards import find_board

OVERFLOW = """\
Linking .pio/build/mps2_an500/firmware.elf
ld: .pio/build/mps2_an500/firmware.elf section `.tinyssl_arena' will not fit in region `ssram23'
ld: region `ssram23' overflowed by 12345 bytes
collect2: error: ld returned 1 exit status
"""


def test_a_region_overflow_is_a_gate_with_the_number(tmp_path):
    error = failure(OVERFLOW, tmp_path)
    assert isinstance(error, BudgetExceeded)
    assert "ssram23 by 12,345 bytes" in error.message
    assert "--backbone" in error.hint
    assert "-budget" not in error.hint  # a budget does not make memory larger


def test_a_compiler_error_is_shown(tmp_path):
    text = "Compiling x\nsrc/app/app.c:3:1: error: unknown type name 'foo'\n*** [x.o] Error 1\n"
    error = failure(text, tmp_path)
    assert isinstance(error, BuildError)
    assert "unknown type name 'foo'" in error.message
    assert "pio.log" in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "Error: open failed",
        "Error: unable to find a matching CMSIS-DAP device",
        "Error: No J-Link device found.",
        "Error: no device found",
    ],
)
def test_a_missing_probe_is_not_found(tmp_path, text):
    error = failure(f"Open On-Chip Debugger 0.12.0\n{text}\n*** [upload] Error 1\n", tmp_path)
    assert isinstance(error, DeviceNotFound)
    assert "--list-probes" in error.hint


def test_a_build_that_fails_has_nothing_to_do_with_a_probe(tmp_path):
    error = failure("Error: unable to find the script\n*** [firmware.elf] Error 1\n", tmp_path)
    assert type(error) is BuildError


@pytest.mark.parametrize(
    ("status", "kind"), [(4, DeviceNotFound), (5, DeviceTimeout), (1, BuildError)]
)
def test_our_uploader_keeps_its_exit_code(tmp_path, status, kind):
    text = f"Uploading\nError: the emulator ended at once\n*** [upload] Error {status}\n"
    error = failure(text, tmp_path)
    assert type(error) is kind
    assert "the emulator ended at once" in error.message


@pytest.mark.parametrize(
    ("board", "packages"),
    [
        ("mps2_an500", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("nucleo_h743", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("host", "gcc"),
    ],
)
def test_a_missing_compiler_names_the_packages(monkeypatch, tmp_path, board, packages):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing) as caught:
        check_compiler(find_board(board))
    assert f"apt-get install {packages}" in caught.value.hint


@pytest.mark.parametrize(
    ("board", "engine", "package"),
    [
        ("riscv32_virt", "aot", "picolibc-riscv64-unknown-elf"),
        ("mps2_an500", "aot", "libnewlib-arm-none-eabi"),
        ("host", "aot", "libc6-dev"),
        ("mps2_an500", "tflm", "libstdc++-arm-none-eabi-newlib"),
        ("riscv32_virt", "tflm", "--engine aot"),
    ],
)
def test_a_compiler_without_its_library_names_the_package(
    monkeypatch, tmp_path, board, engine, package
):
    """Programs that behave as Debian's compilers do without that package."""
    fault = "echo fatal error: cstdint: No such file or directory >&2; exit 1"
    for prefix in ("", "arm-none-eabi-", "riscv64-unknown-elf-"):
        for kind in ("gcc", "g++", "gcc-ar", "gcc-ranlib", "objcopy", "size"):
            fails = kind == "g++" or (kind == "gcc" and engine == "aot")
            program = tmp_path / f"{prefix}{kind}"
            program.write_text(f"#!/bin/sh\n{fault if fails else 'exit 0'}\n")
            program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ToolMissing, match=r"makes no C.* program for .*cstdint") as caught:
        check_compiler(find_board(board), engine)
    assert package in caught.value.hint


@pytest.mark.parametrize("board", ["mps2_an385", "mps2_an500", "mps3_an547", "host"])
@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_a_compiler_with_its_libraries_will_do(board, engine):
    check_compiler(find_board(board), engine)


def test_the_core_directory_is_ours_and_holds_the_scons_that_platformio_asks_for(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path))
    package = core_folder() / "packages" / "tool-scons"
    assert package.is_relative_to(tmp_path)
    meta = json.loads((package / ".piopm").read_text())
    assert meta["spec"]["owner"] == "platformio"
    wanted = platformio.scons_version()
    assert (
        meta["version"] == wanted == json.loads((package / "package.json").read_text())["version"]
    )
    assert environment()["PLATFORMIO_CORE_DIR"] == str(tmp_path / "pio")
    assert environment()["PLATFORMIO_SETTING_ENABLE_TELEMETRY"] == "no"
