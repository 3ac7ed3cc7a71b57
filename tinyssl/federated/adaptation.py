"""How well a start suits devices that took no part: some online steps, then their own query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.episodes import DeviceData
from tinyssl.federated.client import judge, set_rates
from tinyssl.federated.learners import LocalLearner
from tinyssl.federated.population import Ends
from tinyssl.federated.records import ACCURACY, LOSS, RoundTask


@dataclass(frozen=True)
class Adaptation:
    """Means over devices."""

    loss_before: float
    loss_after: float
    """After the online steps"""
    accuracy_before: float | None = None
    accuracy_after: float | None = None
    """None: the targets are no labels"""

    def figures(self) -> dict[str, float]:
        """By name, without those that are not there."""
        return {name: value for name, value in vars(self).items() if value is not None}


def adapt(
    learner: LocalLearner,
    ends: Ends,
    start: Mapping[str, NDArray[Any]],
    devices: Sequence[DeviceData],
    task: RoundTask,
) -> Adaptation:
    """Judges a start on devices.

    Args:
        learner: On which the devices' steps are taken.
        ends: Of its model.
        start: Parameters; those that are not named have their first values.
        devices: Whose support teaches and whose query judges.
        task: Samples, passes over them, and rates. All parameters learn from all samples.
    """
    rows = [_adapted(learner, ends, start, device, task) for device in devices]
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return Adaptation(**means)


def _adapted(
    learner: LocalLearner,
    ends: Ends,
    start: Mapping[str, NDArray[Any]],
    device: DeviceData,
    task: RoundTask,
) -> dict[str, float]:
    learner.first_values()
    learner.assign(start)
    set_rates(learner, task.rate, task.local_rate)
    found = _judged(learner, ends, device, "before")
    for _ in range(task.passes):
        for sample in ends.samples(device.support(task.samples)):
            learner.step(sample.feeds, sample.target)
    return found | _judged(learner, ends, device, "after")


def _judged(learner: LocalLearner, ends: Ends, device: DeviceData, when: str) -> dict[str, float]:
    metrics = judge(learner, ends.samples(device.query))
    names = (name for name in (LOSS, ACCURACY) if name in metrics)
    return {f"{name}_{when}": cast(float, metrics[name]) for name in names}
