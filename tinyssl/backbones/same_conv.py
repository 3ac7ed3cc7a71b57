"""Convolution that pads as TensorFlow Lite's SAME does."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


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


class SameConv2d(nn.Conv2d):
    """`nn.Conv2d` without bias, square kernel, TFLite SAME padding at any input size."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, groups=groups, bias=False
        )

    def forward(self, images: Tensor) -> Tensor:
        # Python ints: an exported graph then holds constant paddings and no shape arithmetic.
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(int(images.shape[-2]), kernel, stride)
        left, right = same_padding(int(images.shape[-1]), kernel, stride)
        if (top, left) == (bottom, right):  # convolution pads by itself: no PAD operator
            return F.conv2d(
                images, self.weight, None, self.stride, (top, left), self.dilation, self.groups
            )
        padded = F.pad(images, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, None, self.stride, 0, self.dilation, self.groups)
