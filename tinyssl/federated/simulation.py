"""Many simulated devices: Flower's simulation on Ray, with our C as the learner of each.

Each core has one process (an actor of Ray) with one compiled model, which is one device after the
other. So a device takes no memory but its messages.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ray
from flwr.app import ConfigRecordValues, Context
from flwr.clientapp.typing import Mod
from flwr.serverapp import Grid, ServerApp
from ray import cloudpickle

from tinyssl import compiler
from tinyssl.federated.client import Node, client_app
from tinyssl.federated.learners import SharedLearner
from tinyssl.federated.samples import NodeSamples
from tinyssl.graph.model import Model

MARK = "TINYSSL_SIMULATION"
"""Environment variable of all processes of one simulation"""
END_SECONDS = 20.0
STORE_BYTES = 128 << 20
"""Memory that Ray shares between its processes: messages that are under way"""
POLL_SECONDS = 0.05

SamplesOf = Callable[[int], NodeSamples]
"""Place of a device, from 0 -> its samples"""


def simulate(
    serve: Callable[[Grid], None],
    model: Model,
    samples: SamplesOf,
    count: int,
    *,
    cores: int | None = None,
    mods: list[Mod] | None = None,
) -> None:
    """Runs a server with so many simulated devices; all processes have ended afterwards.

    Args:
        serve: The server: given the grid once all devices are there.
        model: With a training step.
        samples: Of each device; pickled, so a function or class of a module.
        count: Devices.
        cores: Processes that learn; default: the cores that this process may use.
        mods: Flower's modifiers of messages.
    """
    server = ServerApp()

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        while len(list(grid.get_node_ids())) < count:
            time.sleep(POLL_SECONDS)
        serve(grid)

    with tempfile.TemporaryDirectory(prefix="tinyssl-simulation-") as folder:
        path = Path(folder) / "devices.pickle"
        path.write_bytes(cloudpickle.dumps((model, samples)))  # type: ignore[no-untyped-call]
        with _ray(cores or len(os.sched_getaffinity(0))), without_tensorflow():
            from flwr.simulation import run_simulation

            logging.getLogger("flwr").setLevel(logging.ERROR)
            app = client_app(SimulatedNodes(path), mods)
            each: dict[str, ConfigRecordValues] = {"num_cpus": 1, "num_gpus": 0.0}
            run_simulation(server, app, count, backend_config={"client_resources": each})


@contextmanager
def _ray(cores: int) -> Iterator[None]:
    """Ray's processes, which all have ended afterwards."""
    os.environ[MARK] = token = secrets.token_hex(8)
    path = os.pathsep.join(filter(None, (*sys.path, os.environ.get("PYTHONPATH"))))
    hook = f"{__name__}.{forget_tensorflow.__name__}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a later version will see GPUs
        ray.init(
            num_cpus=cores,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": {"PYTHONPATH": path}, "worker_process_setup_hook": hook},
        )
    try:
        yield
    finally:
        ray.shutdown()
        del os.environ[MARK]
        end = time.monotonic() + END_SECONDS
        while simulation_processes(token) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        for process in simulation_processes(token):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def simulation_processes(token: str) -> list[int]:
    """Ids of Ray's processes of a simulation, which `os.environ[MARK]` names while it runs."""
    entry, found = f"{MARK}={token}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def forget_tensorflow() -> None:
    """Flower's simulation imports TensorFlow where it is installed: 0.8 GB for each process."""
    sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]


@contextmanager
def without_tensorflow() -> Iterator[None]:
    """`forget_tensorflow`, for as long as it lasts."""
    before = sys.modules.get("tensorflow")
    forget_tensorflow()
    try:
        yield
    finally:
        if before is None:
            del sys.modules["tensorflow"]


@dataclass(frozen=True)
class SimulatedNodes:
    """Gives the node of a context, in any process of this computer.

    A message takes it along, so it holds no more than where the model is.
    """

    path: Path

    def __call__(self, context: Context) -> Node:
        learner, samples = _devices(self.path)
        return Node(lambda: learner, samples(int(context.node_config["partition-id"])))


@lru_cache(maxsize=1)
def _devices(path: Path) -> tuple[SharedLearner, SamplesOf]:
    """Once for each process."""
    model, samples = cloudpickle.loads(path.read_bytes())
    return SharedLearner(compiler.compile(model)), samples
