"""Boards of a federation: built once for each kind, started as often as asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import BuildInfo, RunRecord, Workspace
from tinyssl.device import emulator, only_port
from tinyssl.device.flashed import Flashed
from tinyssl.federated.learners import LocalLearner, open_board
from tinyssl.graph.model import Model
from tinyssl.project.learner import Learner
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import Board, find_board

BOARD = re.compile(r"(?P<name>[^:,\s]+)(?::(?P<count>\d{1,3}))?")
MOST = 64
"""Boards of one kind"""


@dataclass(frozen=True)
class BoardCount:
    """A part of `--boards`."""

    board: Board
    count: int


def parse_boards(text: str) -> tuple[BoardCount, ...]:
    """What `--boards` names.

    Raises:
        UsageError: No such board, or a count that makes no sense.
    """
    found: dict[str, BoardCount] = {}
    for part in text.split(","):
        match = BOARD.fullmatch(part.strip())
        count = int(match["count"] or 1) if match else 0
        if match is None or not 1 <= count <= MOST:
            raise UsageError(
                f"--boards: {part.strip()!r} names no boards",
                hint=f"say BOARD or BOARD:COUNT, up to {MOST}, as in mps2_an500:4,host:8",
            )
        board = find_board(match["name"])
        if board.id in found:
            raise UsageError(f"--boards names {board.id} twice", hint="add the two counts")
        if count > 1 and not board.emulated:
            raise UsageError(
                f"--boards: {board.id} is no emulated board, so there is one of it at a time",
                hint=f"write {board.id} without a count",
            )
        found[board.id] = BoardCount(board, count)
    return tuple(found.values())


@dataclass(frozen=True)
class BoardNode:
    """A board that takes part."""

    name: str
    """Its board and, of several, its number"""
    board: Board
    info: BuildInfo
    folder: Path
    """Of its image; several emulators cannot share one"""

    def start(self) -> None:
        """Starts its emulator; a real board was flashed."""
        if self.board.emulated:
            emulator.start(self.folder, self.folder / self.info.artifacts["elf"])

    def stop(self) -> None:
        """Ends its emulator."""
        if self.board.emulated:
            emulator.stop(self.folder)

    def connector(self, model: Model, timeout: float) -> Callable[[], LocalLearner]:
        """Connects to the board; an emulator that has ended is started again."""

        def connect() -> LocalLearner:
            return open_board(
                self._port(), self.board.tinyssl.serial.baud, model, self.board, timeout=timeout
            )()

        return connect

    def _port(self) -> str:
        if not self.board.emulated:
            return only_port(self.board).port
        flashed = Flashed.load(self.folder)
        if flashed.pid is None or not emulator.is_ours(flashed.pid, self.folder):
            self.start()
            flashed = Flashed.load(self.folder)
        return flashed.port


@dataclass(frozen=True)
class BoardBuilds:
    """Images of one model for some boards."""

    model: Path
    learner_file: str
    """Name of what `build --train` makes of the model"""
    learner: Learner
    workspace: Workspace
    run: RunRecord
    progress: Progress

    def nodes(self, wanted: Sequence[BoardCount]) -> Iterator[BoardNode]:
        """Builds, where that was not done before, and gives each board its folder."""
        check = True
        for each in wanted:
            info = self._built(each.board)
            if info is None:
                info = build(self._config(each.board, check=check), self.workspace, self.progress)
                check = False  # of the same model
            yield from self._placed(each, info)

    def _config(self, board: Board, *, check: bool) -> BuildConfig:
        learner = self.learner
        return BuildConfig(
            board=board.id,
            model=self.model,
            train=learner.what,
            loss=learner.loss.value,
            learning_rate=learner.learning_rate,
            error_clip=learner.error_clip,
            local_layers=learner.local_layers,
            check=check,
        )

    def _built(self, board: Board) -> BuildInfo | None:
        """The build in the board's folder, where it is of this model, learner and tinyssl."""
        try:
            info = BuildInfo.load(self.workspace.builds / board.id, self.workspace.root)
        except TinysslError:
            return None
        same = (info.training, info.commit) == (self.learner.as_record(), self.run.commit)
        clean = bool(info.commit) and not info.commit.endswith("+")
        named = Path(info.model_path).name == self.learner_file
        image = self.workspace.builds / board.id / info.artifacts.get("elf", "")
        return info if clean and same and named and image.is_file() else None

    def _placed(self, each: BoardCount, info: BuildInfo) -> Iterator[BoardNode]:
        first = self.workspace.builds / each.board.id
        if not each.board.emulated:
            flash(FlashConfig(board=each.board.id), self.workspace, self.progress)
        for number in range(1, each.count + 1):
            name = each.board.id if each.count == 1 else f"{each.board.id} {number}"
            folder = first if number == 1 else first.with_name(f"{each.board.id}-{number}")
            if number > 1:
                _copy_image(first, folder, info)
            yield BoardNode(name, each.board, info, folder)


def _copy_image(source: Path, target: Path, info: BuildInfo) -> None:
    """What an emulator needs of a build's folder."""
    emulator.stop(target)
    shutil.rmtree(target, ignore_errors=True)
    elf = target / info.artifacts["elf"]
    elf.parent.mkdir(parents=True)
    shutil.copy2(source / info.artifacts["elf"], elf)
    shutil.copytree(source / "boards", target / "boards")
