"""The loops that tools/throughput.py compares, each measured in a process of its own.

    python -m tools.throughput_loops '{"loop": "recipe", "threads": 1, "workers": 1, …}'

prints images per second. A process each, because settings of the process (how memory is kept,
threads) belong to the loop: what our loop sets must not speed up the others.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Barrier
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
from tinyssl.learn.native.norm import install
from tinyssl.learn.train.optimizers import make_optimizer
from tinyssl.stages.pretrain import pretrain
from tools.lightly_recipe import LEARNING_RATE, LoaderSettings, make_loader

CLASSES = 10


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
    method: str = "simclr"
    processes: int = 1
    """Processes that train"""

    @property
    def total(self) -> int:
        """One step more than is timed: after the last one our loop writes its checkpoint."""
        return self.warmup + self.steps + 1

    @property
    def share(self) -> int:
        """Images of a batch that a process has, where they do not share one batch."""
        return self.batch // self.processes

    def config(self) -> PretrainConfig:
        """As a user would train it."""
        return PretrainConfig(
            method=self.method,
            backbone=self.backbone,
            stem_stride=1,
            epochs=1,
            batch_size=self.batch,
            processes=str(self.processes),
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
    return _seconds_inside(job, job.config())


def seconds_of_torchrun(job: Job, workers: int) -> float:
    """The same in one of the processes of `torchrun`; 0 in all but the first."""
    config = replace(job.config(), batch_size=job.share, processes="auto")
    return _seconds_inside(job, config)


def _seconds_inside(job: Job, config: PretrainConfig) -> float:
    clock = _Clock(job)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npz"
        images = job.images()
        np.savez(path, images=images, labels=np.arange(len(images)) % CLASSES)
        few = 0.1 / job.total  # of a batch, for the splits that are not trained on
        data = DataConfig("npz", path, job.size, test_fraction=few, val_fraction=few)
        pretrain(config, data, Workspace(Path(folder)), clock)
    if not clock.times:
        return 0.0
    before, after = clock.times
    return after - before


def _method(job: Job) -> Method:
    torch.manual_seed(0)
    options = method_config(job.method, {})
    context = MethodContext(image_size=job.size, classes=CLASSES)
    method = build_method(job.method, build_backbone(job.backbone, 1), options, context)
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
    """Seconds of the timed steps on one batch that lies ready, of the slowest of the processes."""
    if job.processes == 1:
        return _bound(job)
    together = multiprocessing.get_context("spawn")
    start = together.Barrier(job.processes)
    with together.Pool(job.processes, _set_start, (start, job)) as pool:
        return max(pool.map(_bound, [job] * job.processes, chunksize=1))


_START: list[Barrier] = []


def _set_start(start: Barrier, job: Job) -> None:
    """What a process of `seconds_of_bound` is told when it begins."""
    torch.set_num_threads(1)
    _START.append(start)


def _bound(job: Job) -> float:
    keep_freed_memory()  # as our loop
    method = nn.utils.convert_conv2d_weight_memory_format(_method(job), torch.channels_last)
    if job.processes > 1:
        install(method, None)
    optimizer = make_optimizer(method, job.config())
    shape = (job.share, 3, job.size, job.size)
    views = tuple(torch.rand(shape, device=job.device) for _ in range(2))
    views = tuple(view.contiguous(memory_format=torch.channels_last) for view in views)
    labels = torch.arange(job.share, device=job.device) % CLASSES
    batch = Batch(views[: 1 if job.method == "supervised" else 2], labels=labels)
    mixed = job.config().amp and job.device == "cuda"

    def step() -> None:
        with torch.autocast(job.device, dtype=torch.bfloat16, enabled=mixed):
            loss = method.loss(batch).total
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()

    if _START:
        _START[0].wait()
    return _timed(job, step)


LOOPS: dict[str, Callable[[Job, int], float]] = {
    "ours": seconds_of_ours,
    "torchrun": seconds_of_torchrun,
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
    if seconds == 0:
        return
    sys.stdout.write(f"{job.steps * job.batch / seconds}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
