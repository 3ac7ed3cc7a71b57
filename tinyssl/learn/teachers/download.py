"""Fetching published weights, once."""

from __future__ import annotations

import os
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tinyssl.core.errors import DataError
from tinyssl.core.own_files import new_file
from tinyssl.core.paths import cache_folder
from tinyssl.core.progress import Progress
from tinyssl.core.records import sha256_of

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30


@dataclass(frozen=True)
class Published:
    """A file of weights on its authors' server."""

    url: str
    sha256: str | None = None
    """None where no published hash could be found: then TLS, the length that the server announces
    and the names and shapes of all tensors are what is checked"""

    @property
    def path(self) -> Path:
        """Where it is kept on this computer."""
        return cache_folder() / "teachers" / self.url.rsplit("/", 1)[-1]


def fetch(published: Published, arch: str, progress: Progress) -> Path:
    """The file, from the cache or fetched now; a broken transfer leaves nothing behind.

    Args:
        published: Which file.
        arch: Architecture, named in the hint.
        progress: Shows a bar.

    Raises:
        DataError: No network, or the bytes are not the published ones.
    """
    target = published.path
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _receive(published, part, progress)
        _check(published, part)
        part.replace(target)
    except (OSError, HTTPException) as error:  # URLError and timeouts are OSErrors
        raise DataError(
            f"could not fetch {published.url}: {error}",
            hint=f"fetch it elsewhere and put it at {target}, or name it: "
            f"--teacher PATH --teacher-arch {arch}; offline: --teacher efficientnet_lite2",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _receive(published: Published, part: Path, progress: Progress) -> None:
    request = urllib.request.Request(published.url, headers={"User-Agent": "tinyssl"})
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer,
        os.fdopen(new_file(part), "wb") as file,
    ):
        total = int(answer.headers.get("Content-Length", 0))  # 0: not told, then http checks it
        done = 0
        with progress.track(f"download {published.path.name}", total, "byte") as tracker:
            while chunk := answer.read(CHUNK_BYTES):
                done += file.write(chunk)
                tracker.advance(len(chunk))
    if total and done != total:
        raise OSError(f"{done:,} of {total:,} bytes came")


def _check(published: Published, part: Path) -> None:
    if published.sha256 is None:
        return
    found = sha256_of(part)
    if found != published.sha256:
        raise DataError(
            f"{published.url} has SHA-256 {found}; expected {published.sha256}",
            hint="it is damaged or not the published file: try again later",
        )
