"""How long a round of many simulated devices takes, and how much memory: Flower on Ray, our C.

    python -m tools.simulation_scale --devices 1000 --rounds 3 --write

Each device is a sine of its own; all of them learn in every round. `--write` puts the figures
between the markers of docs/federated.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from tinyssl import compiler
from tinyssl.data.episodes import TaskFamily, find_family
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import HostLearner
from tinyssl.federated.population import Ends, FamilySamples, always
from tinyssl.federated.records import RoundTask, to_arrays
from tinyssl.federated.simulation import MARK, simulate, simulation_processes
from tinyssl.graph.model import DType, Model
from tinyssl.graph.training import Training, add_training
from tools.stamp import ROOT, stamp

PAGE = ROOT / "docs" / "federated.md"
START, END = "<!-- simulation_scale -->", "<!-- end of simulation_scale -->"
SAMPLES = 32
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class ScaleDevices:
    """The samples of each device."""

    family: TaskFamily
    ends: Ends

    def __call__(self, place: int) -> FamilySamples:
        return FamilySamples(self.family, self.ends, always(place))


@dataclass(frozen=True)
class ScaleFigures:
    """What a simulation took."""

    devices: int
    rounds: int
    start_seconds: float
    """Until all devices are there and have answered once"""
    round_seconds: list[float]
    """Of the rounds behind the first"""
    server_bytes: int
    """Most memory of the process with the server (proportional set size)"""
    ray_bytes: int
    """Most memory of all processes of Ray together"""
    message_bytes: tuple[int, int]
    """Of one message to a device and of its reply"""
    left_out: int
    load: float
    """Processes that wanted a core in the last five minutes: what else the computer did"""


class MemoryWatch:
    """Looks again and again how much memory this process and those of Ray have."""

    def __init__(self) -> None:
        self.server = self.ray = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> None:
        """Stops looking."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            own = os.getpid()
            self.server = max(self.server, proportional_bytes(own))
            token = os.environ.get(MARK)
            others = simulation_processes(token) if token else []
            self.ray = max(self.ray, sum(map(proportional_bytes, others)))


def proportional_bytes(process: int) -> int:
    """Memory of a process, with its share of what it shares; 0: it has ended."""
    try:
        text = (Path("/proc") / str(process) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def learning_model(family: TaskFamily) -> Model:
    """The family's network; all of it learns."""
    network = family.network(0)
    learns = [
        index
        for index, value in enumerate(network.tensors)
        if value.data is not None and value.dtype is DType.FLOAT32
    ]
    return add_training(network, Training(tuple(learns), family.loss, rate=0.01))


def measure(devices: int, rounds: int, cores: int | None) -> ScaleFigures:
    """Runs it."""
    family = find_family("sine")
    model = learning_model(family)
    host = HostLearner(compiler.compile(model))
    first = host.learnt({value.name for value in host.parameters})
    times, grids = [time.monotonic()], []

    def serve(grid: Grid) -> None:
        grids.append(GuardedGrid(grid))
        FedAvg(fraction_evaluate=0.0, min_available_nodes=devices).start(
            grids[0],
            to_arrays(first),
            rounds,
            train_config=RoundTask(rate=0.01, samples=SAMPLES).config(),
            evaluate_fn=lambda number, arrays: times.append(time.monotonic()) if number else None,
        )

    memory = MemoryWatch()
    try:
        simulate(serve, model, ScaleDevices(family, Ends.of(model)), devices, cores=cores)
    finally:
        memory.end()
    exchanges = grids[0].exchanges
    between = [end - begin for begin, end in pairwise(times)]
    return ScaleFigures(
        devices,
        rounds,
        round(between[0], 1),
        [round(each, 1) for each in between[1:]],
        memory.server,
        memory.ray,
        (exchanges[-1].bytes_down, exchanges[-1].bytes_up),
        sum(bool(each.reason) for each in exchanges),
        round(os.getloadavg()[1], 1),
    )


def table(found: ScaleFigures) -> str:
    """As the page shows it."""
    down, up = found.message_bytes
    mebi = 1 << 20
    seconds = ", ".join(f"{each:g}" for each in found.round_seconds) or "–"
    rows = (
        ("devices", f"{found.devices:,}"),
        ("until the first round has ended, s", f"{found.start_seconds:g}"),
        ("each further round, s", seconds),
        ("memory of the server, MiB", f"{found.server_bytes / mebi:,.0f}"),
        ("memory of all processes of Ray, MiB", f"{found.ray_bytes / mebi:,.0f}"),
        ("message to a device and its reply, B", f"{down:,} and {up:,}"),
        ("replies that were left out", f"{found.left_out:,}"),
        ("load average of the computer, other work included", f"{found.load:g}"),
    )
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def write(found: ScaleFigures) -> None:
    """Puts the table into the page."""
    given = stamp()
    origin = (
        f"Commit {given['commit']}, {given['date']}, {given['machine']}, {os.cpu_count()} cores."
    )
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    text = f"{head}{START}\n\n{table(found)}\n\n{origin}\n\n{END}{rest.partition(END)[2]}"
    PAGE.write_text(text, encoding="utf-8")


def main() -> int:
    """Measures, prints, and writes where it should."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, help="processes that learn; default: all")
    parser.add_argument("--write", action="store_true", help=f"put the figures into {PAGE.name}")
    given = parser.parse_args()
    found = measure(given.devices, given.rounds, given.cores)
    sys.stdout.write(f"{json.dumps(asdict(found))}\n\n{table(found)}\n")
    if given.write:
        write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
