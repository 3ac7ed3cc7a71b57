"""Backbones on disk: safetensors whose header says how to build the network again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tinyssl.core.errors import TrainingError
from tinyssl.core.records import write_atomic
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone


@dataclass(frozen=True)
class BackboneInfo:
    """What the weights alone do not say."""

    backbone: str
    stem_stride: int
    spec: FeatureSpec
    """Of the samples it was trained on"""
    plugin_sha256: str = ""
    """Of the file of the plug-in that defines it; empty: tinyssl ships it"""

    @property
    def image_size(self) -> int:
        """Side of the images it was trained on, in pixels; the frames or steps of other samples"""
        return self.spec.shape[0]

    def as_metadata(self) -> dict[str, str]:
        """What the file's header holds: of images the side alone."""
        content = {"backbone": self.backbone, "stem_stride": str(self.stem_stride)}
        if self.plugin_sha256:
            content["plugin_sha256"] = self.plugin_sha256
        if self.spec == FeatureSpec.image(self.image_size):
            return content | {"image_size": str(self.image_size)}
        return content | {"features": json.dumps(self.spec.as_record(), sort_keys=True)}

    @classmethod
    def of_metadata(cls, content: Mapping[str, str]) -> Self:
        """Raises KeyError or ValueError where the header says too little."""
        if "features" in content:
            spec = FeatureSpec.from_record(json.loads(content["features"]))
        else:
            spec = FeatureSpec.image(int(content["image_size"]))
        sha256 = content.get("plugin_sha256", "")
        return cls(content["backbone"], int(content["stem_stride"]), spec, sha256)


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes a safetensors file atomically; equal tensors and metadata give equal bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomic(path, _sorted_header(save(plain, metadata=metadata)))


def _sorted_header(data: bytes) -> bytes:
    """The library writes the metadata in an order that changes from call to call: sort it.

    The format: 8 bytes little-endian length of the header, the header as JSON, padded with spaces
    to a multiple of 8, and the tensors at offsets that count from its end.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads a safetensors file: tensors and metadata.

    Raises:
        TrainingError: It is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - no dict
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"{path} is not a readable safetensors file: {error}",
            hint="run `tinyssl pretrain` and `tinyssl probe` again",
        ) from error


def save_backbone(path: Path, backbone: Backbone, info: BackboneInfo) -> None:
    """Writes parameters and batch-norm statistics, and `info` as metadata."""
    save_tensors(path, backbone.state_dict(), info.as_metadata())


def load_info(path: Path) -> tuple[dict[str, Tensor], BackboneInfo]:
    """Reads the file of `save_backbone` without building the network.

    Raises:
        TrainingError: It is missing, damaged, or holds something else.
    """
    tensors, metadata = load_tensors(path)
    try:
        info = BackboneInfo.of_metadata(metadata)
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"{path} does not say which backbone it holds: {error}",
            hint="use the file `backbone` of a pretrain or probe run",
        ) from error
    return tensors, info
