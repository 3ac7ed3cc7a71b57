"""Backbones by name. A new one is a file in this folder and a line in `BACKBONES`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinyssl.core.errors import TrainingError, UsageError, unknown_name
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.mobilenet_v2 import TINY, WIDTH_035, MobileNetV2
from tinyssl.learn.backbones.storage import BackboneInfo, load_info, save_backbone

BACKBONES: dict[str, Callable[[int], Backbone]] = {
    "mobilenet_v2_035": lambda stem_stride: MobileNetV2(WIDTH_035, stem_stride),
    "mobilenet_v2_tiny": lambda stem_stride: MobileNetV2(TINY, stem_stride),
}
"""Name -> constructor from the stem stride"""

STEM_STRIDES = (1, 2)


def build_backbone(name: str, stem_stride: int = 2) -> Backbone:
    """A backbone with fresh weights, drawn from torch's global generator.

    Args:
        name: A key of `BACKBONES`.
        stem_stride: Stride of the first convolution, 1 or 2.

    Raises:
        UsageError: Unknown name (the hint suggests the nearest) or stride.
    """
    if name not in BACKBONES:
        raise unknown_name("backbone", name, BACKBONES)
    if stem_stride not in STEM_STRIDES:
        raise UsageError(
            f"stem stride {stem_stride} is not 1 or 2", hint="use --stem-stride 1 or 2"
        )
    return BACKBONES[name](stem_stride)


def load_backbone(path: Path) -> tuple[Backbone, BackboneInfo]:
    """The backbone of a pretrain or probe run, in eval mode.

    Raises:
        TrainingError: The file is damaged or does not fit its backbone.
        UsageError: It names a backbone that this version does not know.
    """
    tensors, info = load_info(path)
    backbone = build_backbone(info.backbone, info.stem_stride)
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
]
