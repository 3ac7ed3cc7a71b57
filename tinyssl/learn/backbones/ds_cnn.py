"""DS-CNN: the keyword spotter of the field, also for sensor windows.

Zhang et al., "Hello Edge" (arXiv 1711.07128); MLPerf Tiny's reference is the one with 64 channels
and four blocks. Without its classifier and dropout: a linear head comes from the probe.
"""

from __future__ import annotations

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.same_conv import SameConv2d

STEM_KERNEL = (10, 4)
"""Frames and mel channels that the first convolution sees"""


def _conv_norm_relu(
    channels: tuple[int, int], kernel: tuple[int, int], stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = SameConv2d(*channels, kernel, stride, groups)
    return [conv, nn.BatchNorm2d(channels[1]), nn.ReLU()]


class DsCnn(Backbone):
    """A wide stem, then depthwise-separable blocks at one resolution, then the mean.

    Args:
        spec: Of the samples: image, audio or sensor. A window of sensors is a map of width 1, so
            kernels are 1 wide there.
        channels: Of every block.
        blocks: Depthwise 3x3 and pointwise convolution each.
        stem_stride: Of the first convolution, in both directions.

    Raises:
        UsageError: Samples that are no map.
    """

    def __init__(
        self, spec: FeatureSpec, channels: int = 64, blocks: int = 4, stem_stride: int = 2
    ) -> None:
        super().__init__()
        if len(spec.model_shape) != 3:
            raise UsageError(
                f"ds_cnn takes images, sound or sensor windows; these samples are {spec.kind} "
                f"{spec.size_text}",
                hint="use --backbone mlp",
            )
        width = spec.model_shape[1]
        stem = (STEM_KERNEL[0], min(STEM_KERNEL[1], width))
        kernel = (3, min(3, width))
        self.feature_dim = channels
        self.map_channels = {2: channels}
        layers = _conv_norm_relu((spec.channels, channels), stem, stem_stride)
        for _ in range(blocks):
            layers += _conv_norm_relu((channels, channels), kernel, groups=channels)
            layers += _conv_norm_relu((channels, channels), (1, 1))
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        return {2: self.layers(images)}

    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        maps = self.forward_features(images)
        return maps[2].mean(dim=(2, 3)), maps

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_all(images)[0]


BACKBONES = {
    "ds_cnn": lambda spec, stem_stride: DsCnn(spec, 64, 4, stem_stride),
    "ds_cnn_tiny": lambda spec, stem_stride: DsCnn(spec, 16, 2, stem_stride),
}
