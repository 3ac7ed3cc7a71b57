"""The list of programs: it covers the boards and the platform, and its probes tell the truth."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tinyssl.core import toolchain
from tinyssl.core.paths import firmware_folder
from tinyssl.core.toolchain import (
    MACHINES,
    NANO,
    compile_problem,
    compiler_tools,
    install_command,
    install_hint,
    machines_problem,
    problem_of,
    tools,
)
from tinyssl.targets.boards import Isa, all_boards

ROOT = Path(__file__).resolve().parents[3]


def builder_tables() -> dict[str, Any]:
    """The constants of firmware/platform, which only SCons can import."""
    tree = ast.parse((firmware_folder() / "platform" / "builder" / "main.py").read_text())
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("MACHINE", "COMPILE", "LINK", "NANO")
    }


def test_probes_compile_with_the_options_that_boards_use() -> None:
    """A probe with other options would call a compiler good that cannot build the firmware."""
    builder = builder_tables()
    cross = {isa: machine for isa, machine in MACHINES.items() if isa != "host"}
    assert {isa: list(machine.flags) for isa, machine in cross.items()} == builder["MACHINE"]
    for isa, machine in cross.items():
        extra = NANO if machine.prefix.startswith("arm") else builder["LINK"][isa]
        assert list(machine.link) == list(extra)
        assert list(machine.compile) == builder["COMPILE"].get(isa, [])
    assert list(NANO) == builder["NANO"]


def test_every_board_s_compiler_and_emulator_is_in_the_list() -> None:
    known = {tool.name: tool for tool in tools()}
    for board in all_boards():
        if board.tinyssl.isa not in (Isa.XTENSA_LX6, Isa.XTENSA_LX7):  # under Arduino alone
            assert compiler_tools(board.tinyssl.isa), board.id
        emulator = board.tinyssl.emulator
        if emulator:
            assert emulator.command[0] in known, board.id
            assert known[emulator.command[0]].packages
    assert known["qemu-system-riscv32"].packages == ("qemu-system-misc",)


def fake(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


NO_SPECS = (
    "echo \"$0: fatal error: cannot read spec file 'picolibc.specs': No such file\" >&2; exit 1"
)


def test_a_compiler_without_its_library_is_a_problem_that_names_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (riscv,) = compiler_tools("rv32imc")
    for program in riscv.programs:
        fake(tmp_path, program, NO_SPECS)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    problem = problem_of(riscv)
    assert problem is not None
    assert problem.packages == ("picolibc-riscv64-unknown-elf",)
    assert "riscv64-unknown-elf-gcc makes no C program for rv32imc" in problem.text
    assert "picolibc.specs" in problem.text


def test_a_compiler_that_links_nothing_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers alone, as with half of a C library: compiles, does not link."""
    fake(tmp_path, "gcc", 'for word; do [ "$word" = -c ] && exit 0; done\n'
         'echo "ld: cannot find -lc: No such file" >&2; exit 1')  # fmt: skip
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "cannot find -lc" in compile_problem(("host",))


def test_a_missing_program_needs_its_library_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (arm,) = compiler_tools("cortex-m4")
    problem = problem_of(arm)
    assert problem is not None
    assert problem.text == "arm-none-eabi-gcc is not on the PATH"
    assert problem.packages == ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi")


@pytest.mark.parametrize("content", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\nkill -9 $$\n", "\x7fELF"])
def test_a_compiler_that_fails_without_a_word_is_a_problem(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gcc").write_text(content)
    (tmp_path / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "gcc makes no C program for host" in compile_problem(("host",))


def test_an_emulator_that_does_not_start_lacks_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "qemu-system-arm", "echo libfdt.so.1: cannot open >&2; exit 127")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "has no mps2-an500" in machines_problem("qemu-system-arm", ["mps2-an500"])


def test_without_apt_the_text_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "APT", tmp_path / "apt-get")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Debian's gcc libc6-dev" in install_hint(("gcc", "libc6-dev"))
    assert "no apt-get here" in install_command(("gcc",))


def test_make_tools_needs_only_the_standard_library(tmp_path: Path) -> None:
    """It runs before there is a virtual environment; the demo's list is part of the tests'."""
    listed = {}
    for which in ("demo", "test"):
        command = [sys.executable, "-I", "-S", str(ROOT / "tools" / "system_tools.py"), which]
        done = subprocess.run(
            [*command, "--list"], check=True, capture_output=True, text=True, cwd=tmp_path,
            env={"PATH": str(tmp_path)},
        )  # fmt: skip
        listed[which] = done.stdout.split()
    assert {"gcc", "libc6-dev", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi"} < set(
        listed["demo"]
    )
    assert set(listed["demo"]) < set(listed["test"])
    assert {"picolibc-riscv64-unknown-elf", "qemu-system-misc", "clang-14", "openocd"} < set(
        listed["test"]
    )


def test_the_document_names_every_package() -> None:
    text = (ROOT / "docs" / "DEPENDENCIES.md").read_text()
    for tool in tools():
        for package in (*tool.packages, *tool.libraries):
            assert f"`{package}`" in text
