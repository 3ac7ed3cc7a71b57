"""The smallest ELF files: one segment of bytes at an address."""

from __future__ import annotations

import struct
from pathlib import Path

HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
SEGMENT = struct.Struct("<8I")
ARM = 40
LOAD = 1


def write_elf(path: Path, address: int, data: bytes) -> Path:
    """A 32-bit ELF for Arm whose only segment puts `data` at `address`."""
    ident = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    place = HEADER.size + SEGMENT.size
    header = HEADER.pack(
        ident, 2, ARM, 1, address, HEADER.size, 0, 0, HEADER.size, SEGMENT.size, 1, 0, 0, 0
    )
    segment = SEGMENT.pack(LOAD, place, address, address, len(data), len(data), 5, 4)
    path.write_bytes(header + segment + data)
    return path
