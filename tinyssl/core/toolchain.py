"""The programs outside Python that tinyssl, its demo and its tests call: one list.

`tinyssl doctor`, what `build` says and `make tools` all draw from it. `make tools` reads it before
there is a virtual environment, so this module takes the standard library alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from tinyssl.core import compilers
from tinyssl.core.paths import data_folder

PROBE_SECONDS = 60.0
APT = Path("/usr/bin/apt-get")

Language = Literal["c", "c++"]
Set = Literal["demo", "test", "night"]


@dataclass(frozen=True)
class Machine:
    """Compiler and options of an instruction set, as `firmware/platform` has them."""

    prefix: str
    flags: tuple[str, ...] = ()
    """Of every call"""
    compile: tuple[str, ...] = ()
    """Of a call that compiles"""
    link: tuple[str, ...] = ()
    """Of the call that links"""

    def compiler(self, language: Language) -> str:
        """Name of its gcc, or g++."""
        return f"{self.prefix}{'gcc' if language == 'c' else 'g++'}"


OWN = "only tinyssl's own tests need it"
NANO = ("--specs=nano.specs", "--specs=nosys.specs")
ARM, RISCV = "arm-none-eabi-", "riscv64-unknown-elf-"
MACHINES = {
    "host": Machine(""),
    "cortex-m3": Machine(ARM, ("-mthumb", "-mcpu=cortex-m3"), link=NANO),
    "cortex-m4": Machine(
        ARM, ("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"), link=NANO
    ),
    "cortex-m7": Machine(
        ARM, ("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"), link=NANO
    ),
    "cortex-m55": Machine(
        ARM, ("-mthumb", "-mcpu=cortex-m55", "-mfloat-abi=hard"), link=NANO
    ),
    "rv32imc": Machine(
        RISCV,
        ("-mabi=ilp32", "-msmall-data-limit=0", "--specs=picolibc.specs"),
        compile=("-march=rv32imc_zicsr",),
        link=("-march=rv32im", "-Wl,--no-warn-rwx-segments"),
    ),
}  # fmt: skip
"""Instruction set -> how its images are made"""

PROGRAMS: dict[Language, str] = {
    "c": "#include <stdint.h>\n#include <string.h>\n"
    "int main(int count, char **words) { return (int)strlen(words[count - 1]); }\n",
    "c++": "#include <cstdint>\n#include <cstring>\n#include <algorithm>\n"
    "int main(int count, char **) { return std::max(count, 1); }\n",
}


@dataclass(frozen=True)
class Tool:
    """Programs that come together, and how to find out whether they work."""

    name: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]
    """Debian packages with the programs"""
    use: str
    """Who needs them, as the end of a sentence"""
    needed_by: Set
    """demo: every user; test: some boards, or the tests alone; night: the nightly tests alone"""
    libraries: tuple[str, ...] = ()
    """Debian packages with headers, libraries and spec files"""
    probe: Callable[[], str] = field(default=str)
    """Tries the programs; returns what is wrong, empty where they work"""
    tried: tuple[str, ...] = ()
    """What the probe tries: instruction sets, machines"""


@dataclass(frozen=True)
class Problem:
    """Why a tool does not work."""

    text: str
    packages: tuple[str, ...]
    """Debian packages that repair it"""


def problem_of(tool: Tool) -> Problem | None:
    """Looks for the programs of a tool on the PATH, then tries them; None where they work."""
    missing = next((name for name in tool.programs if compilers.find_program(name) is None), None)
    if missing:
        return Problem(f"{missing} is not on the PATH", (*tool.packages, *tool.libraries))
    text = tool.probe()
    return Problem(text, tool.libraries or tool.packages) if text else None


def found_text(tool: Tool) -> str:
    """Version of a tool that works, and what was tried."""
    version = version_of(tool.programs[0])
    return f"{version}: {', '.join(tool.tried)}" if tool.tried else version


def install_command(packages: Sequence[str], options: str = "") -> str:
    """What installs Debian packages: a command, or a sentence where there is no apt-get."""
    if not APT.exists() and shutil.which("apt-get") is None:
        names = " ".join(packages)
        return f"install what your system calls Debian's {names} (there is no apt-get here)"
    words = ["" if os.geteuid() == 0 else "sudo", "apt-get install", options, *packages]
    return " ".join(filter(None, words))


def install_hint(packages: Sequence[str]) -> str:
    """The hint of an error about a missing tool."""
    command = install_command(packages)
    return f"run `{command}`" if "apt-get install" in command else command


def tools(emulators: Mapping[str, Iterable[str]] | None = None) -> list[Tool]:
    """Every tool, in the order in which a newcomer would repair them.

    Args:
        emulators: Machines that boards ask of each emulator; default: those of our board files.
    """
    wanted = emulators_of(_shipped_commands()) if emulators is None else emulators
    return [*_compilers(), *(_emulator(name, wanted[name]) for name in sorted(wanted)), *_others()]


def night_tools() -> list[Tool]:
    """What only the nightly tests need, beside `tools`."""
    return [Tool("Chromium", ("chromium",), ("chromium",), OWN, "night")]


def compiler_tools(isa: str, language: Language = "c") -> list[Tool]:
    """The tools that compile an image for one instruction set; none for a framework's own."""
    if isa not in MACHINES:
        return []
    compiler = MACHINES[isa].compiler(language)
    alone = partial(compile_problem, (isa,), language)
    known = [tool for tool in _compilers() if compiler in tool.programs]
    return [replace(tool, probe=alone) for tool in known or [_without_package(compiler)]]


