"""Teachers by name, and teachers from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.core.progress import Progress, Silent
from tinyssl.learn.backbones.storage import load_tensors
from tinyssl.learn.teachers import efficientnet, vit_teacher
from tinyssl.learn.teachers.backbone_teacher import BackboneTeacher
from tinyssl.learn.teachers.base import Teacher
from tinyssl.learn.teachers.download import fetch
from tinyssl.learn.teachers.efficientnet import EfficientNetTeacher
from tinyssl.learn.teachers.onnx_teacher import OnnxTeacher
from tinyssl.learn.teachers.vit_teacher import ViTTeacher
from tinyssl.learn.teachers.weights import SUFFIXES


@dataclass(frozen=True)
class TeacherSpec:
    """Which teacher, as the user says it."""

    name: str
    """A key of `TEACHERS`, or the path of a checkpoint or an ONNX file"""
    arch: str | None = None
    """Architecture of a checkpoint: a key of `TEACHERS`; not needed for our own backbones"""
    image_size: int | None = None
    """Side of its images in pixels; None: the teacher's own"""
    supervised: bool | None = None
    """Whether a teacher from a file was trained with labels; None: what its kind says"""


@dataclass(frozen=True)
class TeacherEntry:
    """A teacher that has a name, as it is listed: nothing is loaded for this."""

    load: Callable[[Path, int], Teacher]
    """From its weights and the side of its images, in pixels"""
    get: Callable[[Progress], Path]
    """Brings its weights here where they are not, and says where they are"""
    missing: Callable[[], str]
    """What brings its weights here; empty where they are here"""
    image_size: int
    """Usual side of its images"""
    summary_dim: int
    token_dim: int
    parameters: int
    """Of the network without its classifier"""
    supervised: bool
    licence: str
    trained_on: str


def _efficientnet(variant: efficientnet.Variant, token_dim: int, parameters: int) -> TeacherEntry:
    return TeacherEntry(
        load=lambda path, size: EfficientNetTeacher(variant, path, size),
        get=lambda progress: variant.require_weights(),
        missing=lambda: "" if variant.weights() else variant.command,
        image_size=160,
        summary_dim=efficientnet.HEAD,
        token_dim=token_dim,
        parameters=parameters,
        supervised=True,
        licence="Apache-2.0",
        trained_on="ImageNet-1k with labels",
    )


def _vit(variant: vit_teacher.ViTVariant, parameters: int, trained_on: str) -> TeacherEntry:
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


TEACHERS: dict[str, TeacherEntry] = {
    "dino_vits16": _vit(vit_teacher.DINO, 21_665_664, "ImageNet-1k without labels"),
    "dinov2_vits14": _vit(vit_teacher.DINOV2, 22_056_576, "LVD-142M without labels"),
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
    return TeacherSpec(
        config.teacher, config.teacher_arch, config.teacher_size, config.teacher_supervised
    )


def build_teacher(spec: TeacherSpec, progress: Progress = Silent()) -> Teacher:  # noqa: B008 - stateless
    """The frozen teacher, on the CPU.

    Raises:
        UsageError: No teacher of this name (the hint suggests the nearest), no such file, or a size
            or architecture that does not fit it.
        DataError: Its weights could not be fetched.
        ToolMissing: Its weights come in a package that is not installed.
        ModelError: A file is damaged or holds something else.
    """
    if spec.name not in TEACHERS:
        return _from_file(spec)
    if spec.arch not in (None, spec.name):
        raise UsageError(
            f"--teacher-arch {spec.arch} does not go with --teacher {spec.name}",
            hint="it tells the architecture of a checkpoint: --teacher PATH",
        )
    entry = TEACHERS[spec.name]
    if spec.supervised is not None:
        _require_same(spec.name, entry.supervised, spec.supervised)
    return entry.load(entry.get(progress), spec.image_size or entry.image_size)


def _from_file(spec: TeacherSpec) -> Teacher:
    path = Path(spec.name)
    if path.suffix not in (*SUFFIXES, ".onnx"):
        raise unknown_name("teacher", spec.name, TEACHERS)
    if path.suffix == ".onnx":
        teacher: Teacher = OnnxTeacher(path, spec.image_size)
    elif spec.arch is None and _is_ours(path):
        teacher = BackboneTeacher(path, spec.image_size)
    else:
        teacher = _checkpoint(path, spec)
    return _as_said(teacher, spec.supervised)


def _as_said(teacher: Teacher, supervised: bool | None) -> Teacher:
    """With what the user says about labels, where nobody knows better.

    Raises:
        UsageError: It contradicts what is known.
    """
    if supervised is None:
        return teacher
    if isinstance(teacher, BackboneTeacher) and teacher.recorded:
        _require_same(teacher.info.name, teacher.info.supervised, supervised)
    labels = "with labels" if supervised else "without labels"
    source = f"{teacher.info.source.split(';')[0]}; trained {labels}, the user says"
    teacher.info = replace(teacher.info, supervised=supervised, source=source)
    return teacher


def _require_same(name: str, known: bool, said: bool) -> None:
    if known != said:
        raise UsageError(
            f"{name} was trained {'with' if known else 'without'} labels",
            hint="leave out --teacher-supervised: it is known for this teacher",
        )


def _is_ours(path: Path) -> bool:
    return path.suffix == ".safetensors" and path.is_file() and "backbone" in load_tensors(path)[1]


def _checkpoint(path: Path, spec: TeacherSpec) -> Teacher:
    """A file in the layout of a known architecture."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file", hint="check the path given to --teacher")
    if spec.arch is None:
        raise UsageError(
            f"{path} does not say what network it holds",
            hint=f"--teacher-arch {' or '.join(TEACHERS)}",
        )
    if spec.arch not in TEACHERS:
        raise unknown_name("teacher architecture", spec.arch, TEACHERS)
    entry = TEACHERS[spec.arch]
    teacher = entry.load(path, spec.image_size or entry.image_size)
    source = f"a local file in the layout of {spec.arch}; taken as {entry.trained_on}"
    teacher.info = replace(teacher.info, name=path.name, source=source)
    return teacher
