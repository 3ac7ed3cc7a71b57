"""Figures that tell a healthy representation from a collapsed one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def spread(z: Tensor) -> Tensor:
    """Mean over dimensions of the standard deviation of the normalised rows, times sqrt(dim).

    About 1 where embeddings spread over the sphere, near 0 where all are alike: below 0.01 is a
    collapse (SimSiam, arXiv 2011.10566, figure 2).

    Args:
        z: Embeddings (batch, dim), batch > 1.
    """
    with torch.no_grad():
        directions = F.normalize(z.float(), dim=1)
        scaled: Tensor = directions.std(dim=0).mean() * z.shape[1] ** 0.5
    return scaled
