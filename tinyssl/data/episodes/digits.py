"""`digits`: scikit-learn's handwritten digits, turned by 0, 90, 180 and 270 degrees.

A digit in one orientation is a class. Unseen devices have digits that no other device has.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tinyssl.core.errors import UsageError
from tinyssl.data.digits import FULL_SCALE, SIDE, read_table
from tinyssl.data.episodes.base import MetaSettings
from tinyssl.data.episodes.networks import small_cnn
from tinyssl.data.episodes.ways import ClassPool, WayFamily
from tinyssl.graph.model import Model

UNSEEN = (2, 4, 7)
"""Digits of unseen devices"""
TURNS = 4


class TurnedDigits(WayFamily):
    """5 of 28 classes, or of the 12 unseen ones."""

    title = "5 handwritten digits, each turned by some right angle"
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=50, rounds=1500, meta_rate=0.2, online_steps=25
    )
    query: ClassVar[int] = 15

    def read(self) -> tuple[ClassPool, ClassPool]:
        if self.data is not None:
            raise UsageError(f"family digits has its own images and does not read {self.data}")
        table = read_table()
        images = (table[:, :-1] / FULL_SCALE).astype(np.float32).reshape(-1, SIDE, SIDE, 1)
        digits = table[:, -1].astype(int)
        pools = []
        for unseen in (False, True):
            named = {
                f"{digit} turned by {90 * turn}": np.rot90(images[digits == digit], turn, (1, 2))
                for digit in range(10)
                if (digit in UNSEEN) == unseen
                for turn in range(TURNS)
            }
            pools.append(ClassPool(tuple(named), tuple(named.values())))
        return pools[0], pools[1]

    def network(self, seed: int = 0) -> Model:
        """Two convolutions and a dense layer."""
        return small_cnn("digits", self.shape, (16, 32), self.ways, seed)


FAMILIES = {"digits": TurnedDigits}
