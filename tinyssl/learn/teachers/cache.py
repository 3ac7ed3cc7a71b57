"""What a frozen teacher says about fixed crops of the training images: computed once, kept on disk.

The teacher costs far more than the student, and says the same thing about the same crop each time.
So each image gets a few fixed crops, the student is trained on those crops (colours are still drawn
anew at every step), and the targets are read back. Each crop of all images is one entry on disk
(`teachers.entry`), found by everything that decides it: the teacher's weights and input
size, the data and its splits, the geometry, the grid, the seed and the number of the crop. Other
methods, other seeds of the training and more crops use what is there.

The teacher sees its crop cut out of the image as it was stored and resized (bicubic) straight to
the teacher's own size, mirrored if the student's is, with true colours.

float16 keeps 11 bits: a relative error of at most 2**-11 above 6.1e-5, and an absolute one of
3e-8 below. Targets above 65,504 are an error.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tinyssl.core.errors import DataError, TrainingError
from tinyssl.core.paths import cache_folder
from tinyssl.core.progress import Progress, Tracker
from tinyssl.data import Dataset
from tinyssl.data.augment import Crops, Geometry, crop, draw_crops
from tinyssl.data.augment.resample import resize, to_device
from tinyssl.learn.methods.base import Targets
from tinyssl.learn.teachers.base import Teacher
from tinyssl.learn.teachers.entry import CHUNK, CacheEntry, EntryShapes, Rows

FORMAT = 1
"""Raised whenever the same key would give other targets, or other files"""
BATCH = 64
"""Images that the teacher sees at once"""
FLOAT16_MAX = 65504.0
GPU_SHARE = 0.5
"""Largest part of a GPU's free memory that targets may take"""

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class CachePlan:
    """How many targets, and of what kind."""

    crops: int
    """Fixed crops of each image"""
    grid: int
    """Side of the grid to which the teacher's tokens are pooled"""
    seed: int
    """Of the crops"""


class CachedTargets:
    """Targets of all training images; row i belongs to image `dataset.train[i]`."""

    def __init__(
        self, crops: Sequence[Crops], rows: Sequence[dict[str, Rows]], seconds: float
    ) -> None:
        self.seconds = seconds
        """Time that they took when they were computed, by whichever runs did it"""
        self._crops = tuple(crops)
        self._rows = tuple(rows)
        self._device = torch.device("cpu")
        self._resident: tuple[dict[str, Tensor], ...] = ()

    @property
    def copies(self) -> int:
        """Fixed crops of each image."""
        return len(self._crops)

    @property
    def bytes(self) -> int:
        """Size of all targets."""
        return sum(rows.nbytes for files in self._rows for rows in files.values())

    def crops(self, copy: int) -> Crops:
        """The crops of all training images, on the CPU."""
        return self._crops[copy]

    def read(self, positions: Positions, copy: int) -> Targets:
        """Targets of some images for one of their crops.

        Args:
            positions: (b,) int64, rows of `dataset.train`.
            copy: Which crop, in [0, copies).

        Returns:
            float32, on the device given to `to`.
        """
        if self._resident:
            index = to_device(torch.from_numpy(positions), self._device)
            taken = {name: rows[index].float() for name, rows in self._resident[copy].items()}
        else:
            taken = {
                name: to_device(torch.from_numpy(rows[positions].astype(np.float32)), self._device)
                for name, rows in self._rows[copy].items()
            }
        return Targets(taken["summary"], taken["tokens"])

    def to(self, device: torch.device) -> CachedTargets:
        """The same targets, read to `device`; they live on it where they fit into its memory."""
        moved = CachedTargets(self._crops, self._rows, self.seconds)
        moved._device = device
        if device.type != "cpu" and _fits(self.bytes, device):
            moved._resident = tuple(
                {name: torch.from_numpy(np.array(rows)).to(device) for name, rows in files.items()}
                for files in self._rows
            )
        return moved


def cached_targets(
    teacher: Teacher, dataset: Dataset, geometry: Geometry, plan: CachePlan, progress: Progress
) -> CachedTargets:
    """The targets of all training images; computes what is missing.

    A killed call goes on where it stopped, on the next one. Entries that another process is
    computing are left to it: this one does the others meanwhile, then waits.

    Args:
        teacher: On the device on which it is to run.
        dataset: Only its training images are used.
        geometry: What the crops are drawn from.
        plan: How many crops and what is kept.
        progress: Shows images/s.

    Raises:
        DataError: Not enough space on the disk (nothing is written then).
        TrainingError: The teacher gives values that are not finite, or too large for float16.
    """
    work = [
        _Work(teacher, dataset, fixed_crops(len(dataset.train), geometry, plan.seed, copy), entry)
        for copy, entry in enumerate(_entries(teacher, dataset, geometry, plan))
    ]
    missing = [part for part in work if not part.entry.complete()]
    for part in missing:
        if part.entry.damage:
            progress.note(f"targets in {part.entry.folder}: {part.entry.damage}; computed again")
    _require_space([part.entry for part in missing])
    busy = [part for part in missing if not part.run(progress, wait=False)]
    for part in busy:
        holder = part.entry.lock().holder()
        progress.note(f"{holder} computes the targets in {part.entry.folder}; waiting")
        part.run(progress, wait=True)
    return CachedTargets(
        [part.crops for part in work],
        [part.entry.open() for part in work],
        sum(part.entry.seconds for part in work),
    )


