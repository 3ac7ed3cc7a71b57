"""Processes of this computer that train together, started by the first of them.

The first process is the one that the user started: it shows the bar, writes the record and trains
its share. Each further one is a `python -m MODULE` that is told over a pipe what to train. The pipe
stays open: its end is how a worker notices that the first process is gone, whatever ended it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from tinyssl.core.errors import TrainingError
from tinyssl.learn.train.world import World, connected

READY = b"ready\n"
ENDING_SECONDS = 20.0
"""How long a worker may take to end after the training"""
LOOK_SECONDS = 3.0
"""How long a process that broke a connection may take to be seen as ended"""
INTERFACE = "GLOO_SOCKET_IFNAME"
LOOPBACK = {"linux": "lo", "darwin": "lo0"}


@dataclass(frozen=True)
class Seat:
    """The place of a process in a team."""

    rank: int
    size: int
    store: Path
    """File through which the processes find each other"""


class Member:
    """A further process of the team.

    Args:
        command: What starts it.
        environment: All its variables.
        log: File for its messages.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as messages:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C is for the first process, which ends the others
            )

    def order(self, seat: Seat, order: Any) -> None:
        """Tells it what to do."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `await_ready` says why it ended
            self._process.stdin.write(pickle.dumps((seat, order)))
            self._process.stdin.flush()

    def await_ready(self) -> None:
        """Until it is about to join the others.

        Raises:
            TrainingError: It ended before.
        """
        assert self._process.stdout is not None
        if self._process.stdout.readline() != READY:
            self._process.wait()
            raise TrainingError(
                f"a further process of the training did not start: {self.end_text()}",
                hint="use --processes 1",
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def end_text(self) -> str:
        """How it ended, with its last message."""
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"{how}: {lines[-1]}" if lines else how

    def finish(self, *, at_once: bool) -> None:
        """Waits until it has ended; ends it where it takes long, or `at_once`."""
        if at_once:
            self._process.kill()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@contextmanager
def team(size: int, module: str, order: Any, environment: Mapping[str, str]) -> Iterator[World]:
    """A world of this process and `size` - 1 workers, on the CPU with a thread each.

    Args:
        size: Processes, two or more.
        module: A worker is `python -m module`, which calls `work`.
        order: What `work` hands to its function; it is pickled.
        environment: Variables of the workers.

    Raises:
        TrainingError: A worker did not start, or ended early.
    """
    workers: list[Member] = []
    with tempfile.TemporaryDirectory(prefix="tinyssl-") as name, one_thread(), loopback():
        folder = Path(name)
        done = False
        try:
            for rank in range(1, size):
                log = folder / f"worker-{rank}.txt"
                workers.append(Member([sys.executable, "-m", module], environment, log))
            for rank, worker in enumerate(workers, start=1):
                worker.order(Seat(rank, size, folder / "store"), order)
            for worker in workers:
                worker.await_ready()
            with seated(Seat(0, size, folder / "store"), workers) as world:
                yield world
            done = True
        finally:
            for worker in workers:
                worker.finish(at_once=not done)


@contextmanager
def seated(seat: Seat, workers: list[Member] | None = None) -> Iterator[World]:
    """The world of a process of a team.

    Args:
        seat: Its place.
        workers: The others, known to the first process only.
    """
    store = dist.FileStore(str(seat.store), seat.size)  # type: ignore[attr-defined]  # stubs lack it
    dist.init_process_group("gloo", store=store, rank=seat.rank, world_size=seat.size)
    world = World(torch.device("cpu"), seat.rank, seat.size, seat.rank)
    alive: Callable[[int], bool] | None = None
    if workers is not None:
        found = workers

        def alive(rank: int) -> bool:
            return rank == 0 or found[rank - 1].alive

        world = replace(world, loss=lambda _: _lost(found))
    try:
        with connected(world, alive) as joined:
            yield joined
    finally:
        dist.destroy_process_group()


def _lost(workers: list[Member]) -> TrainingError:
    """What became of the worker that is gone."""
    deadline = time.monotonic() + LOOK_SECONDS
    while all(worker.alive for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    dead = [(rank, worker) for rank, worker in enumerate(workers, 1) if not worker.alive]
    told = "; ".join(f"process {rank} ended with {worker.end_text()}" for rank, worker in dead)
    return TrainingError(
        f"the training lost one of its {len(workers) + 1} processes"
        + (f": {told}" if told else ""),
        hint="go on from the last checkpoint with --resume; where memory was short, add "
        "--processes 1",
    )


def work(body: Callable[[World, Any], None]) -> None:
    """What a worker does: reads its order, joins the others and calls `body` with it."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the first process decides when to end
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    seat, order = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_first, daemon=True).start()
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    with loopback(), seated(seat) as world:
        body(world, order)


def _end_with_first() -> None:
    """Ends this process when the first one closes the pipe or is gone."""
    sys.stdin.buffer.read()
    os._exit(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes with one thread inside the block: the other cores have processes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def loopback() -> Iterator[None]:
    """gloo talks inside this computer only, unless somebody chose an interface."""
    with ExitStack() as stack:
        if INTERFACE not in os.environ and sys.platform in LOOPBACK:
            os.environ[INTERFACE] = LOOPBACK[sys.platform]
            stack.callback(os.environ.pop, INTERFACE, None)
        yield
