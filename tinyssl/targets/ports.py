"""Ports: the C files that drive a board, found by what they include.

A port is `PORT.c` in `firmware/port/`, or in the folder `port` beside the board's file. A header
that it includes brings the C file of the same name, so a port says with its includes which of the
shared parts (start-up, faults, UART) it builds on. Files of the board's own folder come first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.errors import UsageError, nearest
from tinyssl.core.paths import firmware_folder
from tinyssl.targets.boards import Board

SUFFIXES = (".c", ".cpp", ".S")
"""Of a port's sources"""
LARGEST = 1024 * 1024
"""Bytes of a file of a port"""
HEADER = "port.h"
OPTIONAL = ("port_pulse",)
"""Functions of `port.h` that a board may leave out"""
_DIRECTIVE = re.compile(r"^\s*#\s*(if\w*|endif|include|define)\b[ \t]*(.*?)\s*$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class PortSources:
    """The files of a port."""

    files: dict[str, Path]
    """Name, as in an include -> where it is"""
    script: Path | None = None
    """Linker script that the port brings; None: it is made from the board's regions"""


def own_folder(board: Board) -> Path:
    """Where the board's own port would be."""
    return board.file.parent / "port"


def shipped_port(name: str) -> PortSources:
    """The files of a port of `firmware/port/`.

    Raises:
        UsageError: There is none of this name.
    """
    return PortSources(_reached(name, [firmware_folder() / "port"]))


def board_port(board: Board) -> PortSources:
    """The files of a board's port.

    Raises:
        UsageError: There is no such port (the hint lists the shipped ones), it has the name of a
            shipped one, a file cannot be read, or a function of `port.h` is missing.
    """
    name, own, shipped = board.tinyssl.port, own_folder(board), firmware_folder() / "port"
    at_home, at_ours = _sources(name, own), _sources(name, shipped)
    if not at_home and not at_ours:
        known = shipped_ports()
        raise UsageError(
            f"board {board.id}: no port {name!r}, neither in {own} nor among the shipped ones",
            hint=f"{nearest(name, known)}known: {', '.join(known)}; see docs/adding_a_board.md",
        )
    if not at_home:
        return PortSources(_reached(name, [shipped]))
    if at_ours:
        raise UsageError(
            f"{at_home[0]} has the name of a port that tinyssl ships",
            hint=f"rename it, and `port` in {board.file}",
        )
    port = PortSources(_reached(name, [own, shipped]), _script(name, own))
    missing = [each for each in required() if not _defines(port, each)]
    if missing:
        raise UsageError(
            f"the port {name} of board {board.id} does not define {', '.join(missing)}",
            hint=f"{shipped / HEADER} says what each function must do; write it in {at_home[0]}, "
            "or include the header of a shared part that has it",
        )
    return port


def flash_driver(board: Board, name: str) -> PortSources:
    """The files of a driver of `port_flash.h`, of the board's own folder or a shipped one.

    Raises:
        UsageError: There is no such driver, or a file cannot be read.
    """
    own, shipped = own_folder(board), firmware_folder() / "port"
    if not _sources(name, own) and not _sources(name, shipped):
        raise UsageError(
            f"board {board.id}: no flash driver {name!r}, neither in {own} nor in {shipped}",
            hint="`store` in the board's file names it; see docs/flash_log.md",
        )
    return PortSources(_reached(name, [own, shipped]))


def shipped_ports() -> list[str]:
    """Names of the ports in `firmware/port/`: the files that bring a whole `port.h`."""
    folder = firmware_folder() / "port"
    names = sorted({path.stem for path in folder.iterdir() if path.suffix in SUFFIXES})
    return [n for n in names if all(_defines(shipped_port(n), each) for each in required())]


def required() -> list[str]:
    """The functions of `port.h` that every port must have."""
    text = _COMMENT.sub("", (firmware_folder() / "port" / HEADER).read_text(encoding="utf-8"))
    declared = re.findall(r"\b(port_\w+)\([^;{]*\);", text)
    return [name for name in declared if name not in OPTIONAL]


def _defines(port: PortSources, function: str) -> bool:
    head = re.compile(rf"\b{function}\s*\([^;{{)]*\)\s*\{{")
    return any(
        head.search(_COMMENT.sub("", _read(path)))
        for path in port.files.values()
        if path.suffix in SUFFIXES
    )


def _sources(name: str, folder: Path) -> list[Path]:
    return [path for suffix in SUFFIXES if (path := folder / f"{name}{suffix}").is_file()]


def _script(name: str, folder: Path) -> Path | None:
    script = folder / f"{name}.ld"
    return script if script.is_file() else None


def _reached(name: str, folders: list[Path]) -> dict[str, Path]:
    """`port.h`, the sources called `name`, and all that their includes bring."""
    found: dict[str, Path] = {}
    todo = [HEADER, *(f"{name}{suffix}" for suffix in SUFFIXES)]
    while todo:
        file = todo.pop()
        places = folders[-1:] if file == HEADER else folders
        path = next((path for folder in places if (path := folder / file).is_file()), None)
        if file in found or path is None:
            continue
        found[file] = path
        todo += _includes(_read(path))
        if path.suffix == ".h" and file != HEADER:
            todo += [f"{path.stem}{suffix}" for suffix in SUFFIXES]
    return dict(sorted(found.items()))


def _includes(text: str) -> list[str]:
    """Headers that a file includes whatever the compiler defines; its guard is no condition."""
    headers: list[str] = []
    conditions: list[bool] = []
    guard = ""
    for directive, rest in _DIRECTIVE.findall(_COMMENT.sub("", text)):
        if directive == "define" and rest.split() == [guard]:
            conditions[-1] = False
        elif directive == "endif":
            conditions = conditions[:-1]
        elif directive.startswith("if"):
            conditions.append(True)
        elif directive == "include" and rest.startswith('"') and not any(conditions):
            headers.append(rest.strip('"'))
        guard = rest if directive == "ifndef" else ""
    return headers


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read as a C file: {error}", hint="a port is made of UTF-8 texts"
        ) from error
