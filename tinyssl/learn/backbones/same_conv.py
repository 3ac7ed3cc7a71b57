"""Convolution that pads as TensorFlow Lite's SAME does."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW_PIXELS = 4
"""Up to so many pixels a channel a depthwise convolution is trained as a matrix (see
`depthwise_as_matrix`)"""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one axis of `size` elements.

    TFLite's rule (tensorflow/lite/kernels/padding.h, ComputePaddingWithOffset): the output has
    ceil(size / stride) elements, and an odd zero goes after. At stride 2, kernel 3 that is (0, 1)
    for even sizes and (1, 1) for odd ones; PyTorch's `padding=1` is (1, 1) for both, which no
    padding mode of TFLite can say.
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


@functools.cache
def _tap_index(height: int, width: int) -> Tensor:
    """(n, n) int64: which of the nine taps takes pixel u to output o; 9 where none does."""
    pixels = [divmod(pixel, width) for pixel in range(height * width)]
    return torch.tensor(
        [
            [
                3 * (v - y + 1) + u - x + 1 if max(abs(v - y), abs(u - x)) <= 1 else 9
                for v, u in pixels
            ]
            for y, x in pixels
        ]
    )


def depthwise_as_matrix(images: Tensor, weight: Tensor) -> Tensor:
    """Depthwise 3x3 convolution at stride 1 with one zero around, for images of few pixels.

    With n pixels it is a matrix of n x n taps for each channel, which broadcasting multiplies. On
    a CPU oneDNN's gradient of such a convolution is slow out of all proportion: for 64 images of
    2x2 pixels and 336 channels, forwards and backwards, 15 to 25 ms on one core where this takes
    2 to 3, and for 1x1 pixels 16 where this takes 0.5.

    Args:
        images: (b, c, h, w), h * w small.
        weight: (c, 1, 3, 3).

    Returns:
        (b, c, h, w), in channels_last order.
    """
    batch, channels, height, width = images.shape
    taps = F.pad(weight.reshape(channels, 9), (0, 1))[:, _tap_index(height, width)]
    pixels = images.permute(0, 2, 3, 1).reshape(batch, 1, height * width, channels)
    sums = (pixels * taps.permute(1, 2, 0)).sum(dim=2)
    return sums.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class SameConv2d(nn.Conv2d):
    """`nn.Conv2d` without bias, the same stride in both directions, TFLite SAME padding."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, groups=groups, bias=False
        )

    def forward(self, images: Tensor) -> Tensor:
        if self._trains_few_pixels(images):
            return depthwise_as_matrix(images, self.weight)
        # Python ints: an exported graph then holds constant paddings and no shape arithmetic.
        (height, width), stride = self.kernel_size, self.stride[0]
        top, bottom = same_padding(int(images.shape[-2]), height, stride)
        left, right = same_padding(int(images.shape[-1]), width, stride)
        if (top, left) == (bottom, right):  # convolution pads by itself: no PAD operator
            return F.conv2d(
                images, self.weight, None, self.stride, (top, left), self.dilation, self.groups
            )
        padded = F.pad(images, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, None, self.stride, 0, self.dilation, self.groups)

    def _trains_few_pixels(self, images: Tensor) -> bool:
        """Never in eval mode: an exported graph shall hold a convolution."""
        return (
            self.training
            and images.device.type == "cpu"
            and self.kernel_size == (3, 3)
            and self.stride == (1, 1)
            and self.groups == self.in_channels == self.out_channels
            and images.shape[-2] * images.shape[-1] <= FEW_PIXELS
        )
