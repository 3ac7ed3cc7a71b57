"""A simulation of two devices in a process of its own, as Ray leaves files and threads behind.

    python -m tests.federated.simulated FILE [fails]

Writes what was learnt to FILE (.npz) and prints, as JSON, why replies were left out, the error of a
server that fails, and how many processes there were while it ran and afterwards.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from tests.federated.sines import RATE, Sines, sine_model
from tinyssl import compiler
from tinyssl.federated.guard import GuardedGrid
from tinyssl.federated.learners import HostLearner
from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.federated.simulation import MARK, simulate, simulation_processes

TASK = RoundTask(rate=RATE, samples=8)
ROUNDS = 2


def main() -> None:
    """One simulation."""
    path, fails = sys.argv[1], len(sys.argv) > 2
    found: dict[str, object] = {"error": ""}
    tokens: list[str] = []
    model = sine_model()
    learner = HostLearner(compiler.compile(model))
    first = learner.learnt({value.name for value in learner.parameters})

    def serve(grid: Grid) -> None:
        tokens.append(os.environ[MARK])
        found["during"] = len(simulation_processes(tokens[0]))
        if fails:
            raise ValueError("no strategy")
        guarded = GuardedGrid(grid)
        strategy = FedAvg(fraction_evaluate=0.0)
        result = strategy.start(guarded, to_arrays(first), ROUNDS, train_config=TASK.config())
        found["reasons"] = [each.reason for each in guarded.exchanges]
        np.savez(path, allow_pickle=False, **from_arrays(result.arrays))

    try:
        simulate(serve, model, Sines, 2, cores=1)
    except ValueError as error:
        found["error"] = str(error)
    found["after"] = len(simulation_processes(tokens[0]))
    found["marked"] = MARK in os.environ
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
