"""Averaged networks: BYOL's target, DINO's teacher, MoCo's key encoder.

An averaged network is a copy whose parameters follow the trained ones and never get a gradient, so
the optimiser does not see it; as part of the method it is in the checkpoint. Only parameters are
averaged. Its batch norms are in training mode, as in all three authors' code: they normalise by the
batch and keep running statistics of their own.
"""

from __future__ import annotations

import copy
import math
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def averaged_copy(network: Network) -> Network:
    """A copy with equal weights, of which no parameter requires a gradient. Draws nothing."""
    return copy.deepcopy(network).requires_grad_(False)


def cosine_momentum(base: float, progress: float) -> float:
    """`base` at the start, 1 at the end: 1 - (1 - base) (cos(pi progress) + 1) / 2.

    BYOL, arXiv 2006.07733, section 3.3; DINO uses the same.

    Args:
        base: Momentum at the start, in [0, 1].
        progress: Share of the steps done, in [0, 1].
    """
    return 1 - (1 - base) * (math.cos(math.pi * progress) + 1) / 2


def update_average(averaged: nn.Module, trained: nn.Module, momentum: float) -> None:
    """average <- momentum * average + (1 - momentum) * trained, for every parameter.

    Args:
        averaged: From `averaged_copy(trained)`.
        trained: Its parameters are read in the same order.
        momentum: In [0, 1]; 1 changes nothing.
    """
    average: list[Tensor] = list(averaged.parameters())
    current: list[Tensor] = [parameter.detach() for parameter in trained.parameters()]
    torch._foreach_lerp_(average, current, 1 - momentum)  # all of them in a few kernels
