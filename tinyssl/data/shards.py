"""Packed shards on disk: WebDataset tar files, each with an index that says where its images lie.

    OUT/pack.json        what was packed, image size, format, classes, what was left out
    OUT/000000.tar       WebDataset: 000000000.ppm, 000000000.cls, 000000001.ppm, …
    OUT/000000.npz       for each image of that tar: place, length, CRC-32, label, split, …

Images are read by their place in the file into memory of the caller (`pread`), never mapped: mapped
pages would count as memory of the process, and a disk that fails would end it with a bus error.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.arrays import read_arrays
from tinyssl.data.base import Images, Indices

AGAIN = "pack it again: `tinyssl data --pack`"
READERS = min(os.cpu_count() or 1, 16)
"""Threads that read and decode a batch"""
PART = 16
"""Images that are worth a thread"""
ROLES = ("train", "val", "test")
"""Names of the splits by their number in an index"""
FORMATS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "ppm": None,
    "webp": ("WEBP", {"lossless": True, "method": 0}),
    "jpg": ("JPEG", {"quality": 95}),
}
"""Extension of a packed image -> Pillow's format and how to save in it; None: plain pixels"""
DIGEST_BYTES = 16


@dataclass(frozen=True)
class ShardIndex:
    """Where the images of one shard lie, and what they are; all arrays have one entry an image."""

    offset: NDArray[np.int64]
    """First byte in the tar, of the pixels (ppm) or of the encoded image"""
    length: NDArray[np.int64]
    """Bytes there"""
    crc: NDArray[np.uint32]
    """CRC-32 of these bytes"""
    label: Indices
    role: NDArray[np.uint8]
    """Number of the split in `ROLES`"""
    digest: NDArray[np.uint8]
    """(n, 16) BLAKE2b of the pixels before they were encoded"""
    position: Indices
    """Number of the picture in its source"""
    state: NDArray[np.uint8]
    """JSON in UTF-8: `names` of the images; `done`, how many pictures of the source are dealt with
    when this shard is; `broken` and `duplicates` among those of this shard, [name, reason]"""

    @classmethod
    def read(cls, path: Path) -> ShardIndex:
        """Reads an index.

        Raises:
            DataError: It is missing or damaged.
        """
        names = tuple(cls.__dataclass_fields__)
        arrays = read_arrays(path, names, AGAIN)
        missing = [name for name in names if name not in arrays]
        counts = {len(arrays[name]) for name in names if name in arrays and name != "state"}
        if missing or len(counts) > 1:
            raise DataError(f"{printable(str(path))} is not an index of packed images", hint=AGAIN)
        return cls(**arrays)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """`state`, parsed."""
        try:
            return dict(json.loads(self.state.tobytes()))
        except ValueError as error:
            raise DataError(f"an index of packed images is damaged: {error}", hint=AGAIN) from error

    @property
    def end(self) -> int:
        """Bytes that the tar has at least."""
        return int((self.offset + self.length).max(initial=0))


def encode(image: Images, suffix: str) -> bytes:
    """One image (h, w, 3) as a file of one of the `FORMATS`."""
    save = FORMATS[suffix]
    if save is None:
        return ppm_header(image.shape[1], image.shape[0]) + image.tobytes()
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, save[0], **save[1])
    return buffer.getvalue()


def ppm_header(width: int, height: int) -> bytes:
    """What stands before the pixels of a binary PPM."""
    return f"P6\n{width} {height}\n255\n".encode()


def pixel_digest(image: Images) -> bytes:
    """Tells images apart."""
    return hashlib.blake2b(image.tobytes(), digest_size=DIGEST_BYTES).digest()


class PackedImages:
    """A `SampleStore`: images in shards, of which only those that are asked for are read.

    Every read is checked against its CRC-32. Any number of threads may read.

    Args:
        tars: The shards' files.
        shards: Their indices.
        side: Side of the images, pixels.
        plain: Whether the files hold plain pixels (ppm).

    Raises:
        DataError: A shard is missing or shorter than its index says.
    """

    def __init__(
        self, tars: Sequence[Path], shards: Sequence[ShardIndex], side: int, *, plain: bool
    ) -> None:
        self._tars = tuple(tars)
        self._plain = plain
        counts = [len(shard.offset) for shard in shards]
        self._shard = np.repeat(np.arange(len(shards), dtype=np.int32), counts)
        self._offset = _joined([shard.offset for shard in shards])
        self._length = _joined([shard.length for shard in shards])
        self._crc = np.concatenate([np.empty(0, np.uint32), *(shard.crc for shard in shards)])
        self.shape = (len(self._shard), side, side, 3)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self._files: dict[int, int] = {}
        self._lock = threading.Lock()
        for tar, shard in zip(self._tars, shards, strict=True):
            held = tar.stat().st_size if tar.exists() else 0
            if held < shard.end:
                raise DataError(
                    f"{printable(str(tar))} holds {held:,} bytes of {shard.end:,}", hint=AGAIN
                )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, chosen: Any, /) -> Images:
        """(h, w, 3) of an integer, (k, h, w, 3) of a slice or an array of integers.

        Raises:
            DataError: An image cannot be read, or is not what was packed.
        """
        rows = np.arange(len(self))[chosen]
        images = np.empty((*rows.shape, *self.shape[1:]), np.uint8)
        if rows.ndim == 0:
            self._read(int(rows), images)
            return images
        parts = min(READERS, max(len(rows) // PART, 1))
        if parts == 1:
            self._read_all(rows, images)
        else:
            with ThreadPoolExecutor(parts) as pool:
                cut = zip(np.array_split(rows, parts), np.array_split(images, parts), strict=True)
                for done in [pool.submit(self._read_all, *each) for each in cut]:
                    done.result()
        return images

    def _read_all(self, rows: Indices, images: Images) -> None:
        for row, image in zip(rows.tolist(), images, strict=True):
            self._read(row, image)

    def _read(self, row: int, image: Images) -> None:
        """Fills one image (h, w, 3)."""
        encoded = None if self._plain else bytearray(int(self._length[row]))
        octets = memoryview(image.reshape(-1).data if encoded is None else encoded)
        try:
            got = os.preadv(self._file(int(self._shard[row])), [octets], int(self._offset[row]))
        except OSError as error:
            raise self._damaged(row, error.strerror or str(error)) from error
        if got != len(octets) or zlib.crc32(octets) != self._crc[row]:
            raise self._damaged(row, "it does not match its checksum")
        if encoded is not None:
            with Image.open(io.BytesIO(encoded)) as picture:
                image[:] = np.asarray(picture.convert("RGB"))

    def _file(self, shard: int) -> int:
        with self._lock:
            if shard not in self._files:
                self._files[shard] = os.open(self._tars[shard], os.O_RDONLY | os.O_CLOEXEC)
                os.posix_fadvise(self._files[shard], 0, 0, os.POSIX_FADV_RANDOM)
            return self._files[shard]

    def _damaged(self, row: int, why: str) -> DataError:
        tar = printable(str(self._tars[self._shard[row]]))
        return DataError(
            f"image {row:,} of the pack, at byte {self._offset[row]:,} of {tar}: {why}", hint=AGAIN
        )

    def __del__(self) -> None:
        for file in getattr(self, "_files", {}).values():
            os.close(file)


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *parts])
