"""Boards are data files: PlatformIO's own keys plus a `tinyssl` section, checked when read.

One file serves both tools: PlatformIO reads it as a board definition (`boards_dir`), tinyssl reads
the section below. Adding a board is adding a file.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tinyssl.errors import UsageError, unknown_name
from tinyssl.paths import boards_folder

DATA_ROOM = 16 * 1024
"""Bytes that variables of the firmware may take of a region that also takes the arena"""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Isa(StrEnum):
    """What the generator may use. Names are those of gcc's -mcpu where there is one."""

    CORTEX_M3 = "cortex-m3"
    CORTEX_M4 = "cortex-m4"
    CORTEX_M7 = "cortex-m7"
    CORTEX_M55 = "cortex-m55"
    RV32IMC = "rv32imc"
    XTENSA_LX6 = "xtensa-lx6"
    XTENSA_LX7 = "xtensa-lx7"
    HOST = "host"


class Region(_Section):
    """A named piece of memory."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    origin: Annotated[int, Field(ge=0, lt=2**32)]
    """Address; JSON has no hex, so files may also say "0x20000000\""""
    size: Annotated[int, Field(gt=0)]
    """Bytes"""
    access: Literal["rx", "rwx", "rw"]
    use: tuple[Literal["vectors", "code", "weights", "data", "stack", "arena"], ...] = ()
    """What the linker puts here; each use must have exactly one region"""
    view_of: str = ""
    """Name of the region of code, where this one shows the same memory at other addresses because
    code's own are not for data; constants then lie here too"""
    source: str = ""
    """Document and table the figures are from"""

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: dict[str, object]) -> dict[str, object]:
        parsed = dict(values)
        for key in ("origin", "size"):
            if isinstance(parsed.get(key), str):
                parsed[key] = int(str(parsed[key]), 0)
        return parsed


class Serial(_Section):
    """The line between host and board."""

    uart: str
    """Peripheral that the port uses, as the reference manual names it"""
    baud: Annotated[int, Field(gt=0)] = 115200
    usb_ids: tuple[tuple[str, str], ...] = ()
    """(vid, pid) of the probe's serial port, hex strings"""
    tx: Annotated[str, Field(pattern=r"^P[01]\.\d\d$")] | None = None
    """Pin that the board sends on, where the port leaves the choice to the board: P1.03"""
    rx: Annotated[str, Field(pattern=r"^P[01]\.\d\d$")] | None = None
    """Pin that it receives on"""

    @staticmethod
    def pin_number(pin: str) -> int:
        """32 for each port before the pin's, and its number there: 35 for P1.03."""
        return 32 * int(pin[1]) + int(pin[3:])


class Emulator(_Section):
    """How to run the board without the board."""

    command: tuple[str, ...]
    """Program and arguments; {elf} is replaced; the serial line is added by tinyssl"""
    instructions_per_second: int
    """Instructions in a second of the emulator's virtual time"""
    ticks_per_second: Annotated[int, Field(gt=0)] | None = None
    """Of the emulated timer, where the firmware cannot know it; default: what the device says"""


class Arduino(_Section):
    """The board under the Arduino framework: packages that PlatformIO fetches."""

    platform: str
    """PlatformIO's platform: ststm32, nordicnrf52, espressif32, …"""
    board: str
    """Its id there"""
    build_flags: tuple[str, ...] = ()
    """More lines of `build_flags`"""


class Fast(_Section):
    """Memory beside the core, without wait states or caches (TCM, CCM): names of regions."""

    kernels: str | None = None
    """Takes the code of the model and its kernels, which is copied there at start-up"""
    arena: str | None = None
    """Takes the tensor arena where that fits beside what the region holds already; where not, the
    arena stays in the region whose `use` says so"""


class Budget(_Section):
    """Limits of the build gate, in bytes."""

    flash: Annotated[int, Field(gt=0)]
    ram: Annotated[int, Field(gt=0)]


