"""Backbones by name. A new one is a file in this folder and a line in `BACKBONES`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from tinyssl.core.errors import TrainingError, UsageError, unknown_name
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.ds_cnn import DsCnn
from tinyssl.learn.backbones.mlp import Mlp
from tinyssl.learn.backbones.mobilenet_v2 import TINY, WIDTH_035, MobileNetV2, Shape
from tinyssl.learn.backbones.storage import BackboneInfo, load_info, save_backbone

STEM_STRIDES = (1, 2)
IMAGE = FeatureSpec.image(32)
"""What backbones take where nothing else is said; of an image only the channels matter"""


def _mobilenet(shape: Shape, spec: FeatureSpec, stem_stride: int) -> MobileNetV2:
    if len(spec.model_shape) != 3:
        raise UsageError(
            f"a MobileNet takes images, sound or sensor windows; these samples are {spec.kind} "
            f"{spec.size_text}",
            hint="use --backbone mlp",
        )
    return MobileNetV2(shape, stem_stride, spec.channels)


BACKBONES: dict[str, Callable[[FeatureSpec, int], Backbone]] = {
    "mobilenet_v2_035": partial(_mobilenet, WIDTH_035),
    "mobilenet_v2_tiny": partial(_mobilenet, TINY),
    "ds_cnn": lambda spec, stem_stride: DsCnn(spec, 64, 4, stem_stride),
    "ds_cnn_tiny": lambda spec, stem_stride: DsCnn(spec, 16, 2, stem_stride),
    "mlp": lambda spec, _: Mlp(spec),
}
"""Name -> constructor from the samples' spec and the stem stride"""


def build_backbone(name: str, stem_stride: int = 2, spec: FeatureSpec = IMAGE) -> Backbone:
    """A backbone with fresh weights, drawn from torch's global generator.

    Args:
        name: A key of `BACKBONES`.
        stem_stride: Stride of the first convolution, 1 or 2; none in `mlp`.
        spec: Of the samples.

    Raises:
        UsageError: Unknown name (the hint suggests the nearest) or stride, or a backbone for other
            samples.
    """
    if name not in BACKBONES:
        raise unknown_name("backbone", name, BACKBONES)
    if stem_stride not in STEM_STRIDES:
        raise UsageError(
            f"stem stride {stem_stride} is not 1 or 2", hint="use --stem-stride 1 or 2"
        )
    return BACKBONES[name](spec, stem_stride)


def untrained_backbone(info: BackboneInfo, seed: int) -> Backbone:
    """The weights that a pretrain run with this seed starts from; leaves torch's generator alone.

    Raises:
        UsageError: Unknown name or stride.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_backbone(info.backbone, info.stem_stride, info.spec)


def load_backbone(path: Path) -> tuple[Backbone, BackboneInfo]:
    """The backbone of a pretrain or probe run, in eval mode.

    Raises:
        TrainingError: The file is damaged or does not fit its backbone.
        UsageError: It names a backbone that this version does not know.
    """
    tensors, info = load_info(path)
    backbone = build_backbone(info.backbone, info.stem_stride, info.spec)
    try:
        backbone.load_state_dict(tensors)
    except RuntimeError as error:
        raise TrainingError(
            f"{path} does not fit {info.backbone}: {error}", hint="run `tinyssl pretrain` again"
        ) from error
    return backbone.eval(), info


__all__ = [
    "BACKBONES",
    "STEM_STRIDES",
    "Backbone",
    "BackboneInfo",
    "build_backbone",
    "load_backbone",
    "save_backbone",
    "untrained_backbone",
]
