"""TinyNeXt (ICCV 2025) without its classifier: convolutions first, then attention, then
squeeze-and-excitation.

Channels, depths, strides and the order of layers are those of the authors' classification code
(github.com/yuffeenn/TinyNeXt, models/tinynext.py and modules.py). Ours are the padding at stride 2,
which is TFLite's SAME (theirs pads both sides), and the shapes for images of 32 pixels.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.same_conv import SameConv2d

EXCITE_REDUCTION, LEAST_EXCITE = 4, 8
"""Squeeze-and-excitation has channels / 4 hidden channels, at least 8"""
INITIAL_STD = 0.02
"""Of the truncated normal from which all weights are drawn"""


def _conv_norm_relu(
    channels: tuple[int, int], kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = SameConv2d(*channels, kernel, stride, groups)
    return [conv, nn.BatchNorm2d(channels[1]), nn.ReLU()]


class MobileBlock(nn.Module):
    """Expand 1x1, depthwise 3x3, project 1x1 without activation; a shortcut where shapes allow."""

    def __init__(self, channels: tuple[int, int], hidden: int, stride: int = 1) -> None:
        super().__init__()
        inputs, outputs = channels
        self.layers = nn.Sequential(
            *_conv_norm_relu((inputs, hidden), 1),
            *_conv_norm_relu((hidden, hidden), 3, stride, groups=hidden),
            SameConv2d(hidden, outputs, 1),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = self.layers(maps)
        return maps + result if self.shortcut else result


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """(c,) and (c,): what a batch norm multiplies by in eval mode, and what it adds then."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    return scale, norm.bias.detach() - norm.running_mean * scale


def _as_convolution(norm: nn.BatchNorm2d) -> nn.Conv2d:
    """A batch norm in eval mode as one operator: a depthwise 1x1 convolution."""
    scale, offset = _affine(norm)
    result = nn.Conv2d(len(scale), len(scale), 1, groups=len(scale))
    result.load_state_dict({"weight": scale[:, None, None, None], "bias": offset})
    return result


class LeanAttention(nn.Module):
    """One head whose keys are the tokens themselves: softmax(X W1 X^T / sqrt(c)) (X W2).

    No projection of keys and output, no biases: 2 c^2 parameters where the usual layer has 4 c^2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape; every pixel is a token."""
        batch, channels, height, width = maps.shape
        tokens = maps.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        scores = (self.query(tokens) * channels**-0.5) @ tokens.transpose(1, 2)
        mixed: Tensor = scores.softmax(dim=-1) @ self.value(tokens)
        return mixed.reshape(batch, height, width, channels).permute(0, 3, 1, 2)

    def after(self, norm: nn.BatchNorm2d) -> LeanAttention:
        """The same function of what `norm` reads in eval mode: `norm` need not be computed.

        With x = D u + e: the scores gain a term that is equal for all keys, which softmax does not
        see, so the keys are u; the rows of a softmax sum to 1, so what e adds to the values it
        adds to the output.
        """
        scale, offset = _affine(norm)
        result = LeanAttention(len(scale))
        query = scale[:, None] * self.query.weight
        pairs = ((result.query, query), (result.value, self.value.weight))
        for layer, weight in pairs:
            layer.weight = nn.Parameter(weight * scale)
            layer.bias = nn.Parameter(weight @ offset)
        return result


