"""A small residual network (He et al., arXiv 1512.03385) as a backbone of a plug-in.

tinyssl pretrain --backbone examples/plugins/resnet.py:resnet_small
"""

from __future__ import annotations

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.backbones.same_conv import SameConv2d

CHANNELS = (16, 32, 64)
"""Of the stages; each halves the resolution of the one before it"""


def _conv(channels: int, out: int, stride: int = 1) -> list[nn.Module]:
    return [SameConv2d(channels, out, 3, stride), nn.BatchNorm2d(out)]


class Residual(nn.Module):
    """Two 3x3 convolutions that add to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = [*_conv(channels, channels), nn.ReLU(), *_conv(channels, channels)]
        self.inner = nn.Sequential(*inner)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.relu(x + self.inner(x))
        return total


class ResNet(Backbone):
    """Stages of one strided convolution and one residual block.

    Args:
        channels: Of the samples.
        stem_stride: Of the first stage's strided convolution.
    """

    def __init__(self, channels: int, stem_stride: int) -> None:
        super().__init__()
        self.feature_dim = CHANNELS[-1]
        self.map_channels = dict(zip((2, 4, 8), CHANNELS, strict=True))
        stages: list[nn.Module] = []
        for out in CHANNELS:
            stride = stem_stride if not stages else 2
            stages.append(nn.Sequential(*_conv(channels, out, stride), nn.ReLU(), Residual(out)))
            channels = out
        self.stages = nn.ModuleList(stages)

    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        maps, x = {}, images
        for stride, stage in zip(self.map_channels, self.stages, strict=True):
            maps[stride] = x = stage(x)
        return maps

    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        maps = self.forward_features(images)
        return maps[max(maps)].mean(dim=(2, 3)), maps

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_all(images)[0]


def resnet_small(spec: FeatureSpec, stem_stride: int) -> ResNet:
    """What `--backbone FILE.py:FUNCTION` names: from the samples' shape and the stem's stride."""
    if len(spec.model_shape) != 3:
        raise UsageError(f"resnet_small takes maps, not {spec.kind}", hint="use --backbone mlp")
    return ResNet(spec.channels, stem_stride)
