"""From settings to an optimiser and its learning rate."""

from __future__ import annotations

import torch
from torch import nn

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.optimizers import optimizer_values
from tinyssl.learn.backbones.decay import decay_groups
from tinyssl.learn.train.lars import LARS, lars_groups
from tinyssl.learn.train.schedule import LearningRate


def make_optimizer(method: nn.Module, config: PretrainConfig) -> torch.optim.Optimizer:
    """The optimiser of all that is trained; weight decay never pulls on batch norms and biases."""
    values = optimizer_values(config)
    if config.optimizer == "lars":
        groups = lars_groups(method, values.weight_decay)
        return LARS(groups, lr=values.lr, momentum=config.momentum)
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    fused = trained[0].device.type in ("cpu", "cuda")
    groups = decay_groups(trained, values.weight_decay)
    return torch.optim.AdamW(groups, lr=values.lr, fused=fused)


def learning_rate_of(config: PretrainConfig, batch: int) -> LearningRate:
    """The learning rate of a training with `batch` images a step.

    Raises:
        UsageError: It would end above its peak.
    """
    values = optimizer_values(config)
    peak = values.lr * batch / (values.lr_batch or batch)
    if values.lr_end > peak:
        raise UsageError(
            f"the learning rate would rise from {peak:g} to {values.lr_end:g} at the end",
            hint=f"give a larger --lr, or --lr-end below {peak:g}",
        )
    return LearningRate(peak, values.lr_end, config.lr_start)
