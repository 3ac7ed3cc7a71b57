"""Boards are data files: PlatformIO's own keys plus a `tinyssl` section, checked when read.

One file serves both tools: PlatformIO reads it as a board definition (`boards_dir`), tinyssl reads
the section below. Adding a board is adding a file.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.core.paths import boards_folder
from tinyssl.targets.board_json import read_board_json

DATA_ROOM = 16 * 1024
"""Bytes that variables of the firmware may take of a region that also takes the arena"""
MEMORY_END = 2**32
"""Addresses have 32 bits"""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Name of a board file without `.json`: it is part of paths, of platformio.ini and of C"""

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
"""A name that stays one word wherever it is put"""
Size = Annotated[int, Field(gt=0, le=MEMORY_END)]
Hertz = Annotated[int, Field(gt=0, lt=MEMORY_END)]
Flag = Annotated[str, Field(pattern=r"^-[DUm][A-Za-z0-9_]+(=[A-Za-z0-9_.+-]*)?$")]
"""Compiler option that defines a name or chooses a core: others can name programs to run"""
UsbId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{4}$")]
Pin = Annotated[str, Field(pattern=r"^P[01]\.([0-2]\d|3[01])$")]
Command = Annotated[tuple[str | tuple[str, ...], ...], Field(min_length=1, max_length=64)]


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
    size: Size
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
    def _numbers(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        parsed = dict(values)
        for key in ("origin", "size"):
            if isinstance(parsed.get(key), str):
                parsed[key] = int(str(parsed[key]), 0)
        return parsed

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.size

    @model_validator(mode="after")
    def _ends_in_memory(self) -> Region:
        if self.end > MEMORY_END:
            raise ValueError(f"{self.name} ends at {self.end:#x}, beyond 32 bits")
        return self


class Serial(_Section):
    """The line between host and board."""

    uart: str
    """Peripheral that the port uses, as the reference manual names it"""
    baud: Annotated[int, Field(ge=300, le=20_000_000)] = 115200
    usb_ids: tuple[tuple[UsbId, UsbId], ...] = ()
    """(vid, pid) of the probe's serial port, hex strings"""
    tx: Pin | None = None
    """Pin that the board sends on, where the port leaves the choice to the board: P1.03"""
    rx: Pin | None = None
    """Pin that it receives on"""

    @model_validator(mode="after")
    def _both_pins(self) -> Serial:
        if (self.tx is None) != (self.rx is None):
            raise ValueError("tx and rx are given together, or neither is")
        return self

    @staticmethod
    def pin_number(pin: str) -> int:
        """32 for each port before the pin's, and its number there: 35 for P1.03."""
        return 32 * int(pin[1]) + int(pin[3:])


class Emulator(_Section):
    """How to run the board without the board."""

    command: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    """Program and arguments; {elf} is replaced; the serial line is added by tinyssl"""
    instructions_per_second: Annotated[int, Field(gt=0)]
    """Instructions in a second of the emulator's virtual time"""
    ticks_per_second: Hertz | None = None
    """Of the emulated timer, where the firmware cannot know it; default: what the device says"""


class Arduino(_Section):
    """The board under the Arduino framework: packages that PlatformIO fetches."""

    platform: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@~^=<>+#-]*$")]
    """PlatformIO's platform: ststm32, nordicnrf52, espressif32, …"""
    board: Word
    """Its id there"""
    build_flags: tuple[Flag, ...] = ()
    """More lines of `build_flags`: -D, -U and -m options"""


class Fast(_Section):
    """Memory beside the core, without wait states or caches (TCM, CCM): names of regions."""

    kernels: str | None = None
    """Takes the code of the model and its kernels, which is copied there at start-up"""
    arena: str | None = None
    """Takes the tensor arena where that fits beside what the region holds already; where not, the
    arena stays in the region whose `use` says so"""


class Budget(_Section):
    """Limits of the build gate, in bytes."""

    flash: Size
    ram: Size


class Target(_Section):
    """The `tinyssl` section of a board file."""

    aliases: tuple[Word, ...] = ()
    isa: Isa
    port: Literal[
        "mps2", "mps3", "riscv_virt", "stm32f4", "stm32h7", "stm32l4", "nrf52840", "esp32c3",
        "host", "arduino",
    ]  # fmt: skip
    """C port in firmware/port/ that drives it; arduino: none but what the Arduino framework has"""
    arduino: Arduino | None = None
    """The board under the Arduino framework, where PlatformIO has it there"""
    clock_hz: Hertz
    tick_unit: Literal["cycles", "instructions", "microseconds", "nanoseconds"]
    """What latency figures are counted in: never milliseconds of hardware for an emulator"""
    regions: Annotated[tuple[Region, ...], Field(max_length=64)] = ()
    fast: Fast = Fast()
    stack_bytes: Annotated[int, Field(ge=512, le=MEMORY_END)] = 8192
    serial: Serial
    flashers: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Upload protocols, the default first: emulator, host, stlink, …"""
    emulator: Emulator | None = None
    budget: Budget

    @model_validator(mode="after")
    def _arduino_is_described(self) -> Target:
        if self.port == "arduino" and self.arduino is None:
            raise ValueError("port `arduino` needs the section `arduino`")
        return self

    @model_validator(mode="after")
    def _regions_apart(self) -> Target:
        regions = sorted(self.regions, key=lambda region: region.origin)
        for low, high in pairwise(regions):
            if low.end > high.origin:
                raise ValueError(f"{low.name} and {high.name} overlap at {high.origin:#x}")
        names = [region.name for region in regions]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two regions are called {twice}")
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


class Chip(BaseModel):
    """A register that tells the chip: what `upload.chip` of a board file must hold."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _./+-]*$")]
    address: int
    mask: int
    value: int

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        numbers = {key: values.get(key) for key in ("address", "mask", "value")}
        texts = {key: int(text, 0) for key, text in numbers.items() if isinstance(text, str)}
        return values | texts


