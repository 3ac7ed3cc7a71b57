"""The drive that ST-Link, DAPLink and J-Link OB show: a file that is copied there is programmed.

Only the board can be compared before the write (its code in `mbed.htm`), not the chip; afterwards
the probe says in `FAIL.TXT` what went wrong. Prefer another protocol where there is a choice.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyssl.core.errors import DeviceError, DeviceNotFound
from tinyssl.device.flashers.job import UploadJob

MOUNTS = Path("/proc/mounts")
VOLUMES = Path("/Volumes")
"""Where macOS mounts"""
FILE_SYSTEMS = ("vfat", "msdos", "fuseblk", "exfat")
MARKS = ("mbed.htm", "details.txt")
FAILURE = "fail.txt"
CODE = re.compile(r"(?:code|auth)=([0-9A-Fa-f]{4})")
"""Four hex digits in `mbed.htm` that name the board; what follows is of this one copy"""
SECONDS = 10.0
"""How long the probe may take to say that it failed; it disappears and comes back meanwhile"""
POLL_SECONDS = 0.1
READ_BYTES = 1 << 20
"""Of a file of the drive, and of the list of mounts"""
SHOWN = 300
"""Characters of the probe's own words, in an error"""


@dataclass(frozen=True)
class Volume:
    """A mounted drive of a probe."""

    path: Path
    code: str
    """Board code, four hex digits; empty where it has none"""


def flash(job: UploadJob) -> Iterator[str]:
    """Copies the image in one go, waits for the probe, and reads its verdict.

    Raises:
        DeviceNotFound: No drive, more than one, or that of another board.
        DeviceError: The drive took not all, or the probe says that it failed.
    """
    given: Any = job.board.upload.get("mbed_codes", [])
    codes = [str(code).lower() for code in given]
    volume = _choose(volumes(), codes, job)
    image = job.elf.with_suffix(".bin" if _starts_at_flash(job) else ".hex")
    goal = volume.path / image.name
    if job.dry_run:
        yield f"copy {image} to {goal}"
        return
    before = _verdict(volume.path)
    copy(image, goal)
    yield f"{image.stat().st_size:,} bytes copied to {volume.path}"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        verdict = _verdict(volume.path)
        if verdict and verdict != before:
            raise DeviceError(
                f"the probe says that it failed: {verdict}",
                hint="flash again; update the probe's firmware; or take another `--protocol`",
            )
        if not goal.exists() and any(_find(volume.path, mark) for mark in MARKS):
            break  # the drive is back, and the file was taken
        time.sleep(POLL_SECONDS)
    yield "the probe reports no failure"


def _starts_at_flash(job: UploadJob) -> bool:
    """A raw image goes to where the probe thinks that the flash begins."""
    region = job.board.region("vectors")
    return region.origin == min(r.origin for r in job.board.tinyssl.regions if "code" in r.use)


def volumes() -> list[Volume]:
    """Drives of probes that are mounted."""
    places = []
    if MOUNTS.exists():
        rows = [line.split() for line in _start_of(MOUNTS).splitlines()]
        places = [Path(_plain(row[1])) for row in rows if row[2] in FILE_SYSTEMS]
    elif VOLUMES.exists():
        places = list(VOLUMES.iterdir())
    return [found for place in places if (found := read_volume(place)) is not None]


def _plain(mounted: str) -> str:
    """A path of /proc/mounts, where spaces are octal."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), mounted)


def read_volume(path: Path) -> Volume | None:
    """A folder as the drive of a probe; None where it is none."""
    page = _find(path, MARKS[0])
    if page is None and _find(path, MARKS[1]) is None:
        return None
    found = CODE.search(_start_of(page)) if page else None
    return Volume(path, found[1].lower() if found else "")


def _start_of(path: Path) -> str:
    """Text of a file, of which a drive may claim any size."""
    try:
        with path.open("rb") as file:
            return os.fsdecode(file.read(READ_BYTES))
    except OSError:
        return ""


def _find(folder: Path, name: str) -> Path | None:
    """A file by its name, whatever the case: FAT has none."""
    try:
        return next((path for path in folder.iterdir() if path.name.lower() == name), None)
    except OSError:
        return None


def _choose(found: Sequence[Volume], codes: Sequence[str], job: UploadJob) -> Volume:
    if job.port:
        named = read_volume(Path(job.port))
        if named is None:
            raise DeviceNotFound(
                f"{job.port} is not the drive of a probe: it has no mbed.htm or details.txt",
                hint="leave --port out; the drive is looked for",
            )
        found = [named]
    right = [volume for volume in found if not codes or not volume.code or volume.code in codes]
    if len(right) == 1:
        return right[0]
    if right:
        names = ", ".join(f"{volume.path} ({volume.code or 'no code'})" for volume in right)
        raise DeviceNotFound(f"{len(right)} drives match: {names}", hint="name one with --port")
    if found:
        names = ", ".join(f"{volume.path} ({volume.code})" for volume in found)
        raise DeviceNotFound(
            f"wrong board: {job.board.id} has the code {' or '.join(codes)}, and there is {names}; "
            "nothing was written",
            hint="attach the right board, or build for that one",
        )
    raise DeviceNotFound(
        "no drive of a probe is mounted",
        hint="plug in the board and mount its drive, or take another `--protocol`",
    )


def copy(image: Path, goal: Path) -> None:
    """Writes a file in one go and waits until the drive has all of it.

    A drive of this kind is no file system: a rename, or a write in pieces, would be programmed as
    it comes. So the bytes are read first, written at once and flushed to the device.

    Raises:
        DeviceError: The drive is full, was removed, or refuses.
    """
    data = image.read_bytes()
    try:
        file = os.open(goal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise DeviceError(
            f"{goal.parent} did not take {len(data):,} bytes: {error.strerror}",
            hint="unplug the board, plug it in, and try again",
        ) from error


def _verdict(folder: Path) -> str:
    """What the probe wrote into FAIL.TXT; empty where there is none."""
    path = _find(folder, FAILURE)
    return " ".join(_start_of(path).split())[:SHOWN] if path else ""
