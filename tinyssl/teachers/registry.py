"""Teachers by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyssl.config import PretrainConfig
from tinyssl.errors import UsageError, unknown_name
from tinyssl.teachers import efficientnet
from tinyssl.teachers.base import Teacher
from tinyssl.teachers.efficientnet import EfficientNetTeacher


@dataclass(frozen=True)
class TeacherSpec:
    """Which teacher, as the user says it."""

    name: str
    """A key of `TEACHERS`, or the path of a checkpoint or an ONNX file"""
    arch: str | None = None
    """Architecture of a checkpoint"""
    image_size: int | None = None
    """Side of its images in pixels; None: the teacher's own"""


@dataclass(frozen=True)
class Entry:
    """A teacher that has a name, as it is listed: nothing is loaded for this."""

    build: Callable[[int], Teacher]
    """From the side of its images, in pixels"""
    image_size: int
    """Usual side of its images"""
    summary_dim: int
    token_dim: int
    parameters: int
    """Of the network without its classifier"""
    supervised: bool
    licence: str
    trained_on: str
    missing: Callable[[], str]
    """What brings its weights here; empty where they are here"""


def _efficientnet(variant: efficientnet.Variant, token_dim: int, parameters: int) -> Entry:
    return Entry(
        build=lambda size: EfficientNetTeacher(variant, size),
        image_size=160,
        summary_dim=efficientnet.HEAD,
        token_dim=token_dim,
        parameters=parameters,
        supervised=True,
        licence="Apache-2.0",
        trained_on="ImageNet-1k with labels",
        missing=lambda: "" if variant.weights() else variant.command,
    )


TEACHERS: dict[str, Entry] = {
    "efficientnet_lite2": _efficientnet(efficientnet.LITE2, 352, 4_811_072),
    "efficientnet_lite0": _efficientnet(efficientnet.LITE0, 320, 3_371_008),
}
"""Name -> what is known of it and how it is built"""


def teacher_spec_of(config: PretrainConfig) -> TeacherSpec:
    """The teacher that a pretrain config asks for.

    Raises:
        UsageError: It names none.
    """
    if config.teacher is None:
        raise UsageError(
            f"--method {config.method} learns from a teacher and none is given",
            hint="--teacher efficientnet_lite2; `tinyssl teachers` lists all",
        )
    return TeacherSpec(config.teacher, config.teacher_arch, config.teacher_size)


def build_teacher(spec: TeacherSpec) -> Teacher:
    """The frozen teacher, on the CPU.

    Raises:
        UsageError: No teacher of this name; the hint suggests the nearest.
        ToolMissing: Its weights come in a package that is not installed.
    """
    if spec.name not in TEACHERS:
        raise unknown_name("teacher", spec.name, TEACHERS)
    entry = TEACHERS[spec.name]
    return entry.build(spec.image_size or entry.image_size)
