"""Batch norm with the ReLU6 after it in one pass, over one process or all of a computer.

The formulas are those of Ioffe and Szegedy (arXiv 1502.03167, section 3). Forward: the mean and
variance of each channel over all rows, then y = x * scale + offset with scale = weight / deviation
and offset = bias - mean * scale. Backward, with dy as ReLU6 lets it through and n rows:

    dx = scale * (dy - sum(dy) / n - (x - mean) / deviation**2 * sum(dy * (x - mean)) / n)

Processes exchange mean and variance forwards and the two sums backwards, nothing else. As each
process's loss is a mean over its own rows, gradients averaged over processes are those of one
process with all rows.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tinyssl.learn.native.exchange import SharedMemory
from tinyssl.learn.native.library import address, library

LONGEST = 4096
"""Most channels; as LONGEST in norm.c"""


class NativeBatchNorm(_BatchNorm):
    """Takes the place of a batch norm of torch, and of the ReLU6 after it where `clipped`.

    Any input (b, c, …). In eval mode it is torch's own.

    Args:
        norm: Whose parameters and buffers it takes over, the same tensors.
        exchange: Of the processes over which it normalises; None: this one alone.
        clipped: ReLU6 follows.
    """

    def __init__(self, norm: _BatchNorm, exchange: SharedMemory | None, *, clipped: bool) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.exchange, self.clipped = exchange, clipped
        self.train(norm.training)

    def __deepcopy__(self, memo: dict[int, Any]) -> NativeBatchNorm:
        """A copy that talks to the same processes."""
        norm = nn.BatchNorm2d(self.num_features, self.eps, self.momentum)
        norm.load_state_dict(self.state_dict())
        for copied, own in zip(norm.parameters(), self.parameters(), strict=True):
            copied.requires_grad_(own.requires_grad)
        norm.train(self.training)
        return NativeBatchNorm(norm, self.exchange, clipped=self.clipped)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            result: Tensor = _Normalise.apply(input, self.weight, self.bias, self)  # type: ignore[no-untyped-call]
            return result
        mean, variance = self.running_mean, self.running_var
        plain = F.batch_norm(input, mean, variance, self.weight, self.bias, eps=self.eps)
        return F.relu6(plain) if self.clipped else plain

    def fit(self, rows: Tensor) -> Tensor:
        """(4, channels) as `tinyssl_norm_fit` in norm.c makes it from (rows, channels).

        Remembers the mean and variance.

        Raises:
            ValueError: There is one row in all: it has no variance.
        """
        count, channels = rows.shape
        moments = rows.new_empty(2 * channels)
        library().tinyssl_norm_moments(address(rows), count, channels, address(moments))
        processes = 1
        if self.exchange is not None:
            processes = self.exchange.size
            moments = self.exchange.gather(moments)
        if count * processes == 1:
            raise ValueError("batch norm needs more than one value of each channel")
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        fitted = rows.new_empty((4, channels))
        own = (self.weight, self.bias, self.running_mean, self.running_var, fitted)
        library().tinyssl_norm_fit(
            address(moments), processes, count * processes, channels, self.eps, self.momentum,
            *map(address, own),
        )  # fmt: skip
        self.num_batches_tracked.add_(1)
        return fitted


class _Normalise(torch.autograd.Function):
    """Input, weight, bias, and the layer they are of, to what the layer gives."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, layer: NativeBatchNorm
    ) -> Tensor:
        x = _channels_last(x)
        rows, y = _rows(x), torch.empty_like(x)
        fitted = layer.fit(rows)
        library().tinyssl_norm_apply(
            address(rows), *rows.shape, address(fitted), layer.clipped, address(_rows(y))
        )
        ctx.save_for_backward(x, fitted)
        ctx.layer = layer
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, fitted = ctx.saved_tensors
        layer: NativeBatchNorm = ctx.layer
        rows, above = _rows(x), _rows(_channels_last(gradients[0]))
        count, channels = rows.shape
        dx, sums = torch.empty_like(x), rows.new_empty((2, channels))
        given = address(rows), address(above), count, channels, address(fitted)
        library().tinyssl_norm_sums(*given, layer.clipped, address(sums))
        bias, weight = sums[0].clone(), sums[1] * fitted[1]
        total = count
        if layer.exchange is not None:
            layer.exchange.sum_(sums.view(-1))
            total *= layer.exchange.size
        library().tinyssl_norm_gradient(
            *given, address(sums), total, layer.clipped, address(_rows(dx))
        )
        return dx, weight, bias, None


def _channels_last(x: Tensor) -> Tensor:
    """The same with the channels, axis 1, innermost in memory."""
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def _rows(x: Tensor) -> Tensor:
    """(b, c, …) of `_channels_last` as (b …, c), the same memory."""
    return x.movedim(1, -1).reshape(-1, x.shape[1])


def install(module: nn.Module, exchange: SharedMemory | None) -> None:
    """Puts `NativeBatchNorm` in place of the batch norms below `module`.

    A ReLU6 that follows one in a `Sequential` becomes part of it. Parameters and buffers stay the
    same tensors, under the same names.
    """
    children = list(module.named_children())
    for index, (name, child) in enumerate(children):
        if not _fits(child):
            install(child, exchange)
            continue
        next_name, after = children[index + 1] if index + 1 < len(children) else ("", None)
        clipped = isinstance(module, nn.Sequential) and type(after) is nn.ReLU6
        setattr(module, name, NativeBatchNorm(child, exchange, clipped=clipped))
        if clipped:
            setattr(module, next_name, nn.Identity())


def _fits(module: nn.Module) -> TypeGuard[_BatchNorm]:
    return (
        isinstance(module, _BatchNorm)
        and not isinstance(module, NativeBatchNorm)
        and module.affine
        and module.track_running_stats
        and module.momentum is not None
        and module.num_features <= LONGEST
    )
