"""What is on a board, or which emulator runs: `device.json` in the build folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import TypeAdapter

from tinyssl.core.errors import UsageError
from tinyssl.core.files import MAX_RECORD, read_json, write_json
from tinyssl.targets.boards import BoardKind


@dataclass(frozen=True)
class Flashed:
    """A build that was put on its board."""

    board: str
    kind: BoardKind
    """emulator and host: a process on this computer; serial: a real board"""
    port: str
    """Serial port; empty where no USB id tells which one it is"""
    pid: int | None
    """Process id of the emulator"""
    build_id: str = ""
    flashed: str = ""
    """UTC, ISO 8601; empty for a dry run"""
    program: str = ""
    """What was run, with its arguments, as a shell would take it"""

    FILE: ClassVar[str] = "device.json"

    def save(self, folder: Path) -> None:
        """Writes the file into the build folder."""
        write_json(folder / self.FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Flashed:
        """Reads the file of a build folder.

        Raises:
            UsageError: Nothing was flashed from there.
        """
        try:
            return _FLASHED.validate_python(read_json(folder / cls.FILE, MAX_RECORD))
        except ValueError as error:  # what pydantic raises, too
            raise UsageError(
                f"nothing was flashed from {folder}", hint="run `tinyssl flash` first"
            ) from error


_FLASHED = TypeAdapter(Flashed)
