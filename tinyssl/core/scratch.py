"""Folders for work in progress, whose paths every tool can take.

A compiler, SCons, PlatformIO, OpenOCD and QEMU each read some signs of a path in their own way. So
none of them gets a path that a user chose: they work in a folder from here, and the result is
moved to where the user wants it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import cache_folder

PLAIN = re.compile(r"/[A-Za-z0-9_./+-]*")
"""Paths that no tool reads as anything but a path"""
LONGEST = 160
"""Bytes of the folder that work folders are made in; the longest path in a project is 120 more"""
STALE_SECONDS = 3600.0
"""From then on a folder that no process holds is taken for one whose process was killed"""


def is_plain(path: Path) -> bool:
    """True for an absolute path of letters, digits and `_ . / + -`, not longer than LONGEST."""
    text = str(path)
    return len(text) <= LONGEST and PLAIN.fullmatch(text) is not None


@contextmanager
def work_folder(project: Path | None = None) -> Iterator[Path]:
    """A new, empty folder with a plain path, which only this user may enter; removed at the end.

    It lies in `TMPDIR` if that is plain and can be written, else in the system's folder for
    temporary files, else in the cache folder.

    Args:
        project: What is worked on. The path is then the same for each call, unless two run at a
            time: PlatformIO compiles a library again when the path is another.

    Raises:
        UsageError: None of these can be used; says why.
    """
    path, hold = _make(project)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(hold)


def places() -> list[Path]:
    """Folders in which a work folder may lie, the preferred first; real paths, all plain.

    A disk from which the system runs no program comes last.
    """
    named = [os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp", "/dev/shm", str(cache_folder())]
    found = [Path(os.path.realpath(name)) for name in named if name]
    usable = dict.fromkeys(path for path in found if is_plain(path) and path.is_dir())
    return sorted(usable, key=_no_programs)


def _no_programs(place: Path) -> bool:
    return bool(os.statvfs(place).f_flag & getattr(os, "ST_NOEXEC", 0))


def _make(project: Path | None) -> tuple[Path, int]:
    problem = "no path of theirs is plain"
    for place in places():
        try:
            room = _room(place)
            _sweep(room)
            path = _new_folder(room, project)
            return path, _held(path)
        except OSError as error:
            problem = f"{place}: {error.strerror}"
    raise UsageError(
        f"no folder for temporary files can be used ({problem})",
        hint="set TMPDIR to a folder that you can write, whose path has no other signs than "
        "letters, digits and _ . + - /",
    )


def _room(place: Path) -> Path:
    """The folder of this user's work folders; where somebody else took its name, another."""
    room = place / f"tinyssl-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        room.mkdir(mode=0o700)
    state = room.lstat()
    ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid()
    if ours and not state.st_mode & 0o077:
        return room
    return Path(tempfile.mkdtemp(prefix="tinyssl-", dir=place))


def _new_folder(room: Path, project: Path | None) -> Path:
    if project is not None:
        path = room / hashlib.sha256(os.fsencode(project.absolute())).hexdigest()[:16]
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    return Path(tempfile.mkdtemp(prefix="", dir=room))


def _held(path: Path) -> int:
    """Opens a work folder and locks it, so that no other process takes it for a forgotten one."""
    hold = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(hold)
        raise
    return hold


def _sweep(room: Path) -> None:
    """Removes what killed processes left behind."""
    for path in room.iterdir():
        try:
            if time.time() - path.lstat().st_mtime < STALE_SECONDS:
                continue
            hold = _held(path)
        except OSError:  # a process holds it, or it is gone
            continue
        shutil.rmtree(path, ignore_errors=True)
        os.close(hold)
