"""Many graphs in one program: on this computer under the sanitizers, or on an emulated core.

The program reads inputs and expected outputs from a file (through semihosting on a core) and prints
one line a graph and input: `equal NAME` or `differs NAME at N: FOUND for EXPECTED`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from tests import objects
from tests.gcov import COUNT_LINES
from tests.ops.case_main import MAIN
from tests.ops.image_start import START, START_M55
from tests.ops.many_graphs import sources_of
from tests.ops.oracle import KEPT, Row, Tflm, as_row, legal_model, rows_for
from tinyssl.compiler import Program, assemble
from tinyssl.compiler.arena import Plan, plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.core.sources import Sources, write_sources
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import Model
from tinyssl.ops import float_ulps
from tinyssl.targets.boards import Isa

Feed = Sequence[Row | NDArray[Any]]
"""By inference: the arrays of its inputs in order, or the one array"""
INPUTS = 4
"""Both ends, uniform, and near the zero point"""


@dataclass(frozen=True)
class Target:
    """Where a program of graphs runs."""

    isa: Isa
    """Whose kernels it holds"""
    compiler: tuple[str, ...]
    emulator: tuple[str, ...] = ()
    """Command in front of the program; empty: this computer"""
    instruction: str = ""
    """What the program must contain: else the plain C of the kernels was compiled"""
    start: str = ""
    """C that the core begins with"""

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.compiler[0], *self.emulator[:1])


SANITIZED = (
    *("gcc", "-O1", "-g", "-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *("-Wall", "-Wextra", "-Wconversion", "-Werror", *COUNT_LINES),
)
BARE = ("-O2", "-std=gnu11", "-ffp-contract=off")
"""As the firmware is compiled: float products and sums are rounded each by itself"""
SEMIHOSTED = ("-semihosting-config", "enable=on,target=native", "-kernel")


def _cortex_m(isa: Isa, machine: str, instruction: str = "") -> Target:
    compiler = ("arm-none-eabi-gcc", f"-mcpu={isa.value}", "-mthumb", *BARE)
    link = ("--specs=rdimon.specs", "-Wl,--section-start=.vectors=0")
    command = ("qemu-system-arm", "-M", machine, "-nographic", "-monitor", "none", *SEMIHOSTED)
    return Target(isa, (*compiler, *link), command, instruction, START)


def _cortex_m55() -> Target:
    plain = _cortex_m(Isa.CORTEX_M55, "mps3-an547", "vqrdmulh")
    flags = ("-mfloat-abi=hard", "-Wl,-Ttext-segment=0x01000000")
    return replace(plain, compiler=(*plain.compiler, *flags), start=START_M55)


def _rv32() -> Target:
    """Compiled for RV32IMC, on a core without more; its C library is that of RV32IM."""
    compiler = (
        *("riscv64-unknown-elf-gcc", "-march=rv32im", "-mabi=ilp32", *BARE),
        *(
            "--specs=picolibc.specs",
            "--oslib=semihost",
            "--crt0=semihost",
            "-DPICOLIBC_INTEGER_PRINTF_SCANF",
        ),
        *("-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=8M",),
        *("-Wl,--defsym=__ram=0x80800000,--defsym=__ram_size=8M,--defsym=__stack_size=32K",),
    )
    core = ("-cpu", "rv32,a=false,f=false,d=false", "-m", "16M", "-bios", "none")
    quiet = ("-display", "none", "-monitor", "none", "-serial", "none")
    output = ("-chardev", "stdio,id=output", "-semihosting-config")
    config = ("enable=on,target=native,chardev=output", "-kernel")
    command = ("qemu-system-riscv32", "-M", "virt", *core, *quiet, *output, *config)
    return Target(Isa.RV32IMC, compiler, command)


TARGETS = {
    "host": Target(Isa.HOST, SANITIZED),
    "host-dsp": Target(Isa.CORTEX_M7, SANITIZED),
    "host-mve": Target(Isa.CORTEX_M55, SANITIZED),
    "host-rv32": Target(Isa.RV32IMC, SANITIZED),
    "m3": _cortex_m(Isa.CORTEX_M3, "mps2-an385"),
    "m4": _cortex_m(Isa.CORTEX_M4, "mps2-an386", "smlad"),
    "m7": _cortex_m(Isa.CORTEX_M7, "mps2-an500", "smlad"),
    "m55": _cortex_m55(),
    "rv32": _rv32(),
}
"""Name -> target. `host…` are C on this computer with ASan and UBSan"""


def require(target: Target) -> None:
    """Skips the test where a program is missing."""
    for program in target.programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


@dataclass(frozen=True)
class CaseProgram:
    """Graphs as C, and what they are to give."""

    sources: Sources
    data: bytes
    names: tuple[str, ...]
    inputs: int
    """Of each graph"""


def planned(model: Model, isa: Isa) -> Plan:
    """The plan that a build takes."""
    return plan_arena(model, choose_calls(model, isa))


def make_program(
    graphs: Mapping[str, bytes],
    isa: Isa,
    feeds: Mapping[str, Feed] | None = None,
    *,
    planner: Callable[[Model, Isa], Plan] = planned,
    expect: Callable[[bytes, Feed], list[bytes]] | None = None,
    fast: bool = False,
) -> CaseProgram:
    """Graphs as one program.

    Args:
        graphs: Name -> .tflite; the models that are planned have these names.
        isa: Whose kernels it holds.
        feeds: Name -> inputs, as many for each; by default INPUTS of `inputs_for`.
        planner: Makes the plan of a graph.
        expect: Inputs and their outputs in turn, of a file; by default what TFLM gives.
        fast: See `sources_of`.
    """
    programs, data, counts = {}, [], set()
    for number, (name, file) in enumerate(graphs.items()):
        model = legal_model(file, name)
        programs[f"case{number}"] = assemble(model, planner(model, isa), isa)
        feed = feeds[name] if feeds else _usual_inputs(file, name)
        own = feeds or expect
        data += (expect or _expected)(file, feed) if own else _usually_expected(file, name)
        counts.add(len(feed))
    (count,) = counts
    main = MAIN.format(
        declarations="\n".join(map(_declaration, programs)),
        rows="\n".join(_row(prefix, program) for prefix, program in programs.items()),
        data="cases.bin",
        inputs=count,
    )
    sources = sources_of(programs, fast) | {"main.c": main}
    return CaseProgram(sources, b"".join(data), tuple(graphs), count)


def _row(prefix: str, program: Program) -> str:
    calls = ", ".join(f"{prefix}_{what}" for what in ("init", "invoke", "data", "tensors"))
    model = program.graph
    counts = (len(model.inputs), len(model.outputs), len(named_values(model)))
    ulps = float_ulps(model)
    sizes = ", ".join(map(str, (program.arena_bytes, *counts, ulps)))
    return f'    {{"{model.name}", {calls}, {sizes}}},'


def _declaration(prefix: str) -> str:
    return (
        f"void {prefix}_init(uint8_t *); void {prefix}_invoke(uint8_t *); "
        f"void *{prefix}_data(uint8_t *, uint32_t); "
        f"extern const struct tinyssl_tensor {prefix}_tensors[];"
    )


@lru_cache(KEPT)
def _usual_inputs(file: bytes, name: str) -> Feed:
    return rows_for(read_model(file, name), INPUTS)


@lru_cache(KEPT)
def _usually_expected(file: bytes, name: str) -> list[bytes]:
    """Kept, as the next target is given the same."""
    return _expected(file, _usual_inputs(file, name))


def _expected(file: bytes, feed: Feed) -> list[bytes]:
    oracle = Tflm(file)
    found = []
    for row in map(as_row, feed):
        found += [x.tobytes() for x in (*row, *oracle.run(row))]
    return found


def compile_program(program: CaseProgram, target: Target, folder: Path) -> Path:
    """Compiles it in `folder`, where it must be run; returns the executable.

    Raises:
        RuntimeError: It did not compile; with what the compiler said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources = program.sources | ({"start.c": target.start} if target.start else {})
    files = write_sources(sources, folder)
    (folder / "cases.bin").write_bytes(program.data)
    elf = folder / "cases.elf"
    objects.compile_program(target.compiler, files, [folder], elf)
    if target.instruction:
        listing = _run(["arm-none-eabi-objdump", "-d", str(elf)], folder, 900).stdout
        assert target.instruction in listing, f"no {target.instruction}: plain C was compiled"
    return elf


