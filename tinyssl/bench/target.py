"""What is measured: a build, the board it is on, and the port that leads there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import DeviceError, DeviceNotFound, Mismatch, UsageError
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.core.text import printable
from tinyssl.device import Identity, only_port
from tinyssl.device.emulator import is_ours
from tinyssl.graph.model import Model
from tinyssl.project import Flashed, find_build
from tinyssl.targets.boards import Board, read_board


@dataclass(frozen=True)
class BenchTarget:
    """A build on its board."""

    folder: Path
    """Of the build"""
    info: BuildInfo
    board: Board
    port: str
    baud: int


def find_target(config: BenchConfig, workspace: Workspace) -> BenchTarget:
    """The board named or flashed last, and its port.

    Raises:
        UsageError: There is no such board or no build.
        DeviceNotFound: Its emulator has ended, or no USB port matches, or more than one does.
    """
    folder = _folder(config, workspace)
    info = BuildInfo.load(folder, workspace.root)
    board = read_board(folder / "boards" / f"{info.board}.json")
    port = config.serial or _port(folder, board)
    return BenchTarget(folder, info, board, port, config.baud or board.tinyssl.serial.baud)


def check_identity(identity: Identity, target: BenchTarget) -> None:
    """Refuses to measure firmware that is not the build's.

    Raises:
        Mismatch: Names all that differs.
    """
    info = target.info
    pairs = {
        "board": (identity.board, info.board),
        "engine": (identity.engine, info.engine),
        "model SHA-256": (identity.model_sha256, info.model_sha256),
        "build id": (identity.build_id, info.build_id),
    }
    wrong = [
        f"{name} is {printable(found)}, the build's is {expected}"
        for name, (found, expected) in pairs.items()
        if found != expected
    ]
    if wrong:
        raise Mismatch(
            f"wrong firmware on {target.port}: {'; '.join(wrong)}",
            hint=f"run `tinyssl flash --board {info.board}`, or name the board with --board",
        )


def check_sizes(identity: Identity, model: Model) -> None:
    """Refuses firmware that says it is the build's and takes or gives other sizes.

    Raises:
        DeviceError: Names both sizes.
    """
    pairs = {
        "input": (identity.input_bytes, model.input.bytes),
        "output": (identity.output_bytes, model.output.bytes),
    }
    for name, (found, expected) in pairs.items():
        if found != expected:
            raise DeviceError(
                f"the device's line m-tinyssl-{name}-[{found},…] says {found:,} bytes; the build's"
                f" model has {expected:,}",
                hint="its firmware is damaged: run `tinyssl flash`",
            )


def _folder(config: BenchConfig, workspace: Workspace) -> Path:
    """Build folder of the board named, else of the one flashed last, else the last build."""
    if config.board is None:
        flashed = []
        for path in workspace.builds.glob(f"*/{Flashed.FILE}"):
            try:
                flashed.append((Flashed.load(path.parent).flashed, path.parent))
            except UsageError:
                continue
        if flashed:
            return max(flashed)[1]
    return find_build(config.board, workspace)


def _port(folder: Path, board: Board) -> str:
    """Port of the emulator that `flash` started, or the one USB port that matches the board."""
    if not board.emulated:
        return only_port(board).port
    hint = f"run `tinyssl flash --board {board.id}`"
    try:
        flashed = Flashed.load(folder)
    except UsageError as error:
        raise DeviceNotFound(f"{board.id} is not running", hint=hint) from error
    if flashed.pid is None or not is_ours(flashed.pid, folder):
        raise DeviceNotFound(
            f"{board.id} is not running any more (process {flashed.pid} has ended)", hint=hint
        )
    return flashed.port
