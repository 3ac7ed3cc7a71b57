"""Spec 01 (d) 3: no gradient reaches a teacher, and its buffers stay as they are, bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.unit.learn.teachers.small_teachers import SmallTeacher
from tests.unit.learn.teachers.test_vit import SMALL, SMALL2, save_layout
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, build_backbone, save_backbone
from tinyssl.learn.teachers import Teacher
from tinyssl.learn.teachers.backbone_teacher import BackboneTeacher
from tinyssl.learn.teachers.efficientnet import EfficientNetLite, EfficientNetTeacher, Variant
from tinyssl.learn.teachers.vit_teacher import DINO, DINOV2, ViTTeacher


def dino(folder: Path) -> Teacher:
    save_layout(SMALL, folder / "dino.pth")
    return ViTTeacher(replace(DINO, shape=SMALL), folder / "dino.pth", 32)


def dinov2(folder: Path) -> Teacher:
    save_layout(SMALL2, folder / "dinov2.pth")
    return ViTTeacher(replace(DINOV2, shape=SMALL2), folder / "dinov2.pth", 28)


def efficientnet(folder: Path) -> Teacher:
    variant = Variant("narrow", 0.25, 1.0, "narrow.pth")
    weights = EfficientNetLite(0.25, 1.0).state_dict()
    torch.save(weights, folder / variant.file)
    return EfficientNetTeacher(variant, folder / variant.file, 32)


def ours(folder: Path) -> Teacher:
    path = folder / "backbone.safetensors"
    save_backbone(
        path,
        build_backbone("mobilenet_v2_tiny"),
        BackboneInfo("mobilenet_v2_tiny", 2, FeatureSpec.image(32)),
    )
    return BackboneTeacher(path)


def small(folder: Path) -> Teacher:
    return SmallTeacher()


KINDS = [dino, dinov2, efficientnet, ours, small]


class Student(nn.Module):
    """Holds its teacher as a child: the unlucky case, in which `train` and `parameters` meet it."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher
        self.layer = nn.Linear(3, teacher.info.summary_dim)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_ten_steps_leave_the_teacher_as_it_was(
    kind: Callable[[Path], Teacher], tmp_path: Path
) -> None:
    teacher = kind(tmp_path)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    student = Student(teacher).train()
    optimizer = torch.optim.SGD([p for p in student.parameters() if p.requires_grad], lr=0.1)
    size = teacher.info.image_size
    losses = []
    for step in range(10):
        images = torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(step))
        images.requires_grad_()  # not even through the images
        target = student.teacher(images)
        assert not target.summary.requires_grad
        assert not target.tokens.requires_grad
        loss = (student.layer(images.mean(dim=(2, 3))) - target.summary).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]  # the student did learn
    after = teacher.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_eval_mode_survives_train(kind: Callable[[Path], Teacher], tmp_path: Path) -> None:
    teacher = kind(tmp_path)
    images = torch.rand(3, 3, teacher.info.image_size, teacher.info.image_size)
    expected = teacher(images).summary
    assert teacher.train() is teacher
    Student(teacher).train()
    assert not any(module.training for module in teacher.modules())
    assert torch.equal(teacher(images).summary, expected)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_output_is_what_the_info_says(kind: Callable[[Path], Teacher], tmp_path: Path) -> None:
    teacher = kind(tmp_path)
    info = teacher.info
    output = teacher(torch.rand(2, 3, info.image_size, info.image_size))
    assert output.summary.shape == (2, info.summary_dim)
    assert output.tokens.shape[:2] == (2, info.token_dim)
    assert output.tokens.shape[2] == output.tokens.shape[3]
    assert output.summary.dtype == output.tokens.dtype == torch.float32
    assert len(info.sha256) == 64
