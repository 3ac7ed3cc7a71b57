"""Small networks on top of the features, thrown away after training."""

from __future__ import annotations

from torch import nn


def projector(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """(b, inputs) to (b, outputs): linear, batch norm, ReLU, linear; no biases."""
    return nn.Sequential(
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs, bias=False),
    )


def plain_head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """(b, inputs) to (b, outputs): linear, ReLU, linear, with biases (MoCo v2 and SEED)."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
