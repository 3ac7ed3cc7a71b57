"""One engine with one model: compiled into the bare program, run in QEMU, its figures read."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinyssl.core.paths import firmware_folder
from tinyssl.core.sources import Sources, write_sources
from tinyssl.frontends.tflite import read_outline
from tinyssl.project.project import linker_script
from tinyssl.project.size import measure
from tinyssl.targets.boards import Board
from tools.bench_engines.stack import stack_bound

HERE = Path(__file__).resolve().parent
COMPILE_SECONDS = 900
RUN_SECONDS = 300
INFERENCES = 3
"""Of harness.c, before it prints the outputs: a model with states remembers the earlier ones"""

CORE = {
    "cortex-m3": ("-mcpu=cortex-m3",),
    "cortex-m4": ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    "cortex-m7": ("-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
    "cortex-m55": ("-mcpu=cortex-m55", "-mfloat-abi=hard"),
}
"""gcc's options, as firmware/platform has them"""

COMMON = ("-mthumb", "-ffunction-sections", "-fdata-sections", "-fno-exceptions")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections")


class Refused(Exception):
    """An engine cannot run a model; the text says why, in the engine's own words."""


@dataclass(frozen=True)
class Parts:
    """What an engine adds to the bare program."""

    sources: Sources
    """Files to write, `ends` among them; `.c` and `.cc` are compiled"""
    optimise: tuple[str, ...] = ("-O2",)
    size_first: tuple[str, ...] = ()
    """Sources that are compiled with -Os all the same"""
    includes: tuple[str, ...] = (".",)
    """Include folders, relative to the sources or absolute"""
    defines: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    """Further files to compile where they lie"""
    cplusplus: bool = False
    bounded: bool = False
    """Whether the bound of its stack is worked out (not with -flto, nor with foreign files)"""
    note: str = ""
    """What was changed in the model, and how it was built"""


@dataclass(frozen=True)
class Figures:
    """What was measured of one engine, model and board."""

    instructions: int
    """Of the second inference"""
    operators: tuple[int, ...]
    """Instructions of each operator or kernel call; empty where the engine does not tell"""
    flash: int
    code: int
    """Flash without weights, in bytes"""
    ram: int
    """data + bss + arena; input buffer included, stack apart"""
    stack: int
    """Bytes of the painted stack that were used, start-up included"""
    stack_bound: int
    """What the stack can take at most; 0: not worked out"""
    arena: int
    output: tuple[int, ...] = field(repr=False)
    """Bytes of all outputs after `INFERENCES` with the generated inputs"""
    note: str = ""


def ends(data: bytes) -> Sources:
    """`ends.h`: bytes of each input and output of a model, for harness.c."""
    model = read_outline(data)
    lines = []
    for name, indices in (("inputs", model.inputs), ("outputs", model.outputs)):
        sizes = ", ".join(str(model.tensor(index).bytes) for index in indices)
        lines.append(f"static const uint32_t {name}[] = {{{sizes}}};\n")
    return {"ends.h": "".join(lines)}


def generated_bytes(count: int) -> bytes:
    """What harness.c writes to the inputs, one after the other, before each inference."""
    values, state = bytearray(count), 1
    for index in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state >> 24
    return bytes(values)


def build(parts: Parts, board: Board, folder: Path, cache: Path | None = None) -> Path:
    """Compiles an engine with the bare program; returns the ELF.

    Args:
        parts: The engine.
        board: Where it is to run.
        folder: Scratch folder.
        cache: Where objects of `parts.files`, which do not change, are kept.

    Raises:
        Refused: The compiler failed.
    """
    write_sources(parts.sources | {"linker.ld": linker_script(board)}, folder)
    shutil.copy(HERE / "harness.c", folder / "harness.c")
    for name in ("engine.h", "tensor.h"):
        shutil.copy(firmware_folder() / "engine" / name, folder / name)
    own = [name for name in sorted(parts.sources) if name.endswith((".c", ".cc"))]
    small = [folder / name for name in own if name in parts.size_first]
    fast = [folder / name for name in own if name not in parts.size_first]
    core = (*CORE[board.tinyssl.isa.value], *COMMON, *parts.optimise)
    includes = [f"-I{folder / name}" for name in (".", *parts.includes)]
    options = [*core, *includes, *parts.defines]
    usage = ["-fstack-usage"] if parts.bounded else []
    objects = _compile([folder / "harness.c", *fast], [*options, *usage], folder)
    objects += _compile(small, [*options, "-Os", *usage], folder)
    if parts.files:
        names = [f"-I{name}" for name in parts.includes]
        foreign = [*core, *names, *parts.defines]
        key = hashlib.sha256("\0".join(foreign).encode()).hexdigest()[:16]
        objects += _compile(parts.files, foreign, (cache or folder) / key)
    elf = folder / "engine.elf"
    linker = "arm-none-eabi-g++" if parts.cplusplus else "arm-none-eabi-gcc"
    script = ("-T", str(folder / "linker.ld"))
    _call([linker, *core, *LINK, *script, "-o", str(elf), *map(str, objects)], folder)
    return elf


