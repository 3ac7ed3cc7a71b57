"""The same teacher, run by onnxruntime: on one CPU core 2.6 times as fast as PyTorch."""

from __future__ import annotations

import importlib.util
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.core.paths import cache_folder
from tinyssl.core.progress import Progress, Silent
from tinyssl.learn.teachers.base import Teacher, TeacherOutput

TOLERANCE = 1e-3
"""Largest difference from PyTorch on the check, as a share of the largest value"""
TRACED, CHECKED = 2, 3
"""Images of the export and of the check: not the same, so that a batch size that became part of the
graph is found"""
CHUNK = 32
"""Images a call of onnxruntime: 128 at once need 1.9 GB instead of 0.7 (160 px) and are slower"""
OPSET = 17
INSTALL = "pip install 'tinyssl[teachers]'"


class FastTeacher(Teacher):
    """A teacher with onnxruntime in front of it; images on a GPU go to the teacher itself."""

    def __init__(self, teacher: Teacher, path: Path) -> None:
        super().__init__()
        self.teacher = teacher
        self.info = teacher.info
        self._session = open_session(path)
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        if images.device.type != "cpu":
            output: TeacherOutput = self.teacher(images)
            return output
        parts = [self._run(part) for part in torch.split(images.float(), CHUNK)]
        summary, tokens = (
            torch.from_numpy(np.concatenate(kind)) for kind in zip(*parts, strict=True)
        )
        return TeacherOutput(summary, tokens)

    def _run(self, images: Tensor) -> Sequence[NDArray[np.float32]]:
        outputs: Sequence[NDArray[np.float32]] = self._session.run(
            ["summary", "tokens"], {"images": images.contiguous().numpy()}
        )
        return outputs


def fast(teacher: Teacher, progress: Progress = Silent()) -> Teacher:  # noqa: B008 - stateless
    """The same outputs through onnxruntime, where that is installed and the device is the CPU.

    The exported network is kept in the cache folder, keyed by the teacher's SHA-256 and image size,
    and compared with the teacher on random images. Where it differs by more than `TOLERANCE`, or
    cannot be made, the teacher itself comes back and `progress` is told why.
    """
    if isinstance(teacher, FastTeacher) or _device(teacher).type != "cpu":
        return teacher
    absent = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if absent:
        missing = " and ".join(absent)
        progress.note(f"the teacher would run 2 to 3 times as fast with {missing}: {INSTALL}")
        return teacher
    path = cache_folder() / "teachers" / _file_name(teacher)
    if path.exists():
        found = _checked(teacher, path)
        if isinstance(found, FastTeacher):
            return found
        progress.note(f"{path}: {found}; exported again")
        path.unlink(missing_ok=True)
    found = _checked(teacher, path)
    if isinstance(found, FastTeacher):
        return found
    progress.note(f"the teacher runs in PyTorch, not onnxruntime: {found}")
    return teacher


def _file_name(teacher: Teacher) -> str:
    return f"{teacher.info.sha256[:32]}-{teacher.info.image_size}.onnx"


def _checked(teacher: Teacher, path: Path) -> FastTeacher | str:
    """The teacher through the file, which is made where it is not there; else what is wrong."""
    try:
        if not path.exists():
            _export(teacher, path)
        quick = FastTeacher(teacher, path)
        difference = _difference(teacher, quick)
    except Exception as error:  # exporters and sessions fail in many ways; there is another way
        return f"{type(error).__name__}: {error}"
    if difference > TOLERANCE:
        return f"its features differ by {difference:.1e} (allowed: {TOLERANCE:.0e})"
    return quick


def open_session(path: Path) -> Any:
    """An onnxruntime session on the CPU with as many threads as PyTorch has."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _device(teacher: Teacher) -> torch.device:
    return next((p.device for p in teacher.parameters()), torch.device("cpu"))


def _some_images(teacher: Teacher, count: int) -> Tensor:
    size = teacher.info.image_size
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def _difference(one: Teacher, other: Teacher) -> float:
    """Largest difference of any output, as a share of the largest value of that output."""
    images = _some_images(one, CHECKED)
    a, b = one(images), other(images)
    pairs = ((a.summary, b.summary), (a.tokens, b.tokens))
    return max(float((x - y).abs().max() / x.abs().max().clamp_min(1e-12)) for x, y in pairs)


class _TensorOutputs(nn.Module):
    """Exporters want plain tensors."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        output = self.teacher(images)
        return output.summary, output.tokens


def _export(teacher: Teacher, path: Path) -> None:
    """Writes the ONNX file in one step: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _trace(teacher, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _trace(teacher: Teacher, path: Path) -> None:
    """The exporter by tracing: the newer one needs onnxscript, which would be one more package."""
    batch = {0: "batch"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated and says so
        level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            torch.onnx.export(
                _TensorOutputs(teacher).eval(),
                (_some_images(teacher, TRACED),),
                str(path),
                input_names=["images"],
                output_names=["summary", "tokens"],
                dynamic_axes={"images": batch, "summary": batch, "tokens": batch},
                opset_version=OPSET,
                dynamo=False,
            )
        finally:
            logging.disable(level)
