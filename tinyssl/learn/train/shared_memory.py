"""Shared memory between the processes of a training, where they are on one computer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch.distributed as dist

from tinyssl.core.errors import BuildError, ToolMissing
from tinyssl.learn.native.exchange import SharedMemory, create_memory
from tinyssl.learn.native.library import library

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def open_exchange(
    rank: int, size: int, alive: Callable[[int], bool], group: Any
) -> Iterator[SharedMemory | None]:
    """The exchange of all processes; None on all of them where one cannot take part.

    That is: on another computer, without a C compiler, or without room in its shared memory. The
    file has no name any more when this yields, so nothing is left when all processes are killed.

    Args:
        rank: Of this process.
        size: Processes.
        alive: Whether the process of a rank still runs.
        group: Process group of torch that all of them are in.
    """

    def tell(value: Any) -> list[Any]:
        told: list[Any] = [None] * size
        dist.all_gather_object(told, value, group=group)
        return told

    path = _memory(size) if rank == 0 else None
    able = _here() if rank > 0 or path is not None else None
    places = tell((able, path))
    path = places[0][1]
    exchange = None
    if path is not None and len({place for place, _ in places}) == 1:
        exchange = _attached(path, rank, size, alive)
    everybody = all(tell(exchange is not None))
    if rank == 0 and path is not None:
        path.unlink()
    yield exchange if everybody else None


def _here() -> tuple[str, str] | None:
    """What names this computer as long as it runs; None where it cannot compile."""
    try:
        library()
    except (ToolMissing, BuildError):
        return None
    boot = BOOT_ID.read_text(encoding="utf-8") if BOOT_ID.exists() else ""
    return socket.gethostname(), boot


def _memory(size: int) -> Path | None:
    if _here() is None:
        return None
    try:
        return create_memory(size)
    except OSError:
        return None


def _attached(
    path: Path, rank: int, size: int, alive: Callable[[int], bool]
) -> SharedMemory | None:
    try:
        return SharedMemory(path, rank, size, alive)
    except OSError:  # the same name and boot, yet another file system: containers
        return None