def run_program(
    program: CaseProgram, target: Target, folder: Path, seconds: int = 600
) -> list[str]:
    """Compiles and runs it; returns the lines about graphs that differ.

    Raises:
        RuntimeError: It did not compile, or stopped before its end; with what it printed.
    """
    elf = compile_program(program, target, folder)
    done = _run([*target.emulator, str(elf)], folder, seconds)
    return _differing(done, [name for name in program.names for _ in range(program.inputs)])


def run_graph(elf: Path, names: Sequence[str], name: str) -> list[str]:
    """Runs one graph of a program of this computer, all inputs; returns the lines that differ.

    Args:
        elf: From `compile_program`, of graphs without inputs of their own.
        names: All its graphs.
        name: The one to run.

    Raises:
        RuntimeError: It stopped before its end; with what it printed.
    """
    only = {"ONLY_GRAPH": str(list(names).index(name))}
    done = _run([str(elf)], elf.parent, 60, os.environ | only)
    return _differing(done, [name] * INPUTS)


def _run(
    command: list[str], folder: Path, seconds: int, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def _differing(done: subprocess.CompletedProcess[str], expected: list[str]) -> list[str]:
    lines = done.stdout.splitlines()
    if [line.split()[1] for line in lines if line.startswith(("equal ", "differs "))] != expected:
        last = "\n".join(lines[-3:])
        raise RuntimeError(f"it stopped after {len(lines)} lines:\n{last}\n{done.stderr[-4000:]}")
    return [line for line in lines if line.startswith("differs ")]
