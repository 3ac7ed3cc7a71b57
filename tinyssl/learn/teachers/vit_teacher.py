"""DINO and DINOv2 as teachers: trained without labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tinyssl.core.records import sha256_of
from tinyssl.learn.teachers.base import Teacher, TeacherEntry, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.download import Published, fetch
from tinyssl.learn.teachers.vit import DINO_VITS16, DINOV2_VITS14, ViT, ViTShape
from tinyssl.learn.teachers.weights import load_strictly, read_weights

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1]: what both projects normalise with"""
SERVER = "https://dl.fbaipublicfiles.com"


@dataclass(frozen=True)
class ViTVariant:
    """A published vision transformer."""

    name: str
    shape: ViTShape
    published: Published
    source: str


DINO = ViTVariant(
    "dino_vits16",
    DINO_VITS16,
    Published(f"{SERVER}/dino/dino_deitsmall16_pretrain/dino_deitsmall16_pretrain.pth"),
    "github.com/facebookresearch/dino, Apache-2.0, trained without labels on ImageNet-1k",
)
DINOV2 = ViTVariant(
    "dinov2_vits14",
    DINOV2_VITS14,
    Published(
        f"{SERVER}/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth",
        # not from the authors: named alike by several independent projects that fetched the file
        "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
    ),
    "github.com/facebookresearch/dinov2, Apache-2.0, trained without labels on LVD-142M",
)


class ViTTeacher(Teacher):
    """Summary: CLS token. Tokens: patch tokens. Both after the last norm.

    Args:
        variant: Which network.
        path: Its weights in the published layout, .pth or .safetensors.
        image_size: Side of the images, a multiple of the patch.

    Raises:
        ModelError: A key is missing or unknown, or a shape is wrong; names it.
        UsageError: The size does not fit.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, variant: ViTVariant, path: Path, image_size: int = 224) -> None:
        super().__init__()
        self.network = ViT(variant.shape)
        load_strictly(self.network, read_weights(path), path)
        self.network.set_image_size(image_size)
        for name, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1), persistent=False)
        self.info = TeacherInfo(
            name=variant.name,
            image_size=image_size,
            summary_dim=variant.shape.dim,
            token_dim=variant.shape.dim,
            sha256=sha256_of(path),
            supervised=False,
            source=variant.source,
        )
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        return TeacherOutput(*self.network((images - self.mean) / self.std))


def _entry(variant: ViTVariant, parameters: int, trained_on: str) -> TeacherEntry:
    published = variant.published
    return TeacherEntry(
        load=lambda path, size: ViTTeacher(variant, path, size),
        get=lambda progress: fetch(published, variant.name, progress),
        missing=lambda: "" if published.path.exists() else "fetched at the first use (85 MB)",
        image_size=224,
        summary_dim=variant.shape.dim,
        token_dim=variant.shape.dim,
        parameters=parameters,
        supervised=False,
        licence="Apache-2.0",
        trained_on=trained_on,
    )


TEACHERS = {
    "dino_vits16": _entry(DINO, 21_665_664, "ImageNet-1k without labels"),
    "dinov2_vits14": _entry(DINOV2, 22_056_576, "LVD-142M without labels"),
}
