"""One process or many: who am I, and what do we agree on. `torchrun` starts the many."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

from tinyssl.core.errors import TrainingError, UsageError
from tinyssl.learn.native.exchange import ProcessLost, SharedMemory, process_lives
from tinyssl.learn.train.device import pick_device
from tinyssl.learn.train.shared_memory import open_exchange

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

PATIENCE = timedelta(hours=24)
"""How long processes wait while one of them computes the teacher's features"""
JOIN_SECONDS = 600
"""How long the first process waits for the others at the start"""
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class World:
    """The processes that train together."""

    device: torch.device
    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Rank among the processes of this computer"""
    patient: Any = None
    """Process group whose barrier waits for hours"""
    exchange: SharedMemory | None = None
    """Shared memory of the processes, where all are on this computer and train on its CPU"""
    loss: Callable[[World], TrainingError] | None = None
    """Says what it means that another process is gone; None: as for those of `torchrun`"""

    @property
    def main(self) -> bool:
        """Whether this process writes records and draws bars."""
        return self.rank == 0

    @property
    def threads(self) -> int:
        """Of each process, on its CPU."""
        return torch.get_num_threads()

    def mean(self, values: Tensor) -> Tensor:
        """Mean over all processes, element by element; every process gets it."""
        if self.exchange is not None and values.dtype == torch.float32:
            return self.exchange.sum_(values).div_(self.size)
        if self.size > 1:
            dist.all_reduce(values)
            values /= self.size
        return values

    def share(self, value: Any) -> Any:
        """What rank 0 holds, for everybody (pickled: for small things and checkpoints)."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, device=torch.device("cpu"), group=self.patient)
        return box[0]

    def wait(self) -> None:
        """Until all processes are here; for hours, if need be."""
        if self.size > 1:
            dist.barrier(group=self.patient)


def launched_by_torchrun() -> bool:
    """Whether this is one of the processes of a `torchrun`."""
    return dist.is_available() and dist.is_torchelastic_launched()


@contextmanager
def join_world(device_name: str) -> Iterator[World]:
    """The place of this process among those of `torchrun`, or a world of its own.

    Each process takes the GPU of its local rank (nccl), or the CPU (gloo). A process group that is
    there already is used, and left as it is.

    Raises:
        UsageError: There is no such device, or fewer GPUs than processes on this computer.
    """
    device = pick_device(device_name)
    size = int(os.environ.get("WORLD_SIZE", "1")) if launched_by_torchrun() else 1
    if size == 1:
        yield World(device)
        return
    local_rank = int(os.environ["LOCAL_RANK"])
    if device.type == "cuda":
        device = _gpu(local_rank)
    own = not dist.is_initialized()
    if own:
        # Inside: torch may be built without any of this.
        from torch.distributed.distributed_c10d import PrefixStore
        from torch.distributed.rendezvous import rendezvous

        store, rank, size = next(iter(rendezvous("env://")))
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=PrefixStore(agree_on_name(store, rank, size), store),
            rank=rank,
            world_size=size,
        )
    try:
        with connected(World(device, dist.get_rank(), size, local_rank)) as world:
            yield world
    finally:
        if own:
            dist.destroy_process_group()


@contextmanager
def connected(world: World, alive: Callable[[int], bool] | None = None) -> Iterator[World]:
    """The world with all that its processes talk through; torch's process group is there.

    Args:
        world: Without them.
        alive: Whether the process of a rank still runs; default: by its number.
    """
    world = replace(world, patient=dist.new_group(backend="gloo", timeout=PATIENCE))
    if world.device.type != "cpu":
        yield world
        return
    numbers: list[Any] = [None] * world.size
    dist.all_gather_object(numbers, os.getpid(), group=world.patient)
    found = alive or (lambda rank: process_lives(numbers[rank]))
    with open_exchange(world.rank, world.size, found, world.patient) as exchange:
        yield replace(world, exchange=exchange)


def agree_on_name(store: Store, rank: int, size: int) -> str:
    """A name that the processes of this attempt share, and no earlier one had.

    `torchrun` keeps its store over restarts: without a prefix of their own, new processes find the
    addresses of dead ones in it. Its count of restarts is no such name, as it can differ between
    computers. So every process leaves a fresh word, and the first one answers each until all have
    said that they heard the name; words of the dead are answered to nobody.
    """
    if rank > 0:
        word = uuid.uuid4().hex
        store.set(f"tinyssl/word/{rank}", word)
        name = str(store.get(f"tinyssl/answer/{word}").decode())
        store.set(f"tinyssl/heard/{name}/{rank}", "yes")
        return name
    name = uuid.uuid4().hex
    deadline = time.monotonic() + JOIN_SECONDS
    missing = set(range(1, size))
    while missing:
        for other in list(missing):
            if store.check([f"tinyssl/word/{other}"]):
                word = store.get(f"tinyssl/word/{other}").decode()
                store.set(f"tinyssl/answer/{word}", name)
            if store.check([f"tinyssl/heard/{name}/{other}"]):
                missing.remove(other)
        if time.monotonic() > deadline:
            raise TrainingError(
                f"processes {sorted(missing)} of {size} did not come in {JOIN_SECONDS} seconds",
                hint="look at their messages, in the logs of their computers",
            )
        time.sleep(POLL_SECONDS)
    return name


def _gpu(local_rank: int) -> torch.device:
    count = torch.cuda.device_count()
    if local_rank >= count:
        raise UsageError(
            f"process {local_rank} of this computer finds {count} GPUs",
            hint=f"use torchrun --nproc-per-node {count}, or --device cpu",
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


@contextmanager
def one_for_all(world: World) -> Iterator[None]:
    """Says plainly what a broken connection means: another process ended, and so does this one.

    Raises:
        TrainingError: In place of what the communication library says.
    """
    try:
        yield
    except RuntimeError as error:
        if world.size == 1:
            raise
        known = isinstance(error, dist.DistError | ProcessLost) or "onnection" in str(error)
        if not known:
            raise
        raise (world.loss or _lost)(world) from error


def _lost(world: World) -> TrainingError:
    return TrainingError(
        f"process {world.rank} of {world.size} lost another one, so all end",
        hint="its own message is above, or in the log of its computer; the same torchrun "
        "command goes on from the last checkpoint with --max-restarts, else use --resume",
    )
