"""Checkpoints that survive a crash at any moment.

A file is a magic number, the SHA-256 of the payload, and the payload (`torch.save`). It is written
beside the old one and renamed, the one before is kept, so at every moment a sound one is on disk.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from tinyssl.errors import TrainingError
from tinyssl.progress import Progress
from tinyssl.records import write_atomic

MAGIC = b"TSSLCKP1"
HASH_BYTES = 32
CURRENT = "checkpoint.pt"
PREVIOUS = "checkpoint.previous.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Writes `state` (tensors and plain values) as the current checkpoint of a run."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    current = folder / CURRENT
    if current.exists():
        current.replace(folder / PREVIOUS)
    write_atomic(current, MAGIC + hashlib.sha256(payload).digest() + payload)
    return current


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
    data = path.read_bytes()
    start = len(MAGIC) + HASH_BYTES
    if data[: len(MAGIC)] != MAGIC:
        raise TrainingError(f"{path} is not a checkpoint of this version")
    if hashlib.sha256(data[start:]).digest() != data[len(MAGIC) : start]:
        raise TrainingError(f"{path} is damaged: its SHA-256 does not match")
    try:
        state: dict[str, Any] = torch.load(
            io.BytesIO(data[start:]), map_location="cpu", weights_only=True
        )
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read by this torch: {error}") from error
    return state
