"""TinyMetaFed (Ren, Li, Anicic, Runkler, arXiv 2307.06822): a part of the parameters and changes.

theta = (g, l). Only g is sent. A device gives l its first values, fits l with g frozen on the first
of its samples, then g with l frozen on the others. It answers with the largest P % of the change
of g (`tinyssl.federated.sparse`), and the server adds alpha_r times the mean over the devices. All
rates follow a cosine. The paper names these parts; the equations are as spec (a3) puts them
together. Ours: l is the last layer and never kept, and each sample is used once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray

from tinyssl.federated.records import RoundTask, from_arrays, to_arrays
from tinyssl.federated.schedules import Schedule, cosine
from tinyssl.federated.sparse import change, flat, unflat
from tinyssl.federated.strategies.reptile import Reptile, rate_of


class TinyMetaFed(Reptile):
    """Sends g, gets sparse changes of it.

    Args:
        task: What a device does: `local_samples`, `local_rate` and `share` are in it.
        nodes: Devices a round.
        rounds: In all, for the schedules.
        local: Names of the parameters that stay on the device.
        step: alpha_0.
        fraction_evaluate: Of the nodes, that evaluate after a round.
    """

    def __init__(
        self,
        task: RoundTask,
        nodes: int,
        rounds: int,
        local: frozenset[str],
        step: float = 1.0,
        *,
        fraction_evaluate: float = 0.0,
    ) -> None:
        super().__init__(
            task,
            nodes,
            cosine(step, rounds),
            rate=cosine(rate_of(task), rounds),
            fraction_evaluate=fraction_evaluate,
        )
        self.local = local
        self.local_rate: Schedule = cosine(task.local_rate or 0.0, rounds)
        self.kept: ArrayRecord = ArrayRecord()
        """The server's own l, which no device sees"""

    def assigned(self, server_round: int) -> RoundTask:
        found = super().assigned(server_round)
        return replace(found, local_rate=self.local_rate(server_round))

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """g and the task, for the nodes of this round."""
        common = self._common(arrays)
        return super().configure_train(server_round, common, config, grid)

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """g alone, too."""
        return super().configure_evaluate(server_round, self._common(arrays), config, grid)

    def _common(self, arrays: ArrayRecord) -> ArrayRecord:
        self.kept = ArrayRecord({n: each for n, each in arrays.items() if n in self.local})
        return ArrayRecord({n: each for n, each in arrays.items() if n not in self.local})

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Adds the mean of the changes to g; l is as it was."""
        sound, _ = self._check_and_log_replies(replies, is_train=True)
        if not sound:
            return None, None
        contents = [message.content for message in sound]
        weights = np.array([_weight(each, self.weighted_by_key) for each in contents])
        before = flat(self.theta)
        changes = np.stack([change(self.theta, _arrays(each)) for each in contents])
        mean = (weights / weights.sum()).astype(np.float32) @ changes
        moved = before + np.float32(self.step(server_round)) * mean
        arrays = to_arrays(unflat(moved, self.theta))
        arrays.update(self.kept)
        return arrays, self.train_metrics_aggr_fn(contents, self.weighted_by_key)


def _weight(content: RecordDict, key: str) -> float:
    (metrics,) = content.metric_records.values()
    return cast(float, metrics[key])


def _arrays(content: RecordDict) -> dict[str, NDArray[Any]]:
    (arrays,) = content.array_records.values()
    return from_arrays(arrays)
