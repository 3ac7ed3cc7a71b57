"""Fetching one large file: resumes, checks, and leaves either the whole file or none."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.errors import DataError
from tinyssl.core.own_files import new_file, own_file
from tinyssl.core.progress import Progress
from tinyssl.core.records import sha256_of

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30
PARTIAL_CONTENT = 206


@dataclass(frozen=True)
class Remote:
    """A file on the web, known to the byte."""

    url: str
    sha256: str
    size: int
    """Bytes"""

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def check(path: Path, remote: Remote) -> None:
    """Compares a local file with what it should be.

    Raises:
        DataError: Size or SHA-256 differ.
    """
    size = path.stat().st_size
    if size != remote.size:
        raise DataError(
            f"{path} has {size:,} bytes; the official file has {remote.size:,}",
            hint="delete it and fetch it again with --download",
        )
    found = sha256_of(path)
    if found != remote.sha256:
        raise DataError(
            f"{path} has SHA-256 {found}; expected {remote.sha256}",
            hint="it is damaged or not the official file: delete it, then --download",
        )


def download(remote: Remote, target: Path, progress: Progress) -> None:
    """Fetches `remote` to `target`, going on with an earlier attempt where there is one.

    Raises:
        DataError: No network, or the bytes are not the expected ones.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have < remote.size:
        try:
            _fetch(remote, part, have, progress)
        except OSError as error:  # URLError and timeouts are OSErrors
            raise DataError(
                f"could not fetch {remote.url}: {error}",
                hint=f"try again (it goes on where it stopped), or put the file at {target}",
            ) from error
    try:
        check(part, remote)
    except DataError:
        part.unlink()
        raise
    part.replace(target)


def _fetch(remote: Remote, part: Path, have: int, progress: Progress) -> None:
    headers = {"User-Agent": "tinyssl"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(remote.url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        resumed = answer.status == PARTIAL_CONTENT
        done = have if resumed else 0
        with (
            os.fdopen(own_file(part, append=True) if resumed else new_file(part), "ab") as file,
            progress.track(f"download {remote.name}", remote.size, "byte") as tracker,
        ):
            tracker.advance(done)
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
                tracker.advance(len(chunk))
