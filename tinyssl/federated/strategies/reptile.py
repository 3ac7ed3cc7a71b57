"""Reptile (Nichol, Achiam, Schulman, arXiv 1803.02999) for several devices a round.

    theta += alpha_r (mean of w - theta)

w is what a device's parameters are after some steps from theta on its own samples, which it keeps
for the round. alpha_r falls linearly from alpha_0 towards 0, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from numpy.typing import NDArray

from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.federated.schedules import Schedule, constant

NO_FRACTION = 1e-9
"""Of the nodes, so that `min_train_nodes` says how many train"""


def rate_of(task: RoundTask) -> float:
    """The learning rate that a task names.

    Raises:
        ValueError: It names none.
    """
    if task.rate is None:
        raise ValueError("the task names no learning rate")
    return task.rate


class Reptile(FedAvg):
    """Moves the parameters towards the mean of what devices make of them.

    Args:
        task: What a device does; its learning rate is that of round 1.
        nodes: Devices a round.
        step: alpha_r by round.
        rate: Learning rate by round; default: always the task's.
        fraction_evaluate: Of the nodes, that evaluate after a round.
    """

    def __init__(
        self,
        task: RoundTask,
        nodes: int,
        step: Schedule,
        *,
        rate: Schedule | None = None,
        fraction_evaluate: float = 0.0,
    ) -> None:
        super().__init__(
            fraction_train=NO_FRACTION,
            fraction_evaluate=fraction_evaluate,
            min_train_nodes=nodes,
            min_evaluate_nodes=0,
            min_available_nodes=nodes,
        )
        self.task = task
        self.step = step
        self.rate = rate or constant(rate_of(task))
        self.theta: dict[str, NDArray[np.float32]] = {}
        """Of the round under way"""

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """The parameters and the task, for the nodes of this round."""
        self.theta = from_arrays(arrays)
        config.update(self.assigned(server_round).config())
        return super().configure_train(server_round, arrays, config, grid)

    def assigned(self, server_round: int) -> RoundTask:
        """What a device does in a round."""
        return replace(self.task, rate=self.rate(server_round))

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """One step of theta; none where no device answered."""
        arrays, metrics = super().aggregate_train(server_round, replies)
        if arrays is None:
            return None, metrics
        mean, step = from_arrays(arrays), np.float32(self.step(server_round))
        moved = {name: old + step * (mean[name] - old) for name, old in self.theta.items()}
        return to_arrays(moved), metrics
