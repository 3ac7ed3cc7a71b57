"""Which upload protocol is taken for a board, and whether its program is here."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Any

from tinyssl.core.errors import ToolMissing, UsageError, nearest
from tinyssl.device.flashers import mass_storage
from tinyssl.targets.boards import Board

HELPER = "tinyssl.device.flashers"
EXTRA = "run `pip install 'tinyssl[flash]'`"
PYTHON_TOOLS = {"pyocd": EXTRA, "esptool": EXTRA}
"""Protocols whose tool is a Python package of the same name -> what installs it"""
PROGRAMS = {
    "openocd": "run `apt-get install openocd`",
    "JLinkExe": "install the J-Link software of segger.com",
    "bossac": "install bossac 1.9.1-arduino2 of the Arduino IDE (Debian's knows no nRF52)",
}
"""Program -> what installs it"""


def choose_protocol(board: Board, wanted: str | None = None) -> str:
    """The protocol that was asked for, or the board's first one whose tool is here.

    `openocd` also means a board's protocol that runs OpenOCD under another name, as `stlink`. Where
    no tool is here it is the board's first, so that the error names that one.

    Raises:
        UsageError: The board's file has no such protocol.
    """
    names = board.tinyssl.flashers
    if wanted is None:
        return next((name for name in names if not missing_tool(board, name)), names[0])
    if wanted in names:
        return wanted
    same = [name for name in names if _command(board, name)[0] == wanted]
    if same:
        return same[0]
    raise UsageError(
        f"{board.id} cannot be flashed by {wanted!r}",
        hint=f"{nearest(wanted, names)}its protocols: {', '.join(names)}",
    )


def missing_tool(board: Board, protocol: str) -> tuple[str, str] | None:
    """What a protocol lacks on this computer, and what installs it; None where it is complete."""
    program = _program(board, protocol)
    if program in PYTHON_TOOLS:
        return None if find_spec(program) else (f"the package {program}", PYTHON_TOOLS[program])
    if program == "mbed":
        return None if mass_storage.volumes() else ("a mounted drive of a probe", "mount it")
    if program in ("{python}", "") or shutil.which(program):
        return None
    return f"{program} on the PATH", PROGRAMS.get(program, f"install {program}")


def check_tool(board: Board, protocol: str) -> None:
    """Raises ToolMissing where the protocol's tool is not here; names the others of the board."""
    missing = missing_tool(board, protocol)
    if missing is None or _program(board, protocol) == "mbed":  # its own error says more
        return
    what, install = missing
    others = [n for n in board.tinyssl.flashers if n != protocol and not missing_tool(board, n)]
    instead = f", or take --protocol {others[0]}" if others else ""
    raise ToolMissing(f"{protocol} needs {what}, which is not there", hint=f"{install}{instead}")


def _command(board: Board, protocol: str) -> list[Any]:
    commands: Any = board.upload["commands"]
    return list(commands[protocol])


def _program(board: Board, protocol: str) -> str:
    """The tool that does the work: a program, or a Python package."""
    first, *rest = _command(board, protocol)
    if first != "{python}" or len(rest) < 3:
        return str(first)
    module, name = str(rest[1]), str(rest[2])
    if module != HELPER:
        return module if module in PYTHON_TOOLS else first
    return {"jlink": "JLinkExe"}.get(name, name)
