"""Checkpoints that survive a crash at any moment.

A file is a magic number, the SHA-256 of the payload, and the payload (`torch.save`). It is written
beside the old one and renamed, the one before is kept, so at every moment a sound one is on disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import shlex
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch

from tinyssl.core.errors import TrainingError
from tinyssl.core.progress import Progress

MAGIC = b"TSSLCKP1"
HASH_BYTES = 32
CURRENT = "checkpoint.pt"
PREVIOUS = "checkpoint.previous.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Writes `state` (tensors and plain values) as the current checkpoint of a run.

    Raises:
        TrainingError: The disk is too small, or full; the checkpoints that were there still are.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getbuffer()
    current, fresh = folder / CURRENT, folder / f".{CURRENT}.{os.getpid()}.tmp"
    needed, free = len(MAGIC) + HASH_BYTES + len(payload), shutil.disk_usage(folder).free
    if needed > free:
        raise _no_space(folder, f"the checkpoint needs {needed:,} bytes, {free:,} are free")
    try:
        with fresh.open("wb") as file:
            file.write(MAGIC)
            file.write(hashlib.sha256(payload).digest())
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _no_space(folder, f"the checkpoint cannot be written: {error.strerror}") from error
    if current.exists():
        current.replace(folder / PREVIOUS)
    fresh.replace(current)
    return current


def _no_space(folder: Path, what: str) -> TrainingError:
    return TrainingError(
        f"{what}; the one before is whole, in {folder}",
        hint=f"free space on that disk, then tinyssl pretrain --resume {shlex.quote(str(folder))}",
    )


def load_checkpoint(folder: Path, progress: Progress) -> dict[str, Any] | None:
    """The newest sound checkpoint of a run, on the CPU; None where none was written yet.

    A damaged one is passed over, with a note, for the one before: resuming from that gives the same
    weights, later.

    Raises:
        TrainingError: There are checkpoints and all are damaged.
    """
    damage: list[str] = []
    for path in (folder / CURRENT, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            return _read(path)
        except TrainingError as error:
            damage.append(error.message)
            progress.note(f"{error.message}; trying the one before")
    if damage:
        raise TrainingError("; ".join(damage), hint="start again without --resume")
    return None


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        magic, digest, payload = file.read(len(MAGIC)), file.read(HASH_BYTES), file.read()
    if magic != MAGIC:
        raise TrainingError(f"{path} is not a checkpoint of this version")
    if hashlib.sha256(payload).digest() != digest:
        raise TrainingError(f"{path} is damaged: its SHA-256 does not match")
    try:
        state: dict[str, Any] = torch.load(
            io.BytesIO(payload), map_location="cpu", weights_only=True
        )
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read by this torch: {error}") from error
    return state