class SqueezeExcite(nn.Module):
    """Every channel times a number in [0, 1] that follows from the mean of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(channels // EXCITE_REDUCTION, LEAST_EXCITE)
        self.gate = nn.Sequential(
            *_conv_norm_relu((channels, hidden), 1),
            SameConv2d(hidden, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = maps * self.gate(maps.mean(dim=(2, 3), keepdim=True))
        return result


class MixingBlock(nn.Module):
    """Three shortcuts: a mixer of pixels, a depthwise 3x3 convolution, an MLP of each pixel.

    The mixer is `LeanAttention` in the authors' former block and `SqueezeExcite` in their SE block.
    """

    def __init__(self, mixer: nn.Module, channels: int, hidden: int) -> None:
        super().__init__()
        self.mixer_norm: nn.Module = nn.BatchNorm2d(channels)
        self.mixer = mixer
        self.local = SameConv2d(channels, channels, 3, groups=channels)
        self.mlp_norm: nn.Module = nn.BatchNorm2d(channels)
        self.expand = nn.Conv2d(channels, hidden, 1)
        self.gelu = nn.GELU()
        self.contract = nn.Conv2d(hidden, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = maps + self.mixer(self.mixer_norm(maps))
        maps = maps + self.local(maps)
        result: Tensor = maps + self.contract(self.gelu(self.expand(self.mlp_norm(maps))))
        return result

    def fold_norms(self) -> None:
        """Puts the batch norms into the layers behind them, for good. A gate stays behind its own,
        which multiplies the output too.
        """
        assert isinstance(self.mixer_norm, nn.BatchNorm2d)
        assert isinstance(self.mlp_norm, nn.BatchNorm2d)
        if isinstance(self.mixer, LeanAttention):
            self.mixer = self.mixer.after(self.mixer_norm)
            self.mixer_norm = nn.Identity()
        else:
            self.mixer_norm = _as_convolution(self.mixer_norm)
        scale, offset = _affine(self.mlp_norm)
        assert self.expand.bias is not None
        self.expand.bias = nn.Parameter(self.expand.bias + self.expand.weight[:, :, 0, 0] @ offset)
        self.expand.weight = nn.Parameter(self.expand.weight * scale[:, None, None])
        self.mlp_norm = nn.Identity()


def _mobile(channels: int, hidden: int) -> nn.Module:
    return MobileBlock((channels, channels), hidden)


def _former(channels: int, hidden: int) -> nn.Module:
    return MixingBlock(LeanAttention(channels), channels, hidden)


def _excite(channels: int, hidden: int) -> nn.Module:
    return MixingBlock(SqueezeExcite(channels), channels, hidden)


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind at one resolution."""

    block: Callable[[int, int], nn.Module]
    """Of (channels, hidden channels)"""
    channels: int
    depth: int
    expansion: float = 2
    """Hidden channels of a block, over its channels"""
    stride: int = 2
    """Of the embedding in front, whose hidden channels are its outputs"""


@dataclass(frozen=True)
class TinyNeXtShape:
    """A TinyNeXt."""

    stages: tuple[Stage, ...]
    stem_strides: tuple[int, int] = (2, 2)
    """Of the two convolutions of the stem, which is what stands in front of the first stage"""


def _shape(
    depths: tuple[int, ...], channels: tuple[int, ...], last_expansion: float = 2
) -> TinyNeXtShape:
    kinds = (_mobile, _mobile, _former, _excite)
    expansions = (2, 2, 2, last_expansion)
    rows = zip(kinds, channels, depths, expansions, strict=True)
    return TinyNeXtShape(tuple(Stage(*row) for row in rows))


T = _shape((3, 3, 6, 2), (32, 64, 96, 192))
"""836,208 parameters; with the head of 1,000 classes 1,029,208, as published (1.0 M)"""
S = _shape((3, 3, 8, 3), (32, 64, 96, 192))
"""With the head of 1,000 classes 1,311,928 parameters"""
M = _shape((4, 4, 9, 4), (32, 64, 128, 256), 1.5)
"""With the head of 1,000 classes 2,328,120 parameters"""


def at_32_pixels(shape: TinyNeXtShape) -> TinyNeXtShape:
    """The same parameters with strides that leave 16 tokens of an image of 32 pixels (ours).

    The second convolution of the stem and the last embedding keep the resolution, so that the
    strides multiply to 8.
    """
    last = shape.stages[-1]
    kept = Stage(last.block, last.channels, last.depth, last.expansion, 1)
    return TinyNeXtShape((*shape.stages[:-1], kept), (shape.stem_strides[0], 1))


HALF = _shape((3, 3, 6, 2), (16, 32, 48, 96))
"""T with half the channels, for trials on a CPU (ours)"""


