"""MobileNetV2 (arXiv 1801.04381) without its classifier, at widths that fit a microcontroller."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.same_conv import SameConv2d


@dataclass(frozen=True)
class StageShape:
    """One row of table 2 of the paper, with the channels already scaled."""

    expansion: int
    channels: int
    repeats: int
    stride: int


@dataclass(frozen=True)
class Shape:
    """A MobileNetV2: stem, stages, last 1x1 convolution."""

    stem: int
    stages: tuple[StageShape, ...]
    last: int
    maps: dict[int, int]
    """Nominal stride -> number of stages that have run when that map is taken"""


WIDTH_035 = Shape(
    stem=16,
    stages=(
        StageShape(1, 8, 1, 1),
        StageShape(6, 8, 2, 2),
        StageShape(6, 16, 3, 2),
        StageShape(6, 24, 4, 2),
        StageShape(6, 32, 3, 1),
        StageShape(6, 56, 3, 2),
        StageShape(6, 112, 1, 1),
    ),
    last=1280,
    maps={8: 3, 16: 5, 32: 7},
)
"""Width 0.35: the paper's channels, times 0.35, to the nearest multiple of 8 that loses at most a
tenth. Convolutions 382,048 + batch norms 14,080 = 396,128 parameters."""

WIDTH_025 = Shape(
    stem=8,
    stages=(
        StageShape(1, 8, 1, 1),
        StageShape(6, 8, 2, 2),
        StageShape(6, 8, 3, 2),
        StageShape(6, 16, 4, 2),
        StageShape(6, 24, 3, 1),
        StageShape(6, 40, 3, 2),
        StageShape(6, 80, 1, 1),
    ),
    last=1280,
    maps={8: 3, 16: 5, 32: 7},
)
"""Width 0.25, by the same rule. Convolutions 227,456 + batch norms 10,656 = 238,112
parameters."""

TINY = Shape(
    stem=8,
    stages=(
        StageShape(1, 8, 1, 1),
        StageShape(3, 8, 1, 2),
        StageShape(3, 16, 2, 2),
        StageShape(3, 24, 1, 2),
        StageShape(3, 32, 1, 2),
    ),
    last=64,
    maps={8: 3, 16: 4, 32: 5},
)
"""For tests: every kind of layer of the real one, a thirtieth of its parameters."""


RESIDUAL_SCALE = 0.1
"""Scale of the last batch norm of every block with a shortcut, at the start.

Goyal et al. (arXiv 1706.02677, 5.1) start it at 0. With the usual 1, gradients of the 52-layer
network at 32x32 are five times larger and SimCLR's loss stays at chance for hundreds of steps. Not
quite 0, so that an untrained network can be quantised: a layer of zeros has no range.
"""


def _conv_norm(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = SameConv2d(in_channels, out_channels, kernel, stride, groups)
    return [conv, nn.BatchNorm2d(out_channels)]


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise 3x3, project 1x1 without activation; a shortcut where shapes allow."""

    def __init__(self, in_channels: int, stage: StageShape, stride: int) -> None:
        super().__init__()
        hidden = in_channels * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion != 1:
            layers += [*_conv_norm(in_channels, hidden, 1), nn.ReLU6()]
        layers += [*_conv_norm(hidden, hidden, 3, stride, groups=hidden), nn.ReLU6()]
        layers += [SameConv2d(hidden, stage.channels, 1), nn.BatchNorm2d(stage.channels)]
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and in_channels == stage.channels

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """The batch norm that scales what is added to the shortcut."""
        norm = self.layers[-1]
        assert isinstance(norm, nn.BatchNorm2d)
        return norm

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.layers(images)
        return images + result if self.shortcut else result


class MobileNetV2(Backbone):
    """The network of a `Shape`.

    Args:
        shape: Channels, repeats and strides.
        stem_stride: 2 as in the paper, or 1 for small images: four times the work and the
            memory of activations, twice the resolution of every map, the same parameters.
        channels: Of the input: 3 of images, 1 of sound.
    """

    def __init__(self, shape: Shape, stem_stride: int = 2, channels: int = 3) -> None:
        super().__init__()
        self.feature_dim = shape.last
        self.map_channels = {s: shape.stages[n - 1].channels for s, n in shape.maps.items()}
        self._maps = shape.maps
        self.stem = nn.Sequential(*_conv_norm(channels, shape.stem, 3, stem_stride), nn.ReLU6())
        channels = shape.stem
        stages: list[nn.Module] = []
        for stage in shape.stages:
            blocks: list[nn.Module] = []
            for index in range(stage.repeats):
                stride = stage.stride if index == 0 else 1
                blocks.append(InvertedResidual(channels, stage, stride))
                channels = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.last = nn.Sequential(*_conv_norm(channels, shape.last, 1), nn.ReLU6())
        self._initialise()

    def _initialise(self) -> None:
        """He initialisation by fan-out; residual branches start small (`RESIDUAL_SCALE`)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        for module in self.modules():
            if isinstance(module, InvertedResidual) and module.shortcut:
                nn.init.constant_(module.last_norm.weight, RESIDUAL_SCALE)

    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        result = self.stem(images)
        after: dict[int, Tensor] = {}
        for count, stage in enumerate(self.stages, start=1):
            result = stage(result)
            after[count] = result
        return {stride: after[count] for stride, count in self._maps.items()}

    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        maps = self.forward_features(images)
        return self.last(maps[max(maps)]).mean(dim=(2, 3)), maps

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_all(images)[0]


def _mobilenet(shape: Shape, spec: FeatureSpec, stem_stride: int) -> MobileNetV2:
    if len(spec.model_shape) != 3:
        raise UsageError(
            f"a MobileNet takes images, sound or sensor windows; these samples are {spec.kind} "
            f"{spec.size_text}",
            hint="use --backbone mlp",
        )
    return MobileNetV2(shape, stem_stride, spec.channels)


BACKBONES = {
    "mobilenet_v2_025": partial(_mobilenet, WIDTH_025),
    "mobilenet_v2_035": partial(_mobilenet, WIDTH_035),
    "mobilenet_v2_tiny": partial(_mobilenet, TINY),
}