def _without_package(compiler: str) -> Tool:
    """Debian has no C++ library for RISC-V without an operating system."""
    return Tool(compiler, (compiler,), (), "firmware with --engine tflm needs it", "test")


def emulators_of(commands: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    """Machines that the command lines of emulators name, by program."""
    found: dict[str, set[str]] = {}
    for command in commands:
        machines = found.setdefault(command[0], set())
        flag = next((flag for flag in ("-machine", "-M") if flag in command), None)
        if flag:
            machines.add(command[command.index(flag) + 1].split(",")[0])
    return found


def emulator_packages(program: str) -> tuple[str, ...]:
    """Debian packages with an emulator; none where we do not know it."""
    arm = program in ("qemu-system-arm", "qemu-system-aarch64")
    if not program.startswith("qemu-system-"):
        return ()
    return ("qemu-system-arm" if arm else "qemu-system-misc",)


def _compilers() -> list[Tool]:
    cortex = tuple(isa for isa, machine in MACHINES.items() if machine.prefix == ARM)
    tflm = "firmware with --engine tflm needs it"
    return [
        Tool("host compiler", ("gcc",), ("gcc",), "verify and the host board need it", "demo",
             ("libc6-dev",), partial(compile_problem, ("host",), "c")),
        Tool("ARM compiler", _suite(ARM), ("gcc-arm-none-eabi",), "Cortex-M boards need it", "demo",
             ("libnewlib-arm-none-eabi",), partial(compile_problem, cortex, "c"), cortex),
        Tool("RISC-V compiler", _suite(RISCV), ("gcc-riscv64-unknown-elf",),
             "board riscv32_virt needs it", "test", ("picolibc-riscv64-unknown-elf",),
             partial(compile_problem, ("rv32imc",), "c"), ("rv32imc",)),
        Tool("host C++", ("g++",), ("g++",), tflm, "test", (),
             partial(compile_problem, ("host",), "c++")),
        Tool("ARM C++", (f"{ARM}g++",), ("gcc-arm-none-eabi",), tflm, "test",
             ("libstdc++-arm-none-eabi-newlib",), partial(compile_problem, cortex, "c++"), cortex),
    ]  # fmt: skip


def _suite(prefix: str) -> tuple[str, ...]:
    """The compiler and the programs that a build calls beside it."""
    return tuple(prefix + name for name in ("gcc", "gcc-ar", "gcc-ranlib", "objcopy", "size"))


def _emulator(program: str, machines: Iterable[str]) -> Tool:
    needed_by: Set = "demo" if program == "qemu-system-arm" else "test"  # the default board's
    names = tuple(sorted(machines))
    return Tool(program, (program,), emulator_packages(program), "emulated boards need it",
                needed_by, (), partial(machines_problem, program, names), names)  # fmt: skip


def _others() -> list[Tool]:
    inspect = ("addr2line", "ar", "as", "ld", "nm", "objdump")
    cross = tuple(prefix + name for prefix in (ARM, RISCV) for name in inspect)
    host = ("cc", "gcc-ar", "gcc-ranlib", "size", *inspect)
    return [
        Tool("git", ("git",), ("git",), "records then say which commit made them", "test"),
        Tool("OpenOCD", ("openocd",), ("openocd",), "one of three ways to flash by a debug probe",
             "test"),
        Tool("clang", ("clang-14", "clang++-14"), ("clang-14",), OWN, "test"),
        Tool("clang-format", ("clang-format-14",), ("clang-format-14",), OWN, "test"),
        Tool("cppcheck", ("cppcheck",), ("cppcheck",), OWN, "test"),
        Tool("make", ("make",), ("make",), OWN, "test"),
        Tool("binutils", host, ("binutils", "gcc"), OWN, "test"),
        Tool("cross binutils", cross,
             ("binutils-arm-none-eabi", "binutils-riscv64-unknown-elf"), OWN, "test"),
    ]  # fmt: skip


def _shipped_commands() -> list[list[str]]:
    found = []
    for path in sorted(data_folder("boards").glob("*.json")):
        emulator = json.loads(path.read_text(encoding="utf-8"))["tinyssl"].get("emulator")
        if emulator:
            found.append([str(word) for word in emulator["command"]])
    return found


def compile_problem(isas: Sequence[str], language: Language = "c") -> str:
    """Compiles and links one small program for each instruction set, with the boards' options.

    Returns:
        What the compiler said first, empty where all went well.
    """
    for isa in isas:
        said = _compile(MACHINES[isa], language)
        if said:
            program = MACHINES[isa].compiler(language)
            return f"{program} makes no {language.upper()} program for {isa} ({said})"
    return ""


def _compile(machine: Machine, language: Language) -> str:
    program = machine.compiler(language)
    bare = ("-nostartfiles",) if machine.prefix else ()
    with tempfile.TemporaryDirectory(prefix="tinyssl-") as folder:
        made = Path(folder) / "made.o"
        return _complaint(
            [program, *machine.flags, *machine.compile, "-x", language, "-c", "-", "-o", str(made)],
            PROGRAMS[language],
        ) or _complaint(
            [program, *machine.flags, *machine.link, *bare, str(made), "-o", f"{made}.elf"]
        )


def machines_problem(program: str, machines: Iterable[str]) -> str:
    """Asks an emulator for its machines; returns which of ours it lacks."""
    done = _run([program, "-machine", "help"])
    known = re.findall(r"^(\S+)", done.stdout, re.MULTILINE) if done else []
    missing = sorted(set(machines) - set(known))
    return f"{version_of(program)} has no {', '.join(missing)}" if missing else ""


def version_of(program: str) -> str:
    """First line of `program --version`, its name where it says nothing."""
    done = _run([program, "--version"])
    lines = (done.stdout + done.stderr).strip().splitlines() if done else []
    return lines[0] if lines else program


def _complaint(command: Sequence[str], text: str = "") -> str:
    """The first line that a program that fails says about it; empty where it does not fail."""
    done = _run(command, text)
    if done is None:
        return f"{command[0]} cannot be run"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    error = next((line for line in lines if "error" in line or "cannot find" in line), None)
    first = error or (lines[0] if lines else f"exit code {done.returncode}")
    return first.removeprefix(f"{command[0]}: ")


def _run(command: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str] | None:
    """None where the program cannot be started or does not end."""
    try:
        return subprocess.run(
            command, input=text, capture_output=True, text=True, errors="replace", check=False,
            timeout=PROBE_SECONDS, env=compilers.environment(), encoding="utf-8")  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
