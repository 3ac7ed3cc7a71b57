"""A complete PlatformIO project as text: what `build/<board>/` holds.

platformio.ini          board, platform and compiler flags
boards/<board>.json     the board file, read by PlatformIO and by tinyssl
platform/               the development platform: the compiler on the PATH, uploaders
linker.ld               rendered from the board's memory regions
include/                engine.h, and tinyssl_build.h with the identity of the image
src/                    app, protocol, port of the board, engine
lib/tinyssl_model/      the generated model and its kernels

An image that stores what it learns (`targets.store.with_store`) also has src/storage/
and the driver of its board's flash.

With the framework Arduino the same files make another project: see `tinyssl.project.arduino`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tinyssl import __version__
from tinyssl.codegen.literals import string_literal
from tinyssl.codegen.render import render
from tinyssl.core.paths import firmware_folder
from tinyssl.core.sources import Sources
from tinyssl.graph.interface import NAMED_KINDS, named_values
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.training import has_training
from tinyssl.project import arduino
from tinyssl.project.guard import Guard
from tinyssl.targets.boards import Board, Framework
from tinyssl.targets.ports import board_port, flash_driver, shipped_port

HEADER = "include/tinyssl_build.h"
LINKER_SCRIPT = "linker.ld"
MODEL_LIBRARY = "lib/tinyssl_model"

INCLUDES = ("-Isrc/app", "-Isrc/protocol", "-Isrc/port")
STORAGE_INCLUDES = ("-Isrc/storage",)
FLASH_OF_OTHERS = "flash_none"
"""Driver where a framework has laid out the flash: none"""


@dataclass(frozen=True)
class EngineParts:
    """What an engine adds to the project."""

    files: Sources
    """Path in the project -> text"""
    build_flags: tuple[str, ...] = ()
    """More lines of `build_flags`"""
    options: tuple[str, ...] = ()
    """More lines of the environment's section in platformio.ini, as `key = value`"""
    keep_input: bool = True
    """The application keeps a copy of the input; the engine need not have its own at all times"""
    arena_bytes: int = 0
    """Size of the tensor arena, which decides the memory that it is put into"""
    calls: int = 0
    """Steps that the engine reports times for; 0: one for each operator of the model"""
    named_kinds: tuple[ValueKind, ...] = NAMED_KINDS
    """Kinds of tensors that the engine shows to the application"""


@dataclass(frozen=True)
class Image:
    """All that decides what is built."""

    board: Board
    model: Model
    engine: EngineParts
    optimise: str = "O2"
    framework: Framework = "baremetal"
    guard: Guard = field(default_factory=Guard)
    """Of a model that learns"""


def linker_script(board: Board, arena_bytes: int = 0) -> str:
    """Linker script of a board: each use of memory in the region that the board file gives it.

    Args:
        board: Its regions, and which of them are fast.
        arena_bytes: Decides whether the arena lies in fast memory.
    """
    uses = ("vectors", "code", "weights", "stack", "data")
    regions = {use: board.region(use).name for use in uses}
    regions["arena"] = board.arena_region(arena_bytes).name
    regions["kernels"] = board.tinyssl.fast.kernels or regions["code"]
    view = bool(board.region("weights").view_of)
    return render("linker.ld.j2", {"board": board, "view": view} | regions)


def project_files(image: Image) -> tuple[Sources, str]:
    """The project of an image, and its build id.

    Returns:
        Path -> text of every file, and 16 hex digits of the SHA-256 over all of them (the header
        with an empty id), so equal input gives an equal id.
    """
    files = _firmware(image) | dict(image.engine.files)
    header = HEADER
    if image.framework == "arduino":
        files, header = arduino.arduino_files(files), arduino.HEADER
    else:
        files |= _platform()
        if image.board.tinyssl.port != "host":
            files[LINKER_SCRIPT] = _script(image)
    board_file = f"{image.board.id}.json"
    files[f"boards/{board_file}"] = image.board.file.read_text(encoding="utf-8")
    files["platformio.ini"] = _settings(image)
    build_id = _digest(files | {header: _header(image, "")})
    files[header] = _header(image, build_id)
    return files, build_id


