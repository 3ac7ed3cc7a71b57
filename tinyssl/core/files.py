"""Files of tinyssl on disk: read with a limit, written in one step, always UTF-8.

Whatever lies on the disk may be damaged, huge or a folder. So a reader here opens regular files
only, reads at most a stated number of bytes, and raises one error for everything that can be wrong.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

MIB = 2**20
MAX_TOML = 1 * MIB
"""Largest tinyssl.toml or table file, bytes"""
MAX_RECORD = 16 * MIB
"""Largest record.json, tinyssl_build.json or device.json, bytes"""
MAX_JSON = 64 * MIB
"""Largest of all other JSON and text files, bytes"""
MAX_LINES = 512 * MIB
"""Largest metrics.jsonl, bytes"""
MAX_LINE = 1 * MIB
"""Longest line of a metrics.jsonl, bytes; longer ones are left out"""


class Unreadable(ValueError):
    """A file that is missing, no regular file, too large, or holds something else."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file; of a folder that of the names, sizes and times of change of all files
    below it: reading thousands of pictures would take as long as to use them.
    """
    if not path.is_dir():
        return sha256_of(path)
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        state = file.stat()
        name = os.fsencode(file.relative_to(path))
        digest.update(name + f"\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def read_bytes(path: Path, limit: int = MAX_JSON, *, streams: bool = False) -> bytes:
    """All bytes of a file.

    Args:
        path: Which.
        limit: Bytes that it may have.
        streams: Whether it may be a pipe or a device, which the user has named.

    Raises:
        Unreadable: It is missing, cannot be read, is no file, or has more than `limit` bytes.
    """
    try:
        if not streams:
            _require_file(path, limit)
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    except ValueError as error:  # a name that no file can have
        raise Unreadable(str(error)) from error
    if len(data) > limit:
        raise Unreadable(f"it has more than {limit:,} bytes")
    return data


def _require_file(path: Path, limit: int) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("it is no file" if not stat.S_ISDIR(found.st_mode) else "it is a folder")
    if found.st_size > limit:
        raise Unreadable(f"it has {found.st_size:,} bytes; at most {limit:,} are read")


def read_text(path: Path, limit: int = MAX_JSON, *, streams: bool = False) -> str:
    """A UTF-8 file as text, with or without a byte order mark; line ends become newlines.

    Raises:
        Unreadable: As `read_bytes`, or it is not UTF-8.
    """
    try:
        text = read_bytes(path, limit, streams=streams).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise Unreadable(f"it is not UTF-8: byte 0x{byte:02x} at {error.start}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """The value of a JSON file. NaN, infinities and numbers beyond a float's range become None.

    Raises:
        Unreadable: As `read_text`, or it is no JSON, or nested too deeply.
    """
    return parse_json(read_text(path, limit))


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text; see `read_json`.

    Raises:
        Unreadable: It is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=lambda name: None)
    except RecursionError as error:
        raise Unreadable("it is nested too deeply") from error
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {error}") from error


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        Unreadable: As `read_text`, or it is no TOML, or nested too deeply.
    """
    text = read_text(path, MAX_TOML, streams=True)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise Unreadable("it is nested too deeply") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON value a line; what is no object is left out.

    A crash may cut the last line short. A file that is missing holds none.

    Raises:
        Unreadable: It cannot be read, or has more than `MAX_LINES` bytes.
    """
    try:
        if not path.exists():
            return
        _require_file(path, MAX_LINES)
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE):
                value = _line_value(line)
                if isinstance(value, dict):
                    yield value
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def _line_value(line: bytes) -> Any:
    if not line.endswith(b"\n"):  # cut short, or a part of a line that is too long
        return None
    try:
        return parse_json(line)
    except Unreadable:
        return None


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """An empty file to write, which replaces `path` in one step at the end of the block.

    After a crash `path` holds the old bytes or the new, never half; after an error the old ones.

    Raises:
        OSError: It cannot be written; names `path`, which is as it was.
    """
    # A name that nobody can foresee: in a shared folder somebody could have put a link there.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.open("xb").close()
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        _remove(temporary)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_atomic(path: Path, data: bytes) -> None:
    """Replaces `path` in one step; see `new_file`.

    Raises:
        OSError: It cannot be written; names `path`, which is as it was.
    """
    with new_file(path) as temporary:
        temporary.write_bytes(data)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # its folder is gone or cannot be written: there is nothing to remove
        return


def write_text(path: Path, text: str) -> None:
    """Replaces `path` by a UTF-8 text, in one step.

    A name that is not UTF-8 (a lone surrogate in `text`) becomes a question mark.
    """
    write_atomic(path, text.encode("utf-8", errors="replace"))


def write_json(path: Path, value: object) -> None:
    """Writes `value` as indented JSON, in one step. Paths become strings."""
    write_atomic(path, (json.dumps(value, indent=2, default=plain) + "\n").encode())


def plain(value: object) -> object:
    """What JSON cannot hold, as what it can: for `json.dumps(default=…)`.

    Raises:
        TypeError: Neither a path nor a number.
    """
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):  # numpy and torch scalars
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into a record")


def first_problem(error: ValidationError) -> str:
    """What pydantic found first, as `field: what is wrong`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc']))[:80]}: {problem['msg']}"
