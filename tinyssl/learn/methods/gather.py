"""Embeddings of all processes of a `torchrun`, for losses that compare images with each other."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

from tinyssl.learn.methods.queue import gather_rows


def gather_with_gradient(z: Tensor) -> Tensor:
    """(batch, dim) to (processes * batch, dim), in the order of the ranks; `z` itself alone.

    Every process then computes the same loss over all rows, and its backward pass reaches its own
    rows only. DistributedDataParallel takes the mean of the processes' gradients where the sum is
    right, so the gradient of the own rows is multiplied by the number of processes: the result is
    that of one process with all rows, without a message in the backward pass.
    """
    everyone = gather_rows(z)
    if len(everyone) == len(z):
        return z
    start = dist.get_rank() * len(z)
    mine = z.detach() + dist.get_world_size() * (z - z.detach())
    return torch.cat([everyone[:start], mine, everyone[start + len(z) :]])
