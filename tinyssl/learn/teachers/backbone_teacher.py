"""One of our own backbones as a teacher: what `tinyssl pretrain` left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord, read_record, sha256_of
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.teachers.base import Teacher, TeacherInfo, TeacherOutput


class BackboneTeacher(Teacher):
    """Summary: the features. Tokens: the last feature map of `forward_features`.

    Whether labels were used is read from the record beside the file; where there is none, it is
    taken to be so.

    Args:
        path: The file `backbone.safetensors` of a pretrain or probe run.
        image_size: Side of the images; None: that it was trained on.

    Raises:
        TrainingError: The file is damaged or does not fit its backbone.
    """

    def __init__(self, path: Path, image_size: int | None = None) -> None:
        super().__init__()
        self.backbone, about = load_backbone(path)
        record = _pretrain_record(path)
        self.recorded = record is not None
        how = (
            f"method {record.config.get('method')}" if record else "no record; taken as supervised"
        )
        self.info = TeacherInfo(
            name=path.name,
            image_size=image_size or about.image_size,
            summary_dim=self.backbone.feature_dim,
            token_dim=self.backbone.map_channels[max(self.backbone.map_channels)],
            sha256=sha256_of(path),
            supervised=record is None or uses_labels(record.config),
            source=f"{about.backbone} of tinyssl, {how}",
        )
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        maps = self.backbone.forward_features(images)
        return TeacherOutput(self.backbone(images).float(), maps[max(maps)].float())


def uses_labels(config: dict[str, Any]) -> bool:
    """Whether a pretrain run used labels, or a teacher that was made with labels."""
    teacher = config.get("teacher")
    through_teacher = isinstance(teacher, dict) and bool(teacher.get("supervised", True))
    return bool(config.get("labels_used", config.get("method") == "supervised")) or through_teacher


def _pretrain_record(path: Path) -> RunRecord | None:
    """The record of the pretrain run that made a backbone; a probe run names it."""
    try:
        record = read_record(path.parent)
        if record.kind == "probe":
            record = read_record(Path(record.config["run"]))
    except (UsageError, KeyError):
        return None
    return record if record.kind == "pretrain" else None