class Upload(BaseModel):
    """What tinyssl reads of the `upload` section; PlatformIO's own keys are kept beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    commands: dict[Word, Command]
    """Upload protocol -> program and arguments; a list within for when a port is chosen"""
    maximum_size: Size | None = None
    maximum_ram_size: Size | None = None
    protocol: Word | None = None
    protocols: tuple[Word, ...] = ()
    chip: Chip | None = None
    mbed_codes: tuple[UsbId, ...] = ()


class Build(BaseModel):
    """What PlatformIO and our builder read of the `build` section.

    Other keys are refused: `extra_flags` may name programs that the compiler then runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: Word | None = None
    f_cpu: Annotated[str, Field(pattern=r"^[0-9]{1,10}U?L?$")] | None = None
    mcu: Word | None = None


class Debug(BaseModel):
    """What uploaders read of the `debug` section."""

    model_config = ConfigDict(extra="allow", frozen=True)

    pyocd_target: Word = "cortex_m"
    jlink_device: Word | None = None
    connect_under_reset: bool = False


SECTIONS: dict[str, type[BaseModel]] = {"build": Build, "upload": Upload, "debug": Debug}
"""Sections outside `tinyssl` -> what they must hold"""

BoardKind = Literal["emulator", "host", "serial"]
Framework = Literal["baremetal", "arduino"]


class Board(BaseModel):
    """A board: PlatformIO's keys (kept as they are) and ours."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    name: Annotated[str, Field(min_length=1)]
    vendor: str
    url: str
    build: dict[str, object] = Field(default_factory=dict)
    upload: dict[str, object] = Field(default_factory=dict)
    tinyssl: Target

    @model_validator(mode="after")
    def _each_flasher_has_a_command(self) -> Board:
        commands = self.upload.get("commands")
        known = commands if isinstance(commands, dict) else {}
        missing = [name for name in self.tinyssl.flashers if name not in known]
        if missing:
            raise ValueError(f"upload.commands has no command for {', '.join(missing)}")
        return self

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
        if not ID.fullmatch(path.stem):
            raise ValueError("a board's id, the file's name, has letters, digits and _ . - only")
        content = read_board_json(path)
        for name, section in SECTIONS.items():
            _check_section(name, section, content.get(name, {}))
        return Board(id=path.stem, **content)
    except ValidationError as error:
        problem = _first_problem(error)
    except (OSError, ValueError, TypeError) as error:
        problem = str(error)
    raise UsageError(f"board file {path}: {problem}", hint="see docs/adding_a_board.md")


def _check_section(name: str, section: type[BaseModel], content: object) -> None:
    try:
        section.model_validate(content)
    except ValidationError as error:
        raise ValueError(_first_problem(error, name)) from error


def _first_problem(error: ValidationError, section: str = "") -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, ((section,) if section else ()) + first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


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