def fixed_crops(count: int, geometry: Geometry, seed: int, copy: int) -> Crops:
    """The crops number `copy` of all images: a function of the arguments alone."""
    text = json.dumps([_plain(geometry), seed, copy]).encode()
    drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1
    return draw_crops(count, geometry, torch.Generator().manual_seed(drawn))


def teacher_targets(teacher: Teacher, view: Tensor, grid: int) -> Targets:
    """What the teacher says about views, without a gradient.

    Args:
        teacher: Frozen.
        view: (b, 3, h, w) float in [0, 1]; resized to the teacher's size (bicubic).
        grid: Side of the grid to which the tokens are pooled.
    """
    with torch.no_grad():
        said = teacher(resize(view.detach(), teacher.info.image_size, "bicubic"))
        return Targets(said.summary.float(), pool_tokens(said.tokens.float(), grid))


def pool_tokens(tokens: Tensor, grid: int) -> Tensor:
    """(b, c, h, w) to (b, c, grid, grid): means over (almost) equal parts of the grid."""
    return F.adaptive_avg_pool2d(tokens, grid)


@dataclass(frozen=True)
class _Work:
    """One entry and what it is computed from."""

    teacher: Teacher
    dataset: Dataset
    crops: Crops
    entry: CacheEntry

    def run(self, progress: Progress, *, wait: bool) -> bool:
        """Computes what is missing; False where another process is at it and `wait` is off."""
        lock = self.entry.lock()
        if not lock.take(wait=wait):
            return False
        try:
            self._fill(progress)
        finally:
            lock.release()
        return True

    def _fill(self, progress: Progress) -> None:
        rows, start = self.entry.layout.rows, self.entry.begin()
        if start == rows:
            return
        info = self.teacher.info
        area = "{crop_min:g} to {crop_max:g}".format(**self.entry.key["geometry"])
        title = f"{info.name}, {info.image_size} px, area {area}, crop {self.entry.key['copy']}"
        with progress.track(title, rows, unit="image") as tracker:
            tracker.advance(start)
            for first in range(start, rows, CHUNK):
                self._chunk(first, min(first + CHUNK, rows), tracker)

    def _chunk(self, first: int, stop: int, tracker: Tracker) -> None:
        parts, started = [], time.perf_counter()
        for start in range(first, stop, BATCH):
            end = min(start + BATCH, stop)
            parts.append(self._look(start, end))
            tracker.advance(end - start)
        summaries, tokens = zip(*parts, strict=True)
        spent = time.perf_counter() - started
        self.entry.append(np.concatenate(summaries), np.concatenate(tokens), spent)

    def _look(self, first: int, end: int) -> tuple[Rows, Rows]:
        """Targets of training images first … end."""
        pixels = torch.from_numpy(self.dataset.samples[self.dataset.train[first:end]])
        device = _device_of(self.teacher)
        view = crop(
            pixels.to(device), self.crops[first:end], self.teacher.info.image_size, "bicubic"
        )
        said = teacher_targets(self.teacher, view, self.entry.layout.grid)
        return self._half(said.summary), self._half(said.tokens)

    def _half(self, values: Tensor) -> Rows:
        largest = values.abs().max().item()
        if not largest <= FLOAT16_MAX:  # also where it is not a number
            raise TrainingError(
                f"teacher {self.teacher.info.name} gives a value of {largest:g}; the cache holds "
                f"float16, up to {FLOAT16_MAX:g}",
                hint="use --teacher-mode online",
            )
        return values.to(torch.float16).cpu().numpy()


def _entries(
    teacher: Teacher, dataset: Dataset, geometry: Geometry, plan: CachePlan
) -> list[CacheEntry]:
    info = teacher.info
    layout = EntryShapes(len(dataset.train), info.summary_dim, info.token_dim, plan.grid)
    root = cache_folder() / "targets"
    return [
        CacheEntry(root, _key(teacher, dataset, geometry, plan) | {"copy": copy}, layout)
        for copy in range(plan.crops)
    ]


def _key(teacher: Teacher, dataset: Dataset, geometry: Geometry, plan: CachePlan) -> dict[str, Any]:
    """All that an entry's rows depend on, but for the number of the crop."""
    crops = fixed_crops(1, geometry, plan.seed, 0)
    return {
        "format": FORMAT,
        "teacher": teacher.info.sha256,
        "teacher_size": teacher.info.image_size,
        "data": dataset.fingerprint,
        "geometry": _plain(geometry),
        "grid": plan.grid,
        "seed": plan.seed,
        # Tells when a torch with another random generator would draw other crops.
        "first_box": crops.boxes[0].tolist(),
    }


def _plain(geometry: Geometry) -> dict[str, float]:
    """As floats: 1 and 1.0 are the same geometry."""
    return {name: float(value) for name, value in asdict(geometry).items()}


def _require_space(entries: Sequence[CacheEntry]) -> None:
    """Before anything is written."""
    needed = sum(
        (entry.layout.rows - entry.rows_on_disk()) * entry.layout.row_bytes for entry in entries
    )
    if not entries or needed == 0:
        return
    folder: Path = entries[0].folder.parent
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the teacher's targets need {needed:,} bytes in {folder}, {free:,} are free",
            hint="set TINYSSL_CACHE to a folder on another disk, or use a smaller --teacher-grid, "
            "fewer --teacher-crops or --teacher-mode online",
        )


def _fits(needed: int, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= GPU_SHARE * free


def _device_of(teacher: Teacher) -> torch.device:
    """Where its weights are; a teacher without any that torch knows of takes CPU tensors."""
    for tensor in (*teacher.parameters(), *teacher.buffers()):
        return tensor.device
    return torch.device("cpu")
