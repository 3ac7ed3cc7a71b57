"""The loops that tools/throughput.py compares, each measured in a process of its own.

    python -m tools.throughput_loops '{"loop": "recipe", "threads": 1, "workers": 1, …}'

prints images per second. A process each, because settings of the process (how memory is kept,
threads) belong to the loop: what our loop sets must not speed up the others.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does, before torch loads

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.memory import keep_freed_memory
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.simclr import SimCLR, SimCLRConfig, nt_xent
from tinyssl.learn.train.optimizers import make_optimizer
from tinyssl.stages.pretrain import pretrain
from tools.lightly_recipe import LEARNING_RATE, LoaderSettings, make_loader


@dataclass(frozen=True)
class Job:
    """What is trained, and for how long."""

    device: str
    backbone: str
    size: int
    batch: int
    steps: int
    """Timed steps of a repetition"""
    warmup: int
    """Steps before them"""

    @property
    def total(self) -> int:
        """One step more than is timed: after the last one our loop writes its checkpoint."""
        return self.warmup + self.steps + 1

    def config(self) -> PretrainConfig:
        """As a user would train it."""
        return PretrainConfig(
            method="simclr",
            backbone=self.backbone,
            stem_stride=1,
            epochs=1,
            batch_size=self.batch,
            warmup_epochs=0,
            device=self.device,  # type: ignore[arg-type]  # argparse has checked it
        )

    def images(self) -> NDArray[np.uint8]:
        """Noise: neither loop looks at what the pixels show."""
        count, rng = (self.total + 1) * self.batch, np.random.default_rng(0)
        return rng.integers(0, 256, (count, self.size, self.size, 3), dtype=np.uint8)


class _Clock(Silent):
    """A `Progress` that takes the time after the warm-up and after the last timed step."""

    def __init__(self, job: Job) -> None:
        self.job, self.done = job, 0
        self.times: list[float] = []

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[_Clock]:
        self.done = 0
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        self.done += count
        if count and self.done in (self.job.warmup, self.job.warmup + self.job.steps):
            _wait(self.job)
            self.times.append(time.perf_counter())


def seconds_of_ours(job: Job, workers: int) -> float:
    """Seconds of the timed steps inside `pretrain`."""
    clock = _Clock(job)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npz"
        np.savez(path, images=job.images())
        few = 0.1 / job.total  # of a batch, for the splits that are not trained on
        data = DataConfig("npz", path, job.size, test_fraction=few, val_fraction=few)
        pretrain(job.config(), data, Workspace(Path(folder)), clock)
    before, after = clock.times
    return after - before


def _method(job: Job) -> Method:
    torch.manual_seed(0)
    options = method_config("simclr", {})
    context = MethodContext(image_size=job.size)
    method = build_method("simclr", build_backbone(job.backbone, 1), options, context)
    return method.to(job.device).train()


def _timed(job: Job, step: Callable[[], None]) -> float:
    """Seconds of the timed calls of `step`, the device's queue emptied before and after."""
    for _ in range(job.warmup):
        step()
    _wait(job)
    start = time.perf_counter()
    for _ in range(job.steps):
        step()
    _wait(job)
    return time.perf_counter() - start


def _wait(job: Job) -> None:
    if job.device == "cuda":
        torch.cuda.synchronize()


def seconds_of_recipe(job: Job, workers: int) -> float:
    """Seconds of the timed steps of lightly's documented loop."""
    method, options = _method(job), method_config("simclr", {})
    assert isinstance(options, SimCLRConfig)
    assert isinstance(method, SimCLR)
    optimizer = torch.optim.SGD(method.parameters(), lr=LEARNING_RATE)
    settings = LoaderSettings(job.batch, workers, pinned=job.device == "cuda")
    batches = iter(make_loader(job.images(), options, settings))
    model = nn.Sequential(method.backbone, method.projector)

    def step() -> None:
        first, second = (view.to(job.device) for view in next(batches))
        loss = nt_xent(model(first), model(second), options.temperature)
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    return _timed(job, step)


def seconds_of_bound(job: Job, workers: int) -> float:
    """Seconds of the timed steps on one batch that lies ready."""
    keep_freed_memory()  # as our loop
    method = nn.utils.convert_conv2d_weight_memory_format(_method(job), torch.channels_last)
    optimizer = make_optimizer(method, job.config())
    shape = (job.batch, 3, job.size, job.size)
    views = tuple(torch.rand(shape, device=job.device) for _ in range(2))
    batch = Batch(tuple(view.contiguous(memory_format=torch.channels_last) for view in views))
    mixed = job.config().amp and job.device == "cuda"

    def step() -> None:
        with torch.autocast(job.device, dtype=torch.bfloat16, enabled=mixed):
            loss = method.loss(batch).total
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()

    return _timed(job, step)


LOOPS: dict[str, Callable[[Job, int], float]] = {
    "ours": seconds_of_ours,
    "recipe": seconds_of_recipe,
    "bound": seconds_of_bound,
}
"""Name -> seconds of the timed steps, with that many worker processes"""


def main(request: dict[str, Any]) -> None:
    """Measures one loop at one setting; prints images per second."""
    loop, threads, workers = (request.pop(name) for name in ("loop", "threads", "workers"))
    torch.set_num_threads(threads)
    job = Job(**request)
    seconds = LOOPS[loop](job, workers)
    sys.stdout.write(f"{job.steps * job.batch / seconds}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
