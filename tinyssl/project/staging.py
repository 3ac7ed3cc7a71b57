"""A folder that is replaced in one step, when its new content is complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.locks import held
from tinyssl.core.records import BuildInfo
from tinyssl.device.flashed import Flashed

OBJECTS = Path(".pio") / "build"
KEPT = (Flashed.FILE, "emulator.log")
"""Files of the flashed device, which outlive a new build: `flash` stops the emulator they name"""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder beside `folder`, which takes its place when the block ends well.

    It starts with the compiled objects of `folder`: what did not change is not compiled again.
    After a failure it stays, for whoever wants to look; the next build removes it.

    Raises:
        UsageError: `folder` holds something that tinyssl did not make, or another build writes it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = folder.parent / f".{folder.name}.new"
    lock = folder.parent / f".{folder.name}.lock"
    with held(lock, f"another `tinyssl build` is writing {folder}"):
        if folder.exists() and not (folder / BuildInfo.FILE).exists():
            raise UsageError(
                f"{folder} exists and is not a tinyssl build", hint="give another --out"
            )
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        if (folder / OBJECTS).exists():
            shutil.copytree(folder / OBJECTS, stage / OBJECTS)
        yield stage
        for name in KEPT:
            if (folder / name).exists():
                shutil.copy2(folder / name, stage / name)
        _replace(stage, folder)


def _replace(new: Path, folder: Path) -> None:
    """Two renames; killed between them, both builds are there: `.<name>.old`, `.<name>.new`."""
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
