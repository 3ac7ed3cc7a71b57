"""What a device says of its learning, in NumPy's float32: sums in the same order, the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

F32 = np.float32
ZERO = F32(0)


@dataclass
class RunningMean:
    """A mean that needs no sum."""

    count: int = 0
    value: np.float32 = ZERO

    def add(self, value: float) -> None:
        """One more."""
        self.count += 1
        self.value = F32(self.value + F32(F32(value) - self.value) / F32(self.count))


def running_mean(values: Sequence[float]) -> float:
    """Of all values, in their order."""
    mean = RunningMean()
    for value in values:
        mean.add(value)
    return float(mean.value)


WARM_UP, MEMORY, TOLERANCE, LONGEST, LIMIT = 64, 256, F32(0.3), F32(4), F32(40)
"""As firmware/app/drift.h has them"""


@dataclass
class PageHinkley:
    """The test for a drift, as firmware/app/drift.h describes it."""

    values: int = 0
    mean: np.float32 = ZERO
    distance: np.float32 = ZERO
    sum: np.float32 = ZERO
    found: list[int] = field(default_factory=list)
    """Numbers of the values that showed one, from 1"""
    taken: int = 0

    def add(self, value: float) -> None:
        """One more."""
        self.taken += 1
        known, above = self.values, F32(F32(value) - self.mean)
        if known >= WARM_UP and self.distance > 0:
            counted = F32(min(above, F32(LONGEST * self.distance)) / self.distance)
            self.sum = max(F32(self.sum + F32(counted - TOLERANCE)), F32(0))
        if self.sum > LIMIT:
            self.found.append(self.taken)
            self.values, self.mean, self.distance, self.sum = 0, F32(0), F32(0), F32(0)
            return
        weight = F32(min(known + 1, MEMORY))
        self.mean = F32(self.mean + (above if known == 0 else F32(above / weight)))
        if known > 0:
            self.distance = F32(self.distance + F32(F32(abs(above) - self.distance) / weight))
        self.values += 1
