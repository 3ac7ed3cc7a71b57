"""Packs many synthetic images and trains on them: memory and speed for docs/data.md.

    python -m tools.data_scale FOLDER --images 1000000 --stage make
    python -m tools.data_scale FOLDER --stage pack
    python -m tools.data_scale FOLDER --stage train --steps 100
    python -m tools.data_scale FOLDER --stage speed

`make` writes Parquet files of JPEG pictures, each a function of its number; `pack` and `train`
print memory (anonymous and of mapped files, MiB) as they go on; `speed` trains on some thousand of
them in turn from memory and from shards. Every stage goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.progress import Silent, Tracker
from tinyssl.core.records import RunRecord, Workspace

SIDE = 96
ROWS = 10_000
"""Of a Parquet file"""
MARKS = 20
"""Lines of memory that a stage prints"""
SPEED_IMAGES, SPEED_PAIRS = 1_200, 3
TRAINING = PretrainConfig(
    method="simclr", backbone="mobilenet_v2_035", batch_size=32, epochs=1, device="cpu", knn_every=0
)


def synthetic(number: int) -> bytes:
    """JPEG number `number`: 24x24 pixels of smooth colours, a function of the number alone."""
    small = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((24, 24), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def make(folder: Path, images: int) -> None:
    """Writes the Parquet files that are missing, as the Hugging Face Hub lays them out."""
    (folder / "source").mkdir(parents=True, exist_ok=True)
    files = -(-images // ROWS)
    for at in range(files):
        path = folder / "source" / f"part-{at:05d}-of-{files:05d}.parquet"
        if path.exists():
            continue
        numbers = range(at * ROWS, min((at + 1) * ROWS, images))
        column = [{"bytes": synthetic(number), "path": f"{number}.jpg"} for number in numbers]
        table = pyarrow.table({"image": column})
        pyarrow.parquet.write_table(table, path.with_suffix(".tmp"), row_group_size=1000)
        path.with_suffix(".tmp").replace(path)
        print(f"{path.name}: {numbers.stop:,} of {images:,}", flush=True)  # noqa: T201


class Memory(Silent):
    """Prints the memory of this process as a task goes on; calls `at_end` after `steps` units."""

    def __init__(
        self, title: str, steps: int | None = None, at_end: Callable[[], None] | None = None
    ) -> None:
        self.title, self.steps, self.at_end = title, steps, at_end

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        """Prints `MARKS` lines of a task whose title begins with the one that is watched."""
        if not title.startswith(self.title):
            with super().track(title, total, unit) as tracker:
                yield tracker
            return
        yield _Marks(self, min(self.steps or total, total), unit)


class _Marks:
    def __init__(self, memory: Memory, total: int, unit: str) -> None:
        self.memory, self.total, self.unit = memory, total, unit
        self.done, self.started, self.first = 0, time.perf_counter(), 0
        print(f"| {unit}s | seconds | anonymous, MiB | mapped files, MiB |\n|---|---|---|---|")  # noqa: T201

    def advance(self, count: int = 1, **fields: object) -> None:
        """Counts; prints at every mark."""
        before, self.done = self.done, self.done + count
        every = max(self.total // MARKS, 1)
        if before // every != self.done // every:
            seconds = time.perf_counter() - self.started
            anonymous, mapped, _ = memory_mib()
            print(f"| {self.done:,} | {seconds:.1f} | {anonymous:,} | {mapped:,} |", flush=True)  # noqa: T201
        if before < self.total <= self.done and self.memory.at_end is not None:
            self.memory.at_end()


def memory_mib() -> tuple[int, int, int]:
    """Anonymous memory of this process, mapped files in memory, and the peak of their sum."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    names = ("RssAnon", "RssFile", "VmHWM")
    anonymous, mapped, peak = (int(fields[name].split()[0]) // 1024 for name in names)
    return anonymous, mapped, peak


def pack(folder: Path, suffix: str) -> None:
    """Packs `source` at its own size."""
    from tinyssl.data.packing import pack as pack_pictures
    from tinyssl.data.parquet import parquet_pictures

    config = DataConfig(dataset="parquet", data_path=folder / "source", image_size=SIDE)
    pictures = parquet_pictures(config, Silent())
    done = pack_pictures(pictures, config, folder / "pack", suffix, Memory("pack"))
    count = sum(len(shard.label) for shard in done.shards)
    print(f"{count:,} images in {len(done.shards)} shards; peak {memory_mib()[2]:,} MiB")  # noqa: T201


def train(folder: Path, steps: int) -> None:
    """Trains for some steps, as if Ctrl-C came then; memory by step."""
    data = DataConfig(dataset="packed", data_path=folder / "pack", image_size=SIDE)
    memory = Memory("pretrain", steps, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        run(folder, data, memory)
    except KeyboardInterrupt:
        print(f"stopped after {steps} steps; peak {memory_mib()[2]:,} MiB")  # noqa: T201


def speed(folder: Path) -> None:
    """Images/s from memory and from shards of both kinds, in turn."""
    from tinyssl.data.npz import read_npz
    from tinyssl.data.packing import pack as pack_pictures
    from tinyssl.data.packing import pictures_of
    from tinyssl.data.pictures import read_picture

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "speed.npz"
    pictures = [read_picture(synthetic(at), (SIDE, SIDE)) for at in range(SPEED_IMAGES)]
    np.savez(path, allow_pickle=False, images=np.stack([np.asarray(each) for each in pictures]))
    memory = DataConfig(dataset="npz", data_path=path, image_size=SIDE)
    ways = {"memory": memory}
    for suffix in ("ppm", "jpg"):
        out = folder / f"speed-{suffix}"
        source = read_npz(memory, Silent())
        pack_pictures(pictures_of(source, "npz"), memory, out, suffix, Silent())
        ways[suffix] = replace(memory, dataset="packed", data_path=out)
    for _ in range(SPEED_PAIRS):
        rates = {
            name: float(run(folder, data, Silent()).results["images_per_second"])
            for name, data in ways.items()
        }
        shares = (
            f"{name} {rate:.1f} ({rate / rates['memory']:.3f})" for name, rate in rates.items()
        )
        print(f"images/s: {', '.join(shares)}", flush=True)  # noqa: T201


def run(folder: Path, data: DataConfig, progress: Silent) -> RunRecord:
    """One training."""
    import torch

    from tinyssl.stages.pretrain import pretrain

    torch.set_num_threads(1)
    return pretrain(TRAINING, data, Workspace(folder / "work"), progress)


def main() -> None:
    """Runs one stage."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stage", choices=("make", "pack", "train", "speed"), required=True)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("ppm", "webp", "jpg"), default="jpg")
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    stages: dict[str, Callable[[], None]] = {
        "make": lambda: make(arguments.folder, arguments.images),
        "pack": lambda: pack(arguments.folder, arguments.format),
        "train": lambda: train(arguments.folder, arguments.steps),
        "speed": lambda: speed(arguments.folder),
    }
    stages[arguments.stage]()


if __name__ == "__main__":
    main()
