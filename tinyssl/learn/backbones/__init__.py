"""Backbones by name: those in the dictionaries `BACKBONES` of this package's modules, those of
packages and of files. See docs/plugins.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from tinyssl.core import plugin_trust, plugins
from tinyssl.core.errors import TrainingError, UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone
from tinyssl.learn.backbones.storage import BackboneInfo, load_info, save_backbone

STEM_STRIDES = (1, 2)
IMAGE = FeatureSpec.image(32)
"""What backbones take where nothing else is said; of an image only the channels matter"""


Constructor = Callable[[FeatureSpec, int], Backbone]

BACKBONES: dict[str, Constructor] = plugins.collect(plugins.BACKBONES)
"""Name -> constructor from the samples' spec and the stem stride, of those that tinyssl ships"""


def _problem(value: object) -> str:
    if not callable(value):
        return "is not a function"
    try:
        inspect.signature(value).bind(IMAGE, 2)
    except (TypeError, ValueError):
        return "does not take (spec, stem_stride)"
    return ""


_REGISTRY = plugins.Registry[Constructor](plugins.BACKBONES, BACKBONES, _problem)


def find_backbone(name: str) -> plugins.Found[Constructor]:
    """The backbone called `name`: one of ours, of a package, or `FILE.py:FUNCTION`.

    Raises:
        UsageError: There is none (the hint suggests the nearest), or it is no backbone.
    """
    return _REGISTRY.find(name)


def check_name(name: str, stem_stride: int) -> plugins.Found[Constructor]:
    """The backbone called `name`, before its samples are known.

    Raises:
        UsageError: Unknown name (the hint suggests the nearest) or stride.
    """
    found = find_backbone(name)
    if stem_stride not in STEM_STRIDES:
        raise UsageError(
            f"stem stride {stem_stride} is not 1 or 2", hint="use --stem-stride 1 or 2"
        )
    return found


def build_backbone(name: str, stem_stride: int = 2, spec: FeatureSpec = IMAGE) -> Backbone:
    """A backbone with fresh weights, drawn from torch's global generator.

    Args:
        name: As `find_backbone` takes it.
        stem_stride: Stride of the first convolution, 1 or 2; none in `mlp`.
        spec: Of the samples.

    Raises:
        UsageError: Unknown name (the hint suggests the nearest) or stride, or a backbone for other
            samples.
    """
    found = check_name(name, stem_stride)
    with plugins.blamed(found):
        backbone = found.value(spec, stem_stride)
    if found.origin is not None and not isinstance(backbone, Backbone):
        raise UsageError(
            f"{found.origin.source} made a {type(backbone).__name__}, not a Backbone",
            hint="return a subclass of tinyssl.learn.backbones.Backbone; see docs/plugins.md",
        )
    return backbone


def untrained_backbone(info: BackboneInfo, seed: int) -> Backbone:
    """The weights that a pretrain run with this seed starts from; leaves torch's generator alone.

    Raises:
        UsageError: Unknown name or stride.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_backbone(info.backbone, info.stem_stride, info.spec)


def initial_weights(path: Path, name: str) -> dict[str, Tensor]:
    """The weights of a file, for a backbone of this name. Stem stride and image size may differ.

    Raises:
        TrainingError: The file is missing or damaged.
        UsageError: It holds another backbone.
    """
    tensors, info = load_info(path)
    if info.backbone != name:
        raise UsageError(
            f"{path} holds weights of {info.backbone}, the training is of {name}",
            hint=f"use --backbone {info.backbone}, or leave --init out",
        )
    return tensors


def copy_weights(path: Path, backbone: Backbone, name: str) -> None:
    """Gives a backbone the weights of a file.

    Args:
        path: Backbone of a pretrain run, a probe run or the zoo.
        backbone: Changed in place.
        name: What `backbone` is called.

    Raises:
        TrainingError: The file is missing or damaged.
        UsageError: It holds another backbone, or one for samples with other channels.
    """
    tensors = initial_weights(path, name)
    try:
        backbone.load_state_dict(tensors)
    except RuntimeError as error:
        raise UsageError(
            f"the weights in {path} do not fit these samples: {error}", hint="leave --init out"
        ) from error


def load_backbone(path: Path) -> tuple[Backbone, BackboneInfo]:
    """The backbone of a pretrain or probe run, in eval mode.

    Raises:
        TrainingError: The file is damaged or does not fit its backbone.
        UsageError: It names a backbone that this version does not know, or a plug-in that is not
            there or that only the file names.

    Warns:
        PluginChanged: The plug-in that defines it is another than when it was written.
    """
    tensors, info = load_info(path)
    info = replace(info, backbone=plugin_trust.relocated(info.backbone))
    plugin_trust.require_named(info.backbone, path)
    plugins.warn_if_changed(find_backbone(info.backbone), info.plugin_sha256, path)
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
    "check_name",
    "copy_weights",
    "find_backbone",
    "initial_weights",
    "load_backbone",
    "save_backbone",
    "untrained_backbone",
]