class Target(_Section):
    """The `tinyssl` section of a board file."""

    aliases: tuple[str, ...] = ()
    isa: Isa
    port: Literal[
        "mps2", "mps3", "riscv_virt", "stm32f4", "stm32h7", "stm32l4", "nrf52840", "esp32c3",
        "host", "arduino",
    ]  # fmt: skip
    """C port in firmware/port/ that drives it; arduino: none but what the Arduino framework has"""
    arduino: Arduino | None = None
    """The board under the Arduino framework, where PlatformIO has it there"""
    clock_hz: Annotated[int, Field(gt=0)]
    tick_unit: Literal["cycles", "instructions", "microseconds", "nanoseconds"]
    """What latency figures are counted in: never milliseconds of hardware for an emulator"""
    regions: tuple[Region, ...] = ()
    fast: Fast = Fast()
    stack_bytes: Annotated[int, Field(ge=512)] = 8192
    serial: Serial
    flashers: tuple[str, ...]
    """Upload protocols, the default first: emulator, host, stlink, …"""
    emulator: Emulator | None = None
    budget: Budget

    @model_validator(mode="after")
    def _arduino_is_described(self) -> Target:
        if self.port == "arduino" and self.arduino is None:
            raise ValueError("port `arduino` needs the section `arduino`")
        return self

    @model_validator(mode="after")
    def _one_region_a_use(self) -> Target:
        if self.port in ("host", "arduino"):
            return self
        uses = [use for region in self.regions for use in region.use]
        for use in ("vectors", "code", "weights", "data", "stack", "arena"):
            if uses.count(use) != 1:
                raise ValueError(f"{uses.count(use)} regions hold `{use}`; exactly one must")
        names = {region.name for region in self.regions}
        code = next(region.name for region in self.regions if "code" in region.use)
        for region in self.regions:
            if region.view_of and (region.view_of, region.use) != (code, ("weights",)):
                raise ValueError(
                    f"{region.name}: a view is one of {code}, and holds `weights` alone"
                )
        for name in (self.fast.kernels, self.fast.arena):
            if name not in (None, *names):
                raise ValueError(f"fast: no region is called {name!r}")
        return self


BoardKind = Literal["emulator", "host", "serial"]
Framework = Literal["baremetal", "arduino"]


class Board(BaseModel):
    """A board: PlatformIO's keys (kept as they are) and ours."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    name: str
    vendor: str
    url: str
    build: dict[str, object] = Field(default_factory=dict)
    upload: dict[str, object] = Field(default_factory=dict)
    tinyssl: Target

    @property
    def kind(self) -> BoardKind:
        """A process on this computer (host, emulator), or a real board on a serial port."""
        if self.tinyssl.port == "host":
            return "host"
        return "emulator" if self.tinyssl.emulator is not None else "serial"

    @property
    def emulated(self) -> bool:
        """True where the board runs on this computer."""
        return self.kind != "serial"

    @property
    def frameworks(self) -> tuple[Framework, ...]:
        """What the board can be built with, the default first."""
        own: tuple[Framework, ...] = () if self.tinyssl.port == "arduino" else ("baremetal",)
        return (*own, "arduino") if self.tinyssl.arduino is not None else own

    def region(self, use: str) -> Region:
        """The region that holds `use`."""
        return next(region for region in self.tinyssl.regions if use in region.use)

    def arena_region(self, arena_bytes: int) -> Region:
        """Where an arena of so many bytes lies: in fast memory if that has room for it."""
        fast = next((r for r in self.tinyssl.regions if r.name == self.tinyssl.fast.arena), None)
        if fast is None:
            return self.region("arena")
        stack = self.tinyssl.stack_bytes if "stack" in fast.use else 0
        data = DATA_ROOM if "data" in fast.use else 0
        return fast if stack + data + arena_bytes <= fast.size else self.region("arena")


def read_board(path: Path) -> Board:
    """Reads and checks one board file.

    Raises:
        UsageError: The file cannot be read or breaks a rule; names the field.
    """
    try:
        return Board(id=path.stem, **json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        problem: object = error
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UsageError(
            f"board file {path}: {problem}", hint="see docs/adding_a_board.md"
        ) from error


def all_boards(folder: Path | None = None) -> list[Board]:
    """All boards of a folder (default: those that tinyssl ships), by id."""
    return [read_board(path) for path in sorted((folder or boards_folder()).glob("*.json"))]


def find_board(name: str, folder: Path | None = None) -> Board:
    """The board called `name`, by id or alias.

    Raises:
        UsageError: There is none; the hint names the nearest.
    """
    boards = all_boards(folder)
    for board in boards:
        if name == board.id or name in board.tinyssl.aliases:
            return board
    names = [name for board in boards for name in (board.id, *board.tinyssl.aliases)]
    raise unknown_name("board", name, names)
