"""Vectors that the processes of one computer give each other through shared memory.

An all-reduce of a few thousand floats takes some microseconds here, and some hundred through gloo:
batch norm that looks at all processes needs about a hundred of them a step.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from tinyssl.learn.native.library import address, library

CAPACITY = 2**18
"""Floats that a process gives at once; longer vectors go in pieces"""
LOOK_NANOSECONDS = 100_000_000
"""Between two looks at whether a process that is late still lives"""
SHARED_FOLDER = Path("/dev/shm")


class ProcessLost(RuntimeError):
    """A process ended while others waited for it."""


class _State(ctypes.Structure):
    """`Exchange` of exchange.c."""

    _fields_ = (
        ("memory", ctypes.c_void_p),
        ("rank", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("capacity", ctypes.c_uint64),
        ("turn", ctypes.c_uint32),
    )


def create_memory(size: int, capacity: int = CAPACITY) -> Path:
    """A new file of zeros, in memory where the system has such a folder; to be unlinked by you.

    Raises:
        OSError: There is no room.
    """
    for folder in (SHARED_FOLDER, Path(tempfile.gettempdir())):
        if not folder.is_dir():
            continue
        number, name = tempfile.mkstemp(prefix="tinyssl-", dir=folder)
        try:
            # Not `truncate`: memory that is not there would end a process when it is written.
            os.posix_fallocate(number, 0, library().tinyssl_exchange_bytes(size, capacity))
        except OSError:
            Path(name).unlink()
            continue
        finally:
            os.close(number)
        return Path(name)
    raise OSError("no folder has room for shared memory")


class SharedMemory:
    """One process's end of the shared memory. All must make the same calls in the same order.

    Args:
        path: Of `create_memory`.
        rank: Of this process.
        size: Processes.
        alive: Whether the process of a rank still runs; asked while it is waited for.
        capacity: As given to `create_memory`.
    """

    def __init__(
        self,
        path: Path,
        rank: int,
        size: int,
        alive: Callable[[int], bool],
        capacity: int = CAPACITY,
    ) -> None:
        self.rank, self.size = rank, size
        self._alive, self._capacity = alive, capacity
        length = library().tinyssl_exchange_bytes(size, capacity)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), length)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._state = _State(start, rank, size, capacity, 0)
        self._pointer = ctypes.addressof(self._state)

    def gather(self, values: Tensor) -> Tensor:
        """(n,) float32, n at most the capacity, to (processes, n) in the order of the ranks."""
        found = values.new_empty((self.size, values.numel()))
        self._turn(values)
        library().tinyssl_exchange_read(self._pointer, address(found), values.numel())
        return found

    def sum_(self, values: Tensor) -> Tensor:
        """(n,) float32 replaced by the sum over processes, added in the order of the ranks."""
        for piece in torch.split(values, self._capacity):
            self._turn(piece)
            library().tinyssl_exchange_sum(self._pointer, address(piece), piece.numel())
        return values

    def _turn(self, values: Tensor) -> None:
        """Gives `values`, and waits for those of the others."""
        native, late = library(), -1
        native.tinyssl_exchange_give(self._pointer, address(values), values.numel())
        while (rank := native.tinyssl_exchange_missing(self._pointer, LOOK_NANOSECONDS)) >= 0:
            if rank == late and not self._alive(rank):
                raise ProcessLost(f"process {rank} of {self.size} is gone")
            late = rank


def process_lives(number: int) -> bool:
    """Whether the process of that number runs on this computer."""
    with contextlib.suppress(PermissionError):  # it runs, for another user
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return False
    return True


def mean_gradients(exchange: SharedMemory, gradients: list[Tensor]) -> None:
    """Replaces gradients by their means over processes, in one exchange."""
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    exchange.sum_(whole).div_(exchange.size)
    parts = torch.split(whole, [gradient.numel() for gradient in gradients])
    pairs = zip(parts, gradients, strict=True)
    torch._foreach_copy_(gradients, [part.view(gradient.shape) for part, gradient in pairs])
