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

from tinyssl.core import plugins
from tinyssl.core.config_catalog import SensorName
from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.core.paths import board_folders
from tinyssl.targets.board_json import read_board_json
from tinyssl.targets.board_sections import (
    MEMORY_END,
    SECTIONS,
    Arduino,
    Budget,
    Emulator,
    Fast,
    Hertz,
    Region,
    Section,
    Serial,
    Store,
    Word,
)

DATA_ROOM = 16 * 1024
"""Bytes that variables of the firmware may take of a region that also takes the arena"""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Name of a board file without `.json`: it is part of paths, of platformio.ini and of C"""


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


class BoardSection(Section):
    """The `tinyssl` section of a board file."""

    aliases: tuple[Word, ...] = ()
    isa: Isa
    override: bool = False
    """Takes the place of the board with the same id that tinyssl ships, or of an earlier folder"""
    port: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """C port that drives it: in firmware/port/, or in the folder `port` beside the board's file;
    arduino: none but what the Arduino framework has"""
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
    store: Store | None = None
    """Flash for what a model learns; None: such a model forgets it when the power is cut"""
    budget: Budget
    sensors: tuple[SensorName, ...] = ()
    """Sensors that are on the board"""

    @model_validator(mode="after")
    def _arduino_is_described(self) -> BoardSection:
        if self.port == "arduino" and self.arduino is None:
            raise ValueError("port `arduino` needs the section `arduino`")
        return self

    @model_validator(mode="after")
    def _regions_apart(self) -> BoardSection:
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
    def _one_region_a_use(self) -> BoardSection:
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
    file: Path = Field(exclude=True)
    """Where it was read from"""
    name: Annotated[str, Field(min_length=1)]
    vendor: str
    url: str
    build: dict[str, object] = Field(default_factory=dict)
    upload: dict[str, object] = Field(default_factory=dict)
    tinyssl: BoardSection

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
        return Board(id=path.stem, file=path.absolute(), **content)
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


def _path_problem(value: object) -> str:
    return "" if isinstance(value, str | Path) else "is not the path of a board file"


BOARDS = plugins.PluginGroup("board", "tinyssl.boards")
"""Boards of packages: an entry point is the path of a board file"""
BOARD_FILES = plugins.Registry[str | Path](BOARDS, {}, _path_problem)


def all_boards(*more: Path) -> list[Board]:
    """All boards, by id: those that tinyssl ships, those of `TINYSSL_BOARDS`, those of packages.

    Args:
        more: Board files beside these. A package whose board cannot be loaded is left out.

    Raises:
        UsageError: A file cannot be read or breaks a rule, or two files define one name.
    """
    files = [file for folder in board_folders() for file in board_files(folder)]
    files += [path for path in _packaged_files().values() if isinstance(path, Path)]
    found: dict[Path, Board] = {}
    for file in [*files, *more]:
        if file.resolve() not in found:
            _add(found, read_board(file))
    return sorted(found.values(), key=lambda board: board.id)


def board_files(folder: Path) -> list[Path]:
    """The board files of a folder: `NAME.json`, and `NAME/NAME.json` of one with its own port."""
    inner = (path / f"{path.name}.json" for path in folder.iterdir() if path.is_dir())
    return [*sorted(folder.glob("*.json")), *sorted(file for file in inner if file.is_file())]


def unloadable_boards() -> dict[str, str]:
    """Boards of packages that cannot be loaded: name -> why."""
    return {name: str(why) for name, why in _packaged_files().items() if not isinstance(why, Path)}


def _packaged_files() -> dict[str, Path | UsageError]:
    found: dict[str, Path | UsageError] = {}
    for name in plugins.origins(BOARDS):
        try:
            found[name] = Path(BOARD_FILES.find(name).value)
        except UsageError as error:
            found[name] = error
    return found


def _add(found: dict[Path, Board], board: Board) -> None:
    """Adds a board to those found, by file; one with `override` takes the place of its namesake."""
    names = {board.id, *board.tinyssl.aliases}
    for file, other in list(found.items()):
        both = sorted(names & {other.id, *other.tinyssl.aliases})
        if not both:
            continue
        if other.id != board.id or not board.tinyssl.override:
            raise UsageError(
                f"two boards are called {both[0]}: {other.file} and {board.file}",
                hint="rename one, or leave the alias out; a board with the id of another takes its "
                'place with `"override": true` in its section `tinyssl`',
            )
        del found[file]
    found[board.file.resolve()] = board


def find_board(name: str) -> Board:
    """The board called `name`, by id or alias, or that of a file `NAME.json`.

    Raises:
        UsageError: There is none (the hint names the nearest), two have the name, or its file is
            wrong.
    """
    if name.endswith(".json"):
        file = Path(name).absolute()
        return next(b for b in all_boards(file) if b.file.resolve() == file.resolve())
    boards = all_boards()
    for board in boards:
        if name in (board.id, *board.tinyssl.aliases):
            return board
    if name in plugins.origins(BOARDS):  # it was left out: say why
        return read_board(Path(BOARD_FILES.find(name).value))
    raise unknown_name("board", name, [n for b in boards for n in (b.id, *b.tinyssl.aliases)])


def board_ids(names: str) -> list[str]:
    """Ids of boards that an option names with commas between, each once, in the order given.

    Raises:
        UsageError: One is unknown.
    """
    found = [find_board(name.strip()).id for name in names.split(",") if name.strip()]
    return list(dict.fromkeys(found))
