"""Figures that tell a healthy representation from a collapsed one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.core.errors import Collapsed

COLLAPSED = 0.01
"""Spread below which all embeddings are alike (SimSiam, arXiv 2011.10566, figure 2)"""


def embedding_std(z: Tensor) -> Tensor:
    """Mean over dimensions of the standard deviation of the normalised rows, times sqrt(dim).

    About 1 where embeddings spread over the sphere, near 0 where all are alike: below `COLLAPSED`
    is a collapse.

    Args:
        z: Embeddings (batch, dim), batch > 1.
    """
    with torch.no_grad():
        directions = F.normalize(z.float(), dim=1)
        scaled: Tensor = directions.std(dim=0).mean() * z.shape[1] ** 0.5
    return scaled


@dataclass
class CollapseMonitor:
    """Says when a run has collapsed: `patience` standard deviations in a row below
    `threshold`.
    """

    threshold: float = COLLAPSED
    """Smallest healthy spread"""
    patience: int = 20
    """Low values in a row before it is sure; a batch or two by themselves prove nothing"""
    low: int = 0
    """Low values in a row so far: all its state, for the checkpoint"""
    last: float = float("nan")
    """The value fed last"""

    def feed(self, value: float) -> bool:
        """Takes the spread of one more step; whether the run has collapsed."""
        self.last = value
        self.low = self.low + 1 if value < self.threshold else 0
        return self.low >= self.patience

    def error(self) -> Collapsed:
        """What to raise once `feed` says True: the value, the limit, and what to try."""
        return Collapsed(
            f"all embeddings are alike: their spread is {self.last:.2g}, and was below "
            f"{self.threshold:g} for {self.low} figures in a row (healthy is near 1)",
            hint="try a lower --lr, a larger --batch-size, longer --warmup-epochs or a distilling "
            "--method (ca_dssl, seed, simreg); --no-stop-on-collapse trains on",
        )
