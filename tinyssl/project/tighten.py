"""The smallest arena with which TFLM starts: bisection on an emulator, without compiling again.

The generated engine reads the size of its arena from a word of the image (`tinyssl_arena_limit`).
Copies of one image with other numbers in that word are started until the smallest that works is
known. `arena_used_bytes()` would not do: start-up may need more than what is in use afterwards.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tinyssl.codegen.tflm import ARENA_ALIGNMENT
from tinyssl.core.errors import BuildError, DeviceError, DeviceTimeout, Mismatch, UsageError
from tinyssl.core.progress import Progress
from tinyssl.device import Session, emulator, open_link
from tinyssl.device.words import words
from tinyssl.ops import float_ulps
from tinyssl.project.arena import aligned
from tinyssl.project.source import ModelSource, sample_inputs
from tinyssl.runtimes.closeness import differs
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.targets.boards import Board, all_boards

LIMIT = "tinyssl_arena_limit"
IMAGE = "arena.elf"
SECONDS = 120.0
"""For an inference on an emulator"""


@dataclass(frozen=True)
class Tightened:
    """What the bisection found."""

    bytes: int
    """The smallest arena that works"""
    used: int
    """What TFLM says is in use of it after start-up"""
    given: int
    """The size that the search began with"""
    board: str
    """Emulated board that it ran on"""


def emulated_twin(board: Board) -> Board:
    """The board itself where it is emulated, else the emulated one of its core with most memory.

    Arena sizes do not depend on more than the core: it decides word size and kernels.

    Raises:
        UsageError: No emulator has that core.
    """
    if board.emulated:
        return board
    twins = [b for b in all_boards() if b.kind == "emulator" and b.tinyssl.isa == board.tinyssl.isa]
    if not twins:
        raise UsageError(
            f"--tighten-arena: no emulated board has the core of {board.id} ({board.tinyssl.isa})",
            hint="give the size with --arena-bytes; the device reports what it used (`bench`)",
        )
    return max(twins, key=lambda twin: twin.region("arena").size)


def tighten_arena(elf: Path, board: Board, source: ModelSource, progress: Progress) -> Tightened:
    """Finds the smallest arena with which an image of engine `tflm` computes what TFLM does here.

    Args:
        elf: The image, built with an arena that is large enough.
        board: The emulated board that it was built for.
        source: Its model.
        progress: Told what was found.

    Raises:
        DeviceError: It does not start even as it was built.
        Mismatch: The emulator gives other bytes than TFLM on this computer.
        BuildError: The image has no such word.
    """
    with tempfile.TemporaryDirectory(prefix="tinyssl-arena-") as folder:
        trial = Trial(Path(folder), elf, board, source)
        given = trial.given
        used = trial.run(given)
        low, high = aligned(used) - ARENA_ALIGNMENT, given
        while high - low > ARENA_ALIGNMENT:
            middle = aligned((low + high) // 2)
            if trial.starts(middle):
                high = middle
            else:
                low = middle
        trial.run(high)
    progress.note(f"arena: {high:,} of {given:,} bytes suffice on {board.id} ({used:,} in use)")
    return Tightened(high, used, given, board.id)


class Trial:
    """One image that is run with arenas of several sizes; it writes below `folder`.

    Args:
        folder: Empty, or none yet; it becomes the project that the emulator is started from.
        elf: The image.
        board: The board that it is for.
        source: Its model.
    """

    def __init__(self, folder: Path, elf: Path, board: Board, source: ModelSource) -> None:
        self.folder = folder
        self.board = board
        self._image = elf.read_bytes()
        self._place = limit_offset(elf)
        self._model = source.graph
        self._feeds = sample_inputs(source, 1)[0]
        self._expected = TflmInterpreter(source.data, source.graph).run(self._feeds)
        boards = folder / "boards"
        boards.mkdir(parents=True)
        (boards / f"{board.id}.json").write_text(
            _board_file(elf, board).read_text(encoding="utf-8"), encoding="utf-8"
        )

    @property
    def given(self) -> int:
        """The size that the image was built with."""
        return int.from_bytes(self._image[self._place : self._place + 4], "little")

    def starts(self, size: int) -> bool:
        """Whether TFLM starts with an arena of `size` bytes; nothing is sent or computed.

        Silence is tried once more: on a busy computer it may be the emulator's, not the arena's.
        """
        for _ in range(2):
            try:
                with self._running(size) as session:
                    return _engine_started(session)
            except DeviceTimeout:
                continue
        return False

    def run(self, size: int) -> int:
        """One start and one inference; returns the bytes of the arena that are in use.

        Raises:
            DeviceError: TFLM does not start; says how many bytes are missing.
            Mismatch: Its output is not TFLM's of this computer.
        """
        with self._running(size) as session:
            found = DeviceModel(session, self._model).run(self._feeds)
            used = session.memory().arena_used
        ulps = float_ulps(self._model)
        if any(differs(found[name], self._expected[name], ulps).any() for name in found):
            raise Mismatch(
                f"{self.board.id} with an arena of {size:,} bytes does not give TFLM's bytes",
                hint="are the versions of TFLM the same? `tinyssl verify --board` names the layer",
            )
        return used

    @contextmanager
    def _running(self, size: int) -> Iterator[Session]:
        """A session with the image, in which the number was changed."""
        image = bytearray(self._image)
        image[self._place : self._place + 4] = size.to_bytes(4, "little")
        elf = self.folder / IMAGE
        elf.write_bytes(bytes(image))
        elf.chmod(0o755)
        device = emulator.start(self.folder, elf)
        try:
            link = open_link(device.port, self.board.tinyssl.serial.baud)
            with Session(link, SECONDS, 0) as session:
                session.sync()
                yield session
        finally:
            emulator.stop(self.folder)


def _engine_started(session: Session) -> bool:
    """Asks for an inference without an input: what is complained of tells whether it could run."""
    try:
        session.repeat()
    except DeviceError as error:
        return words().errors["engine"].split("%")[0] not in error.message
    return True


def limit_offset(elf: Path) -> int:
    """Where in the file the word with the size of the arena lies.

    Raises:
        BuildError: There is none.
    """
    with elf.open("rb") as file:
        image = ELFFile(file)
        table = image.get_section_by_name(".symtab")
        for symbol in (table.get_symbol_by_name(LIMIT) if table else None) or ():
            section = image.get_section(symbol["st_shndx"])
            return int(section["sh_offset"] + symbol["st_value"] - section["sh_addr"])
    raise BuildError(f"{elf} has no {LIMIT}", hint="build it with `--engine tflm`")


def _board_file(elf: Path, board: Board) -> Path:
    project = next(folder for folder in elf.parents if (folder / "boards").is_dir())
    return project / "boards" / f"{board.id}.json"
