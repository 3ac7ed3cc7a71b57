"""Which parameters weight decay pulls on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn


def decay_groups(parameters: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser: decay on matrices and kernels, none on batch norms and biases."""
    found = list(parameters)
    return [
        {"params": [p for p in found if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in found if p.ndim <= 1], "weight_decay": 0.0},
    ]
