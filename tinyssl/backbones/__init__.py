"""Backbones by name. A new one is a file in this folder and a line in `BACKBONES`."""

from __future__ import annotations

from collections.abc import Callable

from tinyssl.backbones.base import Backbone
from tinyssl.backbones.mobilenet_v2 import TINY, WIDTH_035, MobileNetV2
from tinyssl.errors import UsageError, unknown_name

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


__all__ = ["BACKBONES", "STEM_STRIDES", "Backbone", "build_backbone"]
