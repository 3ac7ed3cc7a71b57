"""One entry of the cache of targets: two files of float16 rows that survive a kill at any moment.

    <cache folder>/targets/<key>/meta.json      what the rows are, with its own SHA-256
                                 summary.f16    (rows, summary_dim), little endian
                                 tokens.f16     (rows, token_dim, grid, grid)
                                 chunks.json    CRC-32 of every chunk on disk, and their time
                                 lock           held by the process that writes

A chunk is `CHUNK` rows of both files. It is written, flushed to the disk, and only then added to
`chunks.json`, which is replaced atomically: what is listed there is there. Ordinary writes are
used, not a writable map, because a full disk must be an error and not a bus error.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.files import read_json, write_atomic
from tinyssl.core.locks import Lock

Rows = NDArray[np.float16]

CHUNK = 512
"""Rows between two notes of what is done; a killed run loses at most this many"""
ROW_TYPE = np.dtype("<f2")


@dataclass(frozen=True)
class EntryShapes:
    """Shapes of an entry's files."""

    rows: int
    summary_dim: int
    token_dim: int
    grid: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each file."""
        return {
            "summary": (self.rows, self.summary_dim),
            "tokens": (self.rows, self.token_dim, self.grid, self.grid),
        }

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of both files."""
        return ROW_TYPE.itemsize * (self.summary_dim + self.token_dim * self.grid**2)

    def starts(self) -> range:
        """First row of each chunk."""
        return range(0, self.rows, CHUNK)


class CacheEntry:
    """Targets of all training images for one fixed crop each.

    Args:
        root: Folder of all entries.
        key: All that the rows depend on, as JSON values; its hash is the entry's name.
        layout: Shapes; must follow from the key.
    """

    def __init__(self, root: Path, key: dict[str, Any], layout: EntryShapes) -> None:
        self.key = key
        self.layout = layout
        self.folder = root / _digest(key)[:32]
        self.damage = ""
        """What was wrong with the files at the last `sound_chunks`; empty: nothing"""
        self.seconds = 0.0
        """Time that the rows on disk took, in all processes; read by `sound_chunks`"""
        self._crcs: list[int] = []

    def lock(self) -> Lock:
        """Lock of this entry between processes."""
        return Lock(self._path("lock"))

    def sound_chunks(self) -> int:
        """How many chunks, from the first on, are on disk and undamaged. Reads all of them."""
        self.damage, self.seconds, self._crcs = "", 0.0, []
        listed = self._listed()
        for index, crc in enumerate(listed):
            if self._crc_on_disk(index) != crc:
                self.damage = f"chunk {index} of {len(listed)} does not match its checksum"
                break
            self._crcs.append(crc)
        return len(self._crcs)

    def complete(self) -> bool:
        """Whether all rows are there and sound."""
        return self.sound_chunks() == len(self.layout.starts())

    def rows_on_disk(self) -> int:
        """Rows that the last `sound_chunks` found."""
        return min(len(self._crcs) * CHUNK, self.layout.rows)

    def begin(self) -> int:
        """Gets ready to write, with the lock held.

        Returns:
            The first row that is missing.
        """
        done = self.sound_chunks()
        if done == 0:
            self.seconds = 0.0
            self._forget()
            meta = {"key": self.key, "layout": vars(self.layout), "sha256": self._meta_digest()}
            write_atomic(self._path("meta.json"), json.dumps(meta, indent=2).encode())
        self._note_chunks()
        return self.rows_on_disk()

    def append(self, summary: Rows, tokens: Rows, seconds: float) -> None:
        """Writes the next chunk, which took some time. With the lock held, after `begin`.

        Raises:
            DataError: The disk is full, or cannot be written.
        """
        start = len(self._crcs) * CHUNK
        crc = 0
        for name, rows in (("summary", summary), ("tokens", tokens)):
            data = np.ascontiguousarray(rows, ROW_TYPE).tobytes()
            crc = zlib.crc32(data, crc)
            self._write(name, start, data)
        self._crcs.append(crc)
        self.seconds += seconds
        self._note_chunks()

    def open(self) -> dict[str, Rows]:
        """Both files, mapped for reading."""
        return {
            name: np.memmap(self._path(f"{name}.f16"), ROW_TYPE, "r", shape=shape)
            for name, shape in self.layout.shapes.items()
        }

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _row_bytes(self, name: str) -> int:
        return ROW_TYPE.itemsize * int(np.prod(self.layout.shapes[name][1:]))

    def _write(self, name: str, start: int, data: bytes) -> None:
        path = self._path(f"{name}.f16")
        try:
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.seek(start * self._row_bytes(name))
                file.write(data)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(
                f"cannot write {len(data)} bytes to {path}: {error.strerror}",
                hint="free some space, or set TINYSSL_CACHE to a folder on another disk, and "
                "start again: what is done is kept",
            ) from error

    def _crc_on_disk(self, index: int) -> int | None:
        """Of one chunk over both files; None where bytes are missing."""
        crc = 0
        first = index * CHUNK
        rows = min(CHUNK, self.layout.rows - first)
        for name in self.layout.shapes:
            length = self._row_bytes(name)
            try:
                with self._path(f"{name}.f16").open("rb") as file:
                    file.seek(first * length)
                    data = file.read(rows * length)
            except OSError:
                return None
            if len(data) != rows * length:
                return None
            crc = zlib.crc32(data, crc)
        return crc

    def _listed(self) -> list[int]:
        """Checksums of the chunks that were finished; none where a list or the meta is damaged."""
        if not self._path("chunks.json").exists():
            return []
        try:
            meta = read_json(self._path("meta.json"))
            chunks = read_json(self._path("chunks.json"))
            if isinstance(chunks, list):  # before the time was kept
                chunks = {"crc": chunks, "seconds": 0}
            if meta["sha256"] == self._meta_digest() == _digest([meta["key"], meta["layout"]]):
                self.seconds = float(chunks["seconds"])
                return [int(crc) for crc in chunks["crc"]][: len(self.layout.starts())]
        except (ValueError, KeyError, TypeError):
            pass
        self.damage = "meta.json or chunks.json is damaged"
        return []

    def _meta_digest(self) -> str:
        return _digest([self.key, vars(self.layout)])

    def _note_chunks(self) -> None:
        noted = {"crc": self._crcs, "seconds": self.seconds}
        write_atomic(self._path("chunks.json"), json.dumps(noted).encode())

    def _forget(self) -> None:
        """Removes all files but the lock, the list of chunks first."""
        for name in ("chunks.json", "meta.json", "summary.f16", "tokens.f16"):
            if self._path(name).is_dir():  # none of ours
                shutil.rmtree(self._path(name))
            self._path(name).unlink(missing_ok=True)


def _digest(value: Any) -> str:
    """SHA-256 of a JSON value, 64 hex digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
