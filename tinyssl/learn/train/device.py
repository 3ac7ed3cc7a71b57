"""Where to train, and how to make it repeatable there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils import deterministic

from tinyssl.core.errors import UsageError

FILL = "fill_uninitialized_memory"
"""A property that torch puts on the module when it is imported: type checkers do not see it"""


def pick_device(name: str) -> torch.device:
    """The device called `name`; auto takes CUDA, then MPS, then the CPU.

    Raises:
        UsageError: This computer has no such device.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        raise UsageError(f"torch finds no {name} device here", hint="use --device auto")
    return torch.device(name)


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Deterministic algorithms inside the block; afterwards torch's state is as it was.

    torch then also fills fresh memory with NaN, so that reading it shows. That costs a pass over
    every tensor, and nothing here reads memory that it did not write: it is turned off.
    """
    if device.type == "cuda":  # cuBLAS reads this when it is first used
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warn_before = torch.is_deterministic_algorithms_warn_only_enabled()
    fill_before: bool = getattr(deterministic, FILL)
    gpus = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.use_deterministic_algorithms(True, warn_only=device.type != "cpu")
        setattr(deterministic, FILL, False)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=warn_before)
            setattr(deterministic, FILL, fill_before)