def _script(image: Image) -> str:
    own = board_port(image.board).script
    if own is not None:
        return own.read_text(encoding="utf-8")
    return linker_script(image.board, image.engine.arena_bytes)


def _platform() -> Sources:
    names = ("platform.json", "platform.py", "flash.tcl", "builder/main.py")
    folder = firmware_folder() / "platform"
    return {f"platform/{name}": (folder / name).read_text(encoding="utf-8") for name in names}


def _firmware(image: Image) -> Sources:
    firmware = firmware_folder()
    sources = {
        f"src/{part}/{path.name}": path.read_text(encoding="utf-8")
        for part in ("app", "protocol")
        for path in sorted((firmware / part).glob("*.[ch]"))
    }
    arduino_core = image.framework == "arduino"
    port = shipped_port("arduino") if arduino_core else board_port(image.board)
    for name, path in port.files.items():
        sources[f"src/port/{name}"] = path.read_text(encoding="utf-8")
    sources |= _storage(image)
    for name in ("engine.h", "tensor.h"):
        sources[f"include/{name}"] = (firmware / "engine" / name).read_text(encoding="utf-8")
    return sources


def _storage(image: Image) -> Sources:
    """The log in flash and its driver; none where nothing is stored."""
    store = image.board.tinyssl.store
    if store is None or not store.reserved:
        return {}
    name = FLASH_OF_OTHERS if image.framework == "arduino" else store.driver
    files = {
        f"src/port/{file}": path for file, path in flash_driver(image.board, name).files.items()
    }
    files |= {
        f"src/storage/{path.name}": path
        for path in sorted((firmware_folder() / "storage").glob("*.[ch]"))
    }
    return {place: path.read_text(encoding="utf-8") for place, path in files.items()}


def _settings(image: Image) -> str:
    engine = image.engine
    if image.framework == "arduino":
        return arduino.arduino_settings(
            image.board, image.optimise, engine.build_flags, engine.options
        )
    script = "" if image.board.tinyssl.port == "host" else LINKER_SCRIPT
    includes = (*INCLUDES, *STORAGE_INCLUDES) if _storage(image) else INCLUDES
    return render(
        "platformio.ini.j2",
        {
            "board": image.board,
            "optimise": image.optimise,
            "build_flags": [*includes, *engine.build_flags],
            "extra_options": engine.options,
            "linker_script": script,
        },
    )


def _header(image: Image, build_id: str) -> str:
    named = [value for value in named_values(image.model) if value.kind in image.engine.named_kinds]
    return render(
        "tinyssl_build.h.j2",
        {
            "board": image.board,
            "board_literal": string_literal(image.board.id),
            "version": __version__,
            "build_id": build_id,
            "tick_unit": (
                arduino.TICK_UNIT if image.framework == "arduino" else image.board.tinyssl.tick_unit
            ),
            "input_bytes": image.model.input.bytes,
            "output_bytes": image.model.output.bytes,
            "inputs_bytes": input_bytes(image.model),
            "input_count": len(image.model.inputs),
            "tensor_count": len(named),
            "keep_input": int(image.engine.keep_input),
            "trains": int(has_training(image.model)),
            "guard": image.guard.defines(image.model) if has_training(image.model) else {},
            "op_count": image.engine.calls or len(image.model.ops),
        },
    )


def _digest(files: Sources) -> str:
    digest = hashlib.sha256()
    for path, text in sorted(files.items()):
        digest.update(f"{path}\0{len(text.encode())}\0{text}".encode())
    return digest.hexdigest()[:16]


def input_bytes(model: Model) -> int:
    """Bytes of all inputs together."""
    return sum(model.tensor(index).bytes for index in model.inputs)
