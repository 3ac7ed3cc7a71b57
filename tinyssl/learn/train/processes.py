"""How many processes a training is worth, and the share of the batch that each has."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import torch

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import UsageError
from tinyssl.data import Dataset
from tinyssl.data.splits import LEAST_TRAIN
from tinyssl.learn.methods import find_method
from tinyssl.learn.native.library import available
from tinyssl.learn.train.schedule import default_epochs

AUTO = "auto"
LEAST_ROWS = 8
"""Images that a process should have of a batch: with fewer it waits more than it computes"""
LEAST_NUMBERS = 60_000_000
"""Input numbers over all epochs from which on further processes pay: starting them takes some
seconds, in which one process trains 20,000 images of 32x32 pixels"""


def count_processes(config: PretrainConfig, dataset: Dataset, device: torch.device) -> int:
    """Processes that share each batch of a training on this computer.

    `auto` takes one a core (as many as torch would have threads, so `OMP_NUM_THREADS` limits them)
    where the batch divides by that, the training is long enough, and a C compiler is there:
    without one batch norm over all processes costs more than they bring.

    Raises:
        UsageError: That many cannot share the batch, or the device is a GPU.
    """
    if config.processes != AUTO:
        count = int(config.processes)
        _check(config, count, device)
        return count
    if device.type != "cpu" or not find_method(config.method).value.trains:
        return 1
    epochs = config.epochs or default_epochs(max(len(dataset.train), 1))
    numbers = len(dataset.train) * epochs * math.prod(dataset.spec.shape)
    if numbers < LEAST_NUMBERS or len(dataset.train) < config.batch_size * config.accumulate:
        return 1
    most = min(cores(), config.batch_size // LEAST_ROWS)
    count = next((n for n in range(most, 1, -1) if config.batch_size % n == 0), 1)
    return count if count > 1 and available() else 1


def cores() -> int:
    """Cores that this process may use, and torch would."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, torch.get_num_threads())


def _check(config: PretrainConfig, count: int, device: torch.device) -> None:
    if count > 1 and device.type != "cpu":
        raise UsageError(
            f"--processes {count} shares a CPU, and this training is for {device.type}",
            hint="leave --processes out; several GPUs: torchrun (docs/scaling.md)",
        )
    size = config.batch_size
    if size % count or size // count < LEAST_TRAIN:
        counts = [n for n in range(1, size // LEAST_TRAIN + 1) if size % n == 0 and n <= count]
        raise UsageError(
            f"{count} processes cannot share a batch of {size} images",
            hint=f"use --processes {counts[-1]}, or another --batch-size",
        )


def share_of(config: PretrainConfig, processes: int) -> PretrainConfig:
    """The config of each of so many processes, which have equal parts of the batch."""
    return replace(config, batch_size=config.batch_size // processes)
