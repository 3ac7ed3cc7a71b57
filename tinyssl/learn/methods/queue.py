"""A FIFO of normalised embeddings: what MoCo repels, SEED compares and SwAV assigns."""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn


def gather_rows(z: Tensor) -> Tensor:
    """The rows of all processes of a `torchrun`, in the order of their ranks; no gradient.

    (batch, …) to (processes * batch, …); `z` itself, detached, where there is one process.
    """
    z = z.detach()
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return z
    rows = [torch.empty_like(z) for _ in range(dist.get_world_size())]
    dist.all_gather(rows, z.contiguous())
    return torch.cat(rows)


def own_rows(everyone: Tensor, batch: int) -> Tensor:
    """The `batch` rows of this process in `everyone`, whose end is what `gather_rows` gave."""
    if not (dist.is_available() and dist.is_initialized()):
        return everyone[-batch:]
    start = len(everyone) - (dist.get_world_size() - dist.get_rank()) * batch
    return everyone[start : start + batch]


class Queue(nn.Module):
    """The last `size` embeddings, each of unit length. Buffers only: they are in the checkpoint.

    It starts with random directions (SEED and MoCo: normal, then normalised). A batch that does
    not fit before the end goes on at the start, so `size` need not be a multiple of the batch (the
    authors' code requires that); of a batch larger than the queue only the last `size` rows stay.

    Push after the logits are formed: an image that finds itself in the queue is its own negative.
    """

    rows: Tensor
    """(size, dim) float32; the authors' code holds the transpose"""
    position: Tensor
    """Scalar int64: the row that the next push writes first, the oldest"""

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("rows", F.normalize(torch.randn(size, dim), dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, z: Tensor) -> None:
        """Replaces the oldest rows by `z` (batch, dim) of all processes, normalised here."""
        size = self.rows.shape[0]
        new = F.normalize(gather_rows(z).float(), dim=1)
        skipped, new = max(len(new) - size, 0), new[-size:]
        where = self.position + skipped + torch.arange(len(new), device=new.device)
        self.rows[where % size] = new
        self.position.copy_((self.position + skipped + len(new)) % size)
