"""Figures of the steps, kept on the device so that reading them does not hold up a GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tinyssl.learn.methods import Losses


@dataclass(frozen=True)
class Trouble:
    """The first step whose numbers cannot be trained on."""

    step: int
    name: str
    """loss or gradient norm"""
    value: float


class EpochTally:
    """Sum of an epoch's losses, the last step's metrics, and the first step that was not finite."""

    def __init__(self, device: torch.device, epoch_loss: float = 0.0) -> None:
        # MPS has no float64
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._sum = torch.tensor(epoch_loss, dtype=self._dtype, device=device)
        self._trouble = torch.full((3,), -1, dtype=self._dtype, device=device)
        self._names: list[str] = []
        self._last = self._sum.new_zeros(0)

    def add(self, step: int, losses: Losses, norm: Tensor) -> None:
        """Counts a step; `losses` are already means over processes."""
        loss = losses.total.to(self._dtype)
        self._sum += loss
        here = torch.stack([torch.full_like(loss, step), loss, norm.to(self._dtype)])
        first = ~torch.isfinite(here).all() & (self._trouble[0] < 0)
        self._trouble = torch.where(first, here, self._trouble)
        self._names = ["loss", "gradient_norm", *losses.metrics]
        metrics = [value.to(self._dtype) for value in losses.metrics.values()]
        self._last = torch.stack([loss, here[2], *metrics])

    def metrics(self) -> dict[str, float]:
        """Loss, gradient norm and the method's own metrics of the last step. Waits for the GPU."""
        return dict(zip(self._names, self._last.tolist(), strict=True))

    def trouble(self) -> Trouble | None:
        """What went wrong first, if anything did. Waits for the GPU."""
        step, loss, norm = self._trouble.tolist()
        if step < 0:
            return None
        name, value = ("gradient norm", norm) if math.isfinite(loss) else ("loss", loss)
        return Trouble(int(step), name, value)

    @property
    def epoch_loss(self) -> float:
        """Sum of the losses since the last `end_epoch`. Waits for the GPU."""
        return float(self._sum)

    def end_epoch(self) -> None:
        """Starts the sum again."""
        self._sum.zero_()