def _compile(files: Sequence[Path], options: list[str], folder: Path) -> list[Path]:
    """Object files, two compilers at a time; those that are there already are kept."""
    objects, running = [], []
    made = folder / "objects"
    made.mkdir(parents=True, exist_ok=True)
    for path in files:
        target = made / f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}.o"
        objects.append(target)
        if target.exists():
            continue
        c = path.suffix == ".c"
        language = ["-std=gnu11"] if c else ["-std=gnu++17", "-fno-rtti", "-fno-threadsafe-statics"]
        compiler = "arm-none-eabi-gcc" if c else "arm-none-eabi-g++"
        command = (compiler, *options, *language, "-w", "-c", str(path))
        running.append(Compilation(command, target))
        if len(running) >= 2:
            running.pop(0).finish()
    for compilation in running:
        compilation.finish()
    return objects


class Compilation:
    """A compiler at work; its object appears only when it is complete."""

    def __init__(self, command: Sequence[str], target: Path) -> None:
        self.target = target
        self.made = target.with_suffix(".part")
        arguments = [*command, "-o", str(self.made)]
        self.process = subprocess.Popen(
            arguments, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        )
        self.source = command[-1]

    def finish(self) -> None:
        """Waits for it.

        Raises:
            Refused: It failed.
        """
        _, errors = self.process.communicate(timeout=COMPILE_SECONDS)
        if self.process.returncode:
            raise Refused(f"{self.source} does not compile: {errors[-1500:]}")
        self.made.replace(self.target)


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=COMPILE_SECONDS,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise Refused(f"{command[0]} failed: {done.stderr[-1500:]}")


def run(elf: Path, board: Board) -> dict[str, list[int]]:
    """Runs the program; returns its figures by name, times in ticks.

    Raises:
        Refused: The engine reported an error, or the program did not end.
    """
    emulator = board.tinyssl.emulator
    if emulator is None:
        raise Refused(f"{board.id} is not emulated")
    command = [part.replace("{elf}", str(elf)) for part in emulator.command]
    command += ["-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    text = done.stdout + done.stderr
    failure = re.search(r"^error (.*)$", text, re.MULTILINE)
    if failure or "done" not in text.split():
        raise Refused(failure.group(1) if failure else f"it stopped: {text[-300:]!r}")
    found: dict[str, list[int]] = {}
    for name, value in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE):
        found.setdefault(name, []).append(int(value))
    return found


def figures(
    parts: Parts,
    board: Board,
    cache: Path | None = None,
    shrink: Callable[[Path], int] = lambda _elf: 0,
) -> Figures:
    """Builds, runs and measures; files are gone afterwards.

    Args:
        parts: The engine.
        board: Where it runs.
        cache: As in `build`.
        shrink: Takes RAM from a program before it is measured, and says how much.
    """
    emulator = board.tinyssl.emulator
    assert emulator is not None
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        elf = build(parts, board, Path(name), cache)
        spared = shrink(elf)
        found = run(elf, board)
        sizes = measure(elf, board).sizes
        bound = stack_bound(elf, elf.parent / "objects") if parts.bounded else 0
    per_tick = emulator.instructions_per_second / board.tinyssl.clock_hz
    return Figures(
        instructions=round(found["inference"][1] * per_tick),
        operators=tuple(round(ticks * per_tick) for ticks in found.get("operator", ())),
        flash=sizes["flash"],
        code=sizes["flash"] - sizes["weights"],
        ram=sizes["ram"] - sizes["stack"] - spared,
        stack=found["stack"][0],
        stack_bound=bound,
        arena=found["arena"][0],
        output=tuple(found["output"]),
        note=parts.note,
    )
