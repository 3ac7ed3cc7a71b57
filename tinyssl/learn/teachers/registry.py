"""Teachers by name (those in the dictionaries `TEACHERS` of this package's modules), from plug-ins,
and from files of weights.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinyssl.core import plugins
from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import UsageError, unknown_name
from tinyssl.core.progress import Progress, Silent
from tinyssl.learn.backbones.storage import load_tensors
from tinyssl.learn.teachers.backbone_teacher import BackboneTeacher
from tinyssl.learn.teachers.base import Teacher, TeacherEntry, TeacherInfo
from tinyssl.learn.teachers.onnx_teacher import OnnxTeacher
from tinyssl.learn.teachers.weights import SUFFIXES


@dataclass(frozen=True)
class TeacherSpec:
    """Which teacher, as the user says it."""

    name: str
    """A key of `TEACHERS`, a plug-in, or the path of a checkpoint or an ONNX file"""
    arch: str | None = None
    """Architecture of a checkpoint: a key of `TEACHERS`; not needed for our own backbones"""
    image_size: int | None = None
    """Side of its images in pixels; None: the teacher's own"""
    supervised: bool | None = None
    """Whether a teacher from a file was trained with labels; None: what its kind says"""


Constructor = Callable[[int | None], Teacher]
"""Of a plug-in: from the side of the images in pixels; None: its own"""

TEACHERS: dict[str, TeacherEntry] = plugins.collect(plugins.TEACHERS)
"""Name -> what is known of it and how it is built, of those that tinyssl ships"""


def _problem(value: object) -> str:
    if not callable(value):
        return "is neither a function nor a class"
    try:
        inspect.signature(value).bind(None)
    except (TypeError, ValueError):
        return "does not take (image_size)"
    return ""


_REGISTRY = plugins.Registry[Any](plugins.TEACHERS, TEACHERS, _problem)


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
    if plugins.is_plugin(plugins.TEACHERS, spec.name):
        return _as_said(_from_plugin(spec), spec.supervised)
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


def _from_plugin(spec: TeacherSpec) -> Teacher:
    found = _REGISTRY.find(spec.name)
    assert found.origin is not None
    if spec.arch is not None:
        raise UsageError(
            f"--teacher-arch {spec.arch} does not go with the plug-in {found.origin.source}",
            hint="it tells the architecture of a checkpoint: --teacher PATH",
        )
    with plugins.blamed(found):
        teacher = found.value(spec.image_size)
    if not isinstance(teacher, Teacher) or not isinstance(getattr(teacher, "info", 0), TeacherInfo):
        raise UsageError(
            f"{found.origin.source} made a {type(teacher).__name__}, not a Teacher with its info",
            hint="return a subclass of tinyssl.learn.teachers.Teacher; see docs/plugins.md",
        )
    both = hashlib.sha256(f"{teacher.info.sha256} {found.origin.sha256}".encode())
    teacher.info = replace(teacher.info, sha256=both.hexdigest())  # its code decides the targets
    return teacher.freeze()


def _from_file(spec: TeacherSpec) -> Teacher:
    path = Path(spec.name)
    if path.suffix not in (*SUFFIXES, ".onnx"):
        raise unknown_name("teacher", spec.name, [*TEACHERS, *plugins.origins(plugins.TEACHERS)])
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