class TinyNeXt(Backbone):
    """The network of a `TinyNeXtShape`.

    Args:
        shape: Channels, depths and strides.
        stem_stride: Of the stem's first convolution.
        channels: Of the input: 3 of images, 1 of sound.
    """

    def __init__(self, shape: TinyNeXtShape, stem_stride: int = 2, channels: int = 3) -> None:
        super().__init__()
        first, strides = shape.stages[0], (stem_stride, shape.stem_strides[1])
        half = first.channels // 2
        stem = [
            *_conv_norm_relu((channels, half), 3, strides[0]),
            *_conv_norm_relu((half, first.channels), 3, strides[1]),
        ]
        embeds = [nn.Sequential(*stem)]
        for before, stage in pairwise(shape.stages):
            pair = (before.channels, stage.channels)
            embeds.append(nn.Sequential(MobileBlock(pair, stage.channels, stage.stride)))
        self.embeds = nn.ModuleList(embeds)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    stage.block(stage.channels, int(stage.expansion * stage.channels))
                    for _ in range(stage.depth)
                )
            )
            for stage in shape.stages
        )
        self.feature_dim = shape.stages[-1].channels
        self.norm = nn.BatchNorm2d(self.feature_dim)
        self._stages_of_maps = _stages_of_maps(shape)
        self.map_channels = {
            stride: shape.stages[number].channels for stride, number in self._stages_of_maps.items()
        }
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=INITIAL_STD)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def early(self, images: Tensor) -> Tensor:
        """What enters the blocks of stage 3: maps (b, c, h, w) after its embedding."""
        for embed, stage in zip(self.embeds[:2], self.stages[:2], strict=True):
            images = stage(embed(images))
        result: Tensor = self.embeds[2](images)
        return result

    def late(self, maps: Tensor) -> Tensor:
        """The last map, of what `early` gives."""
        result: Tensor = self.norm(self.stages[3](self.embeds[3](self.stages[2](maps))))
        return result

    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        found: list[Tensor] = []
        for embed, stage in zip(self.embeds, self.stages, strict=True):
            images = stage(embed(images))
            found.append(images)
        found[-1] = self.norm(images)
        return {stride: found[number] for stride, number in self._stages_of_maps.items()}

    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        maps = self.forward_features(images)
        return maps[max(maps)].mean(dim=(2, 3)), maps

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_all(images)[0]

    def for_inference(self) -> nn.Module:
        return _Inference(copy.deepcopy(self).eval())


class _Inference(nn.Module):
    """A TinyNeXt with its batch norms folded, and the last one behind the mean."""

    def __init__(self, network: TinyNeXt) -> None:
        super().__init__()
        for module in network.modules():
            if isinstance(module, MixingBlock):
                module.fold_norms()
        self.layers = nn.Sequential(
            *(layer for pair in zip(network.embeds, network.stages, strict=True) for layer in pair)
        )
        self.norm = _as_convolution(network.norm)

    def forward(self, images: Tensor) -> Tensor:
        pooled = self.layers(images).mean(dim=(2, 3), keepdim=True)
        result: Tensor = self.norm(pooled).flatten(1)
        return result


def _stages_of_maps(shape: TinyNeXtShape) -> dict[int, int]:
    """Nominal stride -> number of the last stage with it, from the second stage on."""
    stride, found = 2 * shape.stem_strides[1], dict[int, int]()
    for number, stage in enumerate(shape.stages[1:], start=1):
        stride *= stage.stride
        found[stride] = number
    return found


def _tinynext(shape: TinyNeXtShape, spec: FeatureSpec, stem_stride: int) -> TinyNeXt:
    if len(spec.model_shape) != 3:
        raise UsageError(
            f"a TinyNeXt takes images, sound or sensor windows; these samples are {spec.kind} "
            f"{spec.size_text}",
            hint="use --backbone mlp",
        )
    return TinyNeXt(shape, stem_stride, spec.channels)


BACKBONES = {
    "tinynext_t": partial(_tinynext, T),
    "tinynext_s": partial(_tinynext, S),
    "tinynext_m": partial(_tinynext, M),
    "tinynext_t_32px": partial(_tinynext, at_32_pixels(T)),
    "tinynext_half_32px": partial(_tinynext, at_32_pixels(HALF)),
}
