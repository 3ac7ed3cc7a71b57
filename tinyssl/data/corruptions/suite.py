"""All kinds and levels over the same few test images, and what comes out of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.config import EvaluateConfig
from tinyssl.core.errors import unknown_name
from tinyssl.data.corruptions import CORRUPTIONS, LEVELS, OURS, corrupt

FILE = "corruptions.json"


@dataclass(frozen=True)
class Corrupted:
    """The suite's images in one kind and level."""

    kind: str
    level: int
    images: NDArray[np.uint8]
    """(n, side, side, 3)"""


@dataclass(frozen=True)
class Suite:
    """Test images that are corrupted; equal for every model of the same test split."""

    images: NDArray[np.uint8]
    """(n, side, side, 3), clean"""
    labels: NDArray[np.int64]
    """(n,)"""
    kinds: tuple[str, ...]
    seed: int

    @classmethod
    def of(
        cls, images: NDArray[np.uint8], labels: NDArray[np.int64], config: EvaluateConfig
    ) -> Suite:
        """Draws `config.corruption_images` of a test split (all, where there are fewer).

        Raises:
            UsageError: A kind is unknown.
        """
        order = np.random.default_rng(config.seed).permutation(len(images))
        chosen = np.sort(order[: config.corruption_images])
        kinds = check_kinds(config.corruptions) or tuple(CORRUPTIONS)
        return cls(images[chosen], labels[chosen], kinds, config.seed)

    @property
    def total(self) -> int:
        """Corrupted images in all."""
        return len(self.images) * len(self.kinds) * LEVELS

    def __iter__(self) -> Iterator[Corrupted]:
        for kind in self.kinds:
            for level in range(1, LEVELS + 1):
                yield Corrupted(kind, level, corrupt(self.images, kind, level, self.seed))


def check_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """The kinds, each once.

    Raises:
        UsageError: One is unknown.
    """
    for kind in kinds:
        if kind not in CORRUPTIONS:
            raise unknown_name("corruption", kind, CORRUPTIONS)
    return tuple(dict.fromkeys(kinds))


def mean_accuracy(table: dict[str, list[float]]) -> float:
    """Mean over kinds of the mean over levels."""
    return statistics.fmean(statistics.fmean(levels) for levels in table.values())


def as_file(suite: Suite, tables: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """What `corruptions.json` holds.

    Args:
        suite: What was measured.
        tables: Name of a model's form (float, int8) -> kind -> accuracy by level.
    """
    return {
        "images": len(suite.images),
        "seed": suite.seed,
        "levels": list(range(1, LEVELS + 1)),
        "ours": {kind: text for kind, text in OURS.items() if kind in suite.kinds},
        "accuracy": tables,
    }
