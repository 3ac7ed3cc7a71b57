"""Running statistics of what a teacher says, so that a cosine looks at the differences."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn

CENTRE_MOMENTUM = 0.99
"""Share of the old mean kept at a step: an average over a hundred batches. Ours"""


class RunningCentre(nn.Module):
    """Subtracts a running mean from targets, and may divide by a running standard deviation. Ours.

    Features of a CNN after a ReLU are all positive: they share one large mean, the cosine between
    any two images is near 1, and a student that gives the mean to all images has almost no loss.
    The mean is averaged as DINO's centre is (arXiv 2104.14294, equation 4), except that the first
    steps weigh equally: it starts at the first batch's mean instead of 0.

    Args:
        dim: Length of the targets.
        momentum: Share of the old mean that is kept, in [0, 1).
        scale: Also divide by the standard deviation.
    """

    mean: Tensor
    """(dim,) float32"""
    square: Tensor
    """(dim,) float32: mean of the squares"""
    steps: Tensor
    """Scalar int64: batches seen"""

    def __init__(self, dim: int, momentum: float, scale: bool = False) -> None:
        super().__init__()
        self.momentum = momentum
        self.scale = scale
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("square", torch.ones(dim))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, targets: Tensor) -> Tensor:
        """(b, dim) or (b, dim, h, w) to the same; when training, they count for the mean first."""
        if self.training:
            self._update(targets)
        shape = (1, -1) + (1,) * (targets.ndim - 2)
        centred = targets - self.mean.view(shape)
        if self.scale:
            deviation = (self.square - self.mean.square()).clamp_min(1e-6).sqrt()
            centred = centred / deviation.view(shape)
        return centred

    def _update(self, targets: Tensor) -> None:
        others = [axis for axis in range(targets.ndim) if axis != 1]
        found = torch.stack([targets.mean(dim=others), targets.square().mean(dim=others)])
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(found)
            found /= dist.get_world_size()
        weight = torch.clamp(1 / (self.steps + 1), min=1 - self.momentum)
        self.mean.lerp_(found[0], weight)
        self.square.lerp_(found[1], weight)
        self.steps += 1
