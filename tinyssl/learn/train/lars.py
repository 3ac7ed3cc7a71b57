"""LARS (You et al., arXiv 1708.03888) as self-supervised trainings use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

TRUST = 1e-3
"""Length of an update by that of the weights, before the learning rate (eta in the papers)"""


class LARS(Optimizer):
    """Momentum on gradients that are as long as a fixed share of the weights they change.

    For each parameter w with gradient g, decay d and momentum m:
    u = g + d w; v <- m v + u * trust * |w| / |u|; w <- w - lr * v.
    The factor is 1 where |w| or |u| is 0, and in groups with `adapt` False. As in DINO's code
    (github.com/facebookresearch/dino, utils.py), which arXiv 2210.02808 uses too.

    Args:
        params: Parameters, or groups of them; a group may set `weight_decay` and `adapt`.
        lr: Above 0; the loop sets it at every step.
        momentum: In [0, 1).
        weight_decay: At least 0.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "adapt": True}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Changes every parameter that has a gradient; `closure` is not supported."""
        for group in self.param_groups:
            weights = [p for p in group["params"] if p.grad is not None]
            if weights:
                self._step_group(group, weights)

    def _step_group(self, group: dict[str, Any], weights: list[Tensor]) -> None:
        gradients = [p.grad for p in weights if p.grad is not None]
        updates = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        if group["adapt"]:
            lengths = zip(torch._foreach_norm(weights), torch._foreach_norm(updates), strict=True)
            torch._foreach_mul_(updates, [_trust(w, u) for w, u in lengths])
        velocities = [self._velocity(p) for p in weights]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, updates)
        torch._foreach_add_(weights, velocities, alpha=-group["lr"])

    def _velocity(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity: Tensor = state["velocity"]
        return velocity


def _trust(weight: Tensor, update: Tensor) -> Tensor:
    """The factor on an update, a scalar, from both lengths."""
    return torch.where((weight > 0) & (update > 0), TRUST * weight / update, 1.0)


def lars_groups(method: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """All that is trained, in three groups (github.com/saic-fi/SSLight, param_utils.get_params).

    Ordinary weights; kernels of depthwise convolutions without decay; vectors (batch norms and
    biases) without decay and without the factor on their length. Groups without any are left out.
    """
    depthwise = {
        id(module.weight)
        for module in method.modules()
        if isinstance(module, nn.Conv2d) and module.groups > 1 and module.weight.shape[1] == 1
    }
    trained = [p for p in method.parameters() if p.requires_grad]
    ordinary = [p for p in trained if p.ndim > 1 and id(p) not in depthwise]
    kernels = [p for p in trained if id(p) in depthwise]
    vectors = [p for p in trained if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": ordinary, "weight_decay": weight_decay},
        {"params": kernels, "weight_decay": 0.0},
        {"params": vectors, "weight_decay": 0.0, "adapt": False},
    ]
    return [group for group in groups if group["params"]]
