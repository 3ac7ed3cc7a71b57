"""Batch norm whose statistics are those of all processes.

`nn.SyncBatchNorm` is for GPUs only. On the CPU of one computer processes share memory
(`learn.native.norm`). The one here is for all else: it is made of two all-reduces of small vectors
and works anywhere, through gloo, which costs more than the rest of a step of a small network.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tinyssl.learn.native.norm import NativeBatchNorm, install
from tinyssl.learn.train.world import World


class _MeanOfAll(torch.autograd.Function):
    """Mean over processes, forwards; each process's loss has a part in everybody's gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _mean(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _mean(gradients[0])


def _mean(values: Tensor) -> Tensor:
    result = values.clone()
    dist.all_reduce(result)
    return result / dist.get_world_size()


def mean_of_all(values: Tensor) -> Tensor:
    """Mean over processes, element by element, with its gradient."""
    result: Tensor = _MeanOfAll.apply(values)  # type: ignore[no-untyped-call]
    return result


class GlobalBatchNorm(_BatchNorm):
    """Batch norm over the batches of all processes, which must be equally large.

    Any input (b, c, …). Averaged over processes, gradients are those of one process with all rows.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Any."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return F.batch_norm(
                input,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                eps=self.eps,
            )
        axes = [axis for axis in range(input.ndim) if axis != 1]
        shape = (1, -1) + (1,) * (input.ndim - 2)
        mean = mean_of_all(input.mean(axes))
        centred = input - mean.view(shape)
        variance = mean_of_all(centred.square().mean(axes))
        rows = input.numel() // input.shape[1] * dist.get_world_size()
        self._remember(mean.detach(), variance.detach() * rows / (rows - 1))
        scale = torch.rsqrt(variance + self.eps) * self.weight
        return centred * scale.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def share_norms(module: nn.Module, world: World, *, synchronised: bool) -> None:
    """Gives `module` the batch norms for many processes; parameters and buffers stay the same.

    Args:
        module: What is trained.
        world: More than one process.
        synchronised: Statistics are those of all processes, not of each one's rows.
    """
    if world.exchange is not None:
        install(module, world.exchange if synchronised else None)
    if synchronised:
        synchronise(module, world)


def synchronise(module: nn.Module, world: World) -> None:
    """Replaces the batch norms below `module` by ones that look at all processes.

    Parameters and buffers stay the same tensors, under the same names.
    """
    for name, child in module.named_children():
        if isinstance(child, NativeBatchNorm):
            continue
        if not isinstance(child, _BatchNorm):
            synchronise(child, world)
            continue
        kind = nn.SyncBatchNorm if world.device.type == "cuda" else GlobalBatchNorm
        norm = kind(child.num_features, child.eps, child.momentum)
        norm.weight, norm.bias = child.weight, child.bias
        norm.running_mean, norm.running_var = child.running_mean, child.running_var
        norm.num_batches_tracked = child.num_batches_tracked
        norm.train(child.training)
        setattr(module, name, norm)
