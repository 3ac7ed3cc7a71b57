"""Cells of a table on the computers of a Ray cluster.

All of them see the workspace and the images at the same paths (a shared folder), as the checkpoints
go there: a cell whose worker dies is resumed on another one. An actor of Ray is a worker; it runs
one step of a cell as a child, as this computer would.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError

from tinyssl.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, UsageError
from tinyssl.core.locks import Lock
from tinyssl.core.own_files import own_file
from tinyssl.core.settings import PREFIX
from tinyssl.stages.table.jobs import CellLog, CellProcess, be_nice

KILL_SECONDS = 5.0
"""Time that a worker has to end its child before it is ended itself"""
CACHE = f"{PREFIX}CACHE"


class Worker:
    """Runs one step of a cell; an actor of Ray.

    Args:
        nice: Least niceness of what it runs.
        environment: Variables that the child gets beside the worker's own.
    """

    def __init__(self, nice: int, environment: Mapping[str, str]) -> None:
        be_nice(nice)
        os.environ.update(environment)
        self._child: CellProcess | None = None

    def start(self, words: list[str], log: Path, threads: int, mark: Path) -> str:
        """Begins; an empty text, or why it cannot.

        Args:
            words: Arguments of `tinyssl`.
            log: File that the output is appended to.
            threads: For OpenMP.
            mark: A file of the workspace, which must be there.
        """
        if not mark.exists():
            return f"{os.uname().nodename} does not see {mark.parents[1]}: share that folder"
        # SIGKILL: whoever takes the cell over must find its run free
        self._child = CellProcess(words, CellLog(log), threads, signal.SIGKILL)
        return ""

    def ended(self) -> int | None:
        """Exit code of the child, None while it runs."""
        return EXIT_FAILED if self._child is None else self._child.ended()

    def interrupt(self) -> None:
        """As Ctrl-C."""
        if self._child is not None:
            self._child.interrupt()

    def kill(self) -> None:
        """At once."""
        if self._child is not None:
            self._child.kill()


class ClusterJob:
    """A step of a cell on some computer of the cluster.

    Args:
        worker: Actor of `Worker` that was told to start.
        started: What it will say to that.
        log: Where its child writes.
    """

    def __init__(self, worker: Any, started: Any, log: CellLog) -> None:
        self.log = log
        self._worker = worker
        self._started = started
        self._asked: Any = None

    def ended(self) -> int | None:
        """Exit code, None while it runs or waits for a computer; a dead worker: interrupted."""
        try:
            return self._answer()
        except RayActorError:
            return EXIT_INTERRUPTED

    def _answer(self) -> int | None:
        if self._started is not None:
            if not _is_there(self._started):
                return None
            trouble, self._started = ray.get(self._started), None
            if trouble:
                with os.fdopen(own_file(self.log.path, append=True), "ab") as file:
                    file.write(f"Error: {trouble}\n".encode())
                return self._close(EXIT_FAILED)
        self._asked = self._asked or self._worker.ended.remote()
        if not _is_there(self._asked):
            return None
        code: int | None = ray.get(self._asked)
        self._asked = None
        return code if code is None else self._close(code)

    def _close(self, code: int) -> int:
        ray.kill(self._worker)
        return code

    def interrupt(self) -> None:
        """As Ctrl-C; one that still waits for a computer is called off."""
        if self._started is None or _is_there(self._started):
            self._worker.interrupt.remote()
        else:
            ray.kill(self._worker)

    def kill(self) -> None:
        """At once."""
        with suppress(RayActorError, GetTimeoutError):
            ray.get(self._worker.kill.remote(), timeout=KILL_SECONDS)
        ray.kill(self._worker)


def _is_there(answer: Any) -> bool:
    return bool(ray.wait([answer], timeout=0)[0])


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that this process is connected to."""

    threads: int
    """Of each cell, for OpenMP; as many cores are taken"""
    gpus: float
    """Of each cell"""
    nice: int
    mark: Path
    """Tells a worker that it sees the workspace"""

    def begin(self, words: list[str], log: Path, lock: Lock) -> ClusterJob:
        """Asks for a worker, which begins once there are free cores; the lock stays here."""
        environment = {name: os.environ[name] for name in (CACHE,) if name in os.environ}
        options = {"num_cpus": self.threads, "num_gpus": self.gpus, "max_restarts": 0}
        actor: Any = ray.remote(Worker)
        worker = actor.options(**options).remote(self.nice, environment)
        started = worker.start.remote(words, log, self.threads, self.mark)
        return ClusterJob(worker, started, CellLog(log))


@contextmanager
def cluster(address: str, jobs: int | None, nice: int, root: Path) -> Iterator[tuple[Cluster, int]]:
    """Connects to a cluster: where cells run, and how many side by side.

    Args:
        address: `ray://HOST:PORT`.
        jobs: Cells side by side; None: one for each computer.
        nice: Least niceness of what runs there.
        root: The workspace, a folder that all computers see at this path.

    Raises:
        UsageError: Nobody answers there, or its Ray or Python is another one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a later version will see GPUs
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RayError, RuntimeError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise UsageError(
                f"--on {address}: {first}",
                hint="start Ray there: ray start --head --ray-client-server-port=10001, "
                "with the same Ray and Python as here",
            ) from error
    folder = root.absolute() / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / f".seen-{secrets.token_hex(4)}"
    mark.touch()
    try:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        cores = [int(node.get("CPU", 0)) for node in nodes]
        side_by_side = jobs or max(sum(count > 0 for count in cores), 1)
        threads = max(min(sum(cores) // side_by_side, max(cores, default=1)), 1)
        gpus = min(sum(node.get("GPU", 0.0) for node in nodes) / side_by_side, 1.0)
        yield Cluster(threads, gpus, nice, mark), side_by_side
    finally:
        mark.unlink(missing_ok=True)
        ray.shutdown()
