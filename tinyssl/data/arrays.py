"""Arrays of an .npz, checked against the file and the memory before any of them is read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.limits import require_file, require_memory

MOST_RATIO = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
"""Most bytes that one compressed byte can stand for; other methods have no such bound"""
HEADER_BYTES = 10_000
"""Longest header of an array"""
CHUNK_BYTES = 1 << 22
MEMBERS = 10_000
"""Most arrays of a file"""


def read_arrays(path: Path, names: Collection[str], hint: str) -> dict[str, np.ndarray]:
    """Those of the named arrays that the file holds, writable.

    Raises:
        DataError: Missing, no .npz, damaged, larger than memory, Python objects, or none of
            `names`. `hint` says what to do.
    """
    require_file(path)
    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            if file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
                raise DataError(f"{shown} is a single array, not an .npz archive", hint=hint)
            with zipfile.ZipFile(file) as archive:
                return _read_members(archive, names)
    except DataError as error:
        message = error.message if shown in error.message else f"{shown}: {error.message}"
        raise DataError(message, hint=error.hint or hint) from error
    except Exception as error:  # a damaged zip or header raises many kinds
        reason = printable(f"{error}") or type(error).__name__
        raise DataError(f"{shown} is not a readable .npz: {reason}", hint=hint) from error


def _read_members(archive: zipfile.ZipFile, names: Collection[str]) -> dict[str, np.ndarray]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if len(members) > MEMBERS:
        raise DataError(f"{len(members):,} arrays; {MEMBERS:,} are the most")
    return {name: _read_member(archive, members[name]) for name in names if name in members}


def member_names(path: Path) -> list[str]:
    """Names of all arrays in a file that `read_arrays` could open."""
    with zipfile.ZipFile(path) as archive:
        return sorted(info.filename.removesuffix(".npy") for info in archive.infolist())


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    name = printable(info.filename.removesuffix(".npy"))
    if info.file_size > info.compress_size * MOST_RATIO.get(info.compress_type, math.inf):
        raise DataError(
            f"`{name}` claims {info.file_size:,} bytes, more than its {info.compress_size:,} "
            f"compressed ones can hold"
        )
    with archive.open(info) as file:
        shape, fortran, dtype = _header(file, name)
        size = math.prod(shape) * dtype.itemsize
        if size > info.file_size:
            raise DataError(
                f"`{name}` claims shape {_brief(shape)} of {dtype}, {size:,} bytes; the file "
                f"holds {info.file_size:,} of it"
            )
        require_memory(size, f"the values of `{name}`")
        return _values(file, shape, fortran, dtype)


def _brief(shape: tuple[int, ...]) -> str:
    text = str(shape)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise DataError(f"`{name}` is in version {version} of the format; 1 and 2 are read")
    shape, fortran, dtype = readers[version](file, max_header_size=HEADER_BYTES)
    if dtype.hasobject:
        raise DataError(
            f"`{name}` holds Python objects (a pickle), which may run code when they are read",
            hint="save plain numbers or text: numpy.asarray(values.tolist())",
        )
    if min(shape, default=0) < 0:
        raise DataError(f"`{name}` has shape {_brief(shape)}")
    return shape, fortran, dtype


def _values(
    file: IO[bytes], shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]
) -> np.ndarray:
    flat = np.empty(math.prod(shape), dtype)
    octets = flat.view(np.uint8)
    done = 0
    while done < len(octets):
        chunk = file.read(min(CHUNK_BYTES, len(octets) - done))
        if not chunk:
            raise DataError(f"ends after {done:,} of {len(octets):,} bytes")
        octets[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    if file.read(1):  # to the end, where the checksum is compared
        raise DataError("holds more bytes than its header says")
    return flat.reshape(shape, order="F" if fortran else "C")
