"""What an uploader is asked to do, and the bytes that an image puts into flash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tinyssl.targets.boards import Board


@dataclass(frozen=True)
class UploadJob:
    """One upload."""

    board: Board
    elf: Path
    port: str | None = None
    """Serial number of the probe, or a volume; None: the only one there is"""
    dry_run: bool = False


@dataclass(frozen=True)
class Segment:
    """Bytes of an image at an address of the flash."""

    address: int
    data: bytes


def load_segments(elf: Path) -> list[Segment]:
    """What an ELF image puts into memory, by load address; nothing for memory that is cleared."""
    with elf.open("rb") as file:
        parts = [part for part in ELFFile(file).iter_segments() if part["p_type"] == "PT_LOAD"]
        found = [Segment(part["p_paddr"], part.data()) for part in parts if part["p_filesz"]]
    return sorted(found, key=lambda segment: segment.address)
