"""Does a core have every instruction of an image? The assembler of that core is asked.

Each distinct instruction that objdump finds is assembled again for the core in question: what its
assembler refuses, the core has not. So the instruction set is binutils' knowledge, not a list here.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Core:
    """A core's tools and options."""

    prefix: str
    assembler: tuple[str, ...]
    objdump: tuple[str, ...]
    header: str = ""


THUMB = ".syntax unified\n.thumb\n"
ARM = ("-mthumb", "-mimplicit-it=always")
RISCV = ("-M", "no-aliases")
CORES = {
    "cortex-m3": Core("arm-none-eabi-", ("-mcpu=cortex-m3", *ARM), (), THUMB),
    "cortex-m33+nodsp": Core("arm-none-eabi-", ("-mcpu=cortex-m33+nodsp", *ARM), (), THUMB),
    "cortex-m33": Core(
        "arm-none-eabi-", ("-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", *ARM), (), THUMB
    ),
    "cortex-m4": Core("arm-none-eabi-", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", *ARM), (), THUMB),
    "rv32imc": Core("riscv64-unknown-elf-", ("-march=rv32imc_zicsr", "-mabi=ilp32"), RISCV),
}

LINE = re.compile(r"^\s*[0-9a-f]+:\t([a-z][^\t]*)\t?(.*)$")
TARGET = re.compile(r"\b(?:0x)?[0-9a-f]+ <[^>]*>")
COMMENT = re.compile(r"\s*(?:;|@|#(?= )|//).*$")
FAILED = re.compile(r":(\d+): Error: (.*)")


def instructions(elf: Path, core: Core) -> dict[str, str]:
    """Distinct instructions of an image as text for the assembler -> the first function with it."""
    command = [f"{core.prefix}objdump", "-d", "--no-show-raw-insn", *core.objdump, str(elf)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    found: dict[str, str] = {}
    function = ""
    for line in text.splitlines():
        if line.endswith(">:"):
            function = line.split("<")[1][:-2]
        match = LINE.match(line)
        if match is None or match[1].startswith("it"):  # IT: the assembler makes its own
            continue
        operands = COMMENT.sub("", TARGET.sub(".+8", match[2]))
        found.setdefault(f"{match[1]} {operands}".strip(), function)
    return found


def foreign(elf: Path, name: str, folder: Path) -> list[str]:
    """Instructions of an image that the core `name` lacks: "function: text: what as says"."""
    core = CORES[name]
    found = instructions(elf, core)
    assert found, "objdump found no code"
    source = folder / "instructions.s"
    lines = list(found)
    source.write_text(core.header + "".join(f"{line}\n" for line in lines))
    command = [f"{core.prefix}as", *core.assembler, str(source), "-o", str(folder / "out.o")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    errors = FAILED.findall(done.stderr)
    assert bool(errors) == (done.returncode != 0), done.stderr
    start = core.header.count("\n") + 1
    return [
        f"{found[line]}: {line}: {error}"
        for number, error in errors
        for line in [lines[int(number) - start]]
    ]
