"""The PlatformIO project with `framework = arduino`: a sketch, and the firmware as its library.

platformio.ini          platform and board as PlatformIO names them
boards/<board>.json     the board file, for tinyssl alone
src/main.cpp            the sketch
lib/tinyssl/            library.json, src/tinyssl.h, and below src/tinyssl/ application, protocol,
                        port, engine, the generated model and its kernels, in one folder: every
                        header lies beside those that include it, and no name is in a user's way
"""

from __future__ import annotations

import json

from tinyssl import __version__
from tinyssl.codegen.render import render
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import firmware_folder
from tinyssl.core.sources import Sources
from tinyssl.targets.board_sections import Arduino
from tinyssl.targets.boards import Board, Framework, all_boards

LIBRARY = "lib/tinyssl"
INNER = f"{LIBRARY}/src/tinyssl"
HEADER = f"{INNER}/tinyssl_build.h"
TICK_UNIT = "microseconds"
"""Of micros(), the clock that every Arduino core has"""

MOVED = ("src/app/", "src/protocol/", "src/port/", "src/storage/", "src/engine/", "include/")
"""Folders of the bare-metal project whose files lie in the library here"""
MODEL = "lib/tinyssl_model/src/"
OWN_LOOP = "src/app/main.c"
"""The application's main(): Arduino has its own"""


def choose_framework(board: Board, wanted: Framework | None) -> Framework:
    """The wanted framework, else the board's default.

    Raises:
        UsageError: The board has it not; names the frameworks and boards that are there.
    """
    if wanted is None or wanted in board.frameworks:
        return wanted or board.frameworks[0]
    others = [other.id for other in all_boards() if wanted in other.frameworks]
    raise UsageError(
        f"{board.id} has no framework {wanted}, only {', '.join(board.frameworks)}",
        hint=f"boards with it: {', '.join(others) or 'none'}",
    )


def arduino_section(board: Board) -> Arduino:
    """What PlatformIO calls the board; only for boards with this framework."""
    section = board.tinyssl.arduino
    assert section is not None, board.id
    return section


def arduino_files(bare: Sources) -> Sources:
    """The same firmware as a sketch and its library.

    Args:
        bare: Files of the application, protocol, port and engine where the bare-metal project has
            them.

    Returns:
        All files but platformio.ini and the header of the build.
    """
    folder = firmware_folder() / "arduino"
    manifest = {
        "name": "tinyssl",
        "version": __version__,
        "description": "tinyssl's firmware: application, protocol, model and kernels",
        "frameworks": "arduino",
        "headers": "tinyssl.h",
    }
    files = {_place(path): text for path, text in bare.items() if path != OWN_LOOP}
    return files | {
        f"{LIBRARY}/library.json": json.dumps(manifest, indent=2) + "\n",
        f"{LIBRARY}/src/tinyssl.h": (folder / "tinyssl.h").read_text(encoding="utf-8"),
        f"{LIBRARY}/src/tinyssl.c": (folder / "tinyssl.c").read_text(encoding="utf-8"),
        "src/main.cpp": (folder / "main.cpp").read_text(encoding="utf-8"),
    }


def _place(path: str) -> str:
    if path.startswith(MODEL):
        return f"{INNER}/{path.removeprefix(MODEL)}"
    for start in MOVED:
        if path.startswith(start):
            return f"{INNER}/{path.removeprefix(start)}"
    return path


def arduino_settings(
    board: Board, optimise: str, flags: tuple[str, ...], options: tuple[str, ...]
) -> str:
    """platformio.ini: the board's flags, then those of the engine."""
    section = arduino_section(board)
    return render(
        "platformio_arduino.ini.j2",
        {
            "board": board,
            "arduino": section,
            "optimise": optimise,
            "build_flags": [*section.build_flags, *flags],
            "extra_options": options,
        },
    )
