"""Any ONNX model as a teacher, run by onnxruntime."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinyssl.core.errors import ModelError, ToolMissing, UsageError
from tinyssl.core.records import sha256_of
from tinyssl.learn.teachers.base import Teacher, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.fast import CHUNK, INSTALL, open_session

Array = NDArray[np.float32]


class OnnxTeacher(Teacher):
    """A model with one input (b, 3, s, s), pixels in [0, 1], and one or two outputs.

    An output (b, d) is the summary. An output (b, d, h, h), (b, h², d) or (b, 1 + h², d) with a CLS
    token first is the tokens. Without a summary it is the CLS token, or else the mean of the
    tokens; without tokens the summary is the only one. Which is which is found by running it once.

    Args:
        path: The .onnx file.
        image_size: Side of the images; None: what the model says.

    Raises:
        UsageError: No such file, or the model leaves the size open.
        ModelError: The file is damaged, or inputs or outputs are something else.
        ToolMissing: onnxruntime is not installed.
    """

    def __init__(self, path: Path, image_size: int | None = None) -> None:
        super().__init__()
        self._session = _open(path)
        inputs = _Input.of(self._session, path)
        size = inputs.choose_size(image_size)
        self._input, self._chunk = inputs.name, inputs.batch or CHUNK
        self._path = path
        first = self._read(np.zeros((self._chunk, 3, size, size), np.float32))
        self.info = TeacherInfo(
            name=path.name,
            image_size=size,
            summary_dim=first.summary.shape[1],
            token_dim=first.tokens.shape[1],
            sha256=sha256_of(path),
            supervised=True,
            source="an ONNX file; whether labels were used is not known, taken as supervised",
        )
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        parts = [self._padded(part) for part in torch.split(images.float().cpu(), self._chunk)]
        summary = torch.cat([part.summary for part in parts])
        tokens = torch.cat([part.tokens for part in parts])
        return TeacherOutput(summary.to(images.device), tokens.to(images.device))

    def _padded(self, images: Tensor) -> TeacherOutput:
        """One call; a model with a fixed batch gets the last one filled up with zeros."""
        count = len(images)
        if count < self._chunk:
            images = torch.cat((images, images.new_zeros(self._chunk - count, *images.shape[1:])))
        output = self._read(images.contiguous().numpy())
        return TeacherOutput(output.summary[:count], output.tokens[:count])

    def _read(self, images: Array) -> TeacherOutput:
        try:
            outputs = self._session.run(None, {self._input: images})
        except Exception as error:  # onnxruntime has a class of its own for every status
            raise ModelError(
                f"{self._path} does not take images {images.shape}: {error}",
                hint="name the side of its images with --teacher-size",
            ) from error
        return interpret([np.asarray(output, np.float32) for output in outputs], self._path)


@dataclass(frozen=True)
class _Input:
    """The model's one input."""

    name: str
    batch: int | None
    """Where it is fixed"""
    size: int | None

    @classmethod
    def of(cls, session: Any, path: Path) -> _Input:
        inputs = session.get_inputs()
        told = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
        hint = "export it with one float32 input (batch, 3, side, side), pixels in [0, 1]"
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise ModelError(f"{path} takes {told}; a teacher takes images", hint=hint)
        batch, channels, height, width = (
            n if isinstance(n, int) else None for n in inputs[0].shape
        )
        if channels not in (3, None) or (height and width and height != width):
            raise ModelError(f"{path} takes {told}; a teacher takes square RGB images", hint=hint)
        return cls(inputs[0].name, batch, height or width)

    def choose_size(self, wanted: int | None) -> int:
        if self.size and wanted and wanted != self.size:
            raise UsageError(
                f"this teacher takes images of {self.size} pixels, not {wanted}",
                hint=f"leave out --teacher-size or say {self.size}",
            )
        size = self.size or wanted
        if size is None:
            raise UsageError(
                "the model takes images of any size", hint="say which with --teacher-size"
            )
        return size


def _open(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"{path}: no such file", hint="check the path given to --teacher")
    try:
        return open_session(path)
    except ModuleNotFoundError as error:
        raise ToolMissing("an .onnx teacher needs onnxruntime", hint=INSTALL) from error
    except Exception as error:  # as above
        raise ModelError(
            f"{path} is no readable ONNX model: {error}", hint="export it again"
        ) from error


def interpret(outputs: list[Array], path: Path) -> TeacherOutput:
    """Summary and tokens from a model's outputs; see `OnnxTeacher`.

    Raises:
        ModelError: They cannot be told apart, or have other shapes.
    """
    summaries = [torch.from_numpy(one) for one in outputs if one.ndim == 2]
    grids = [_grid(one) for one in outputs if one.ndim in (3, 4)]
    known = len(summaries) + len(grids) == len(outputs)
    if not known or None in grids or len(summaries) > 1 or len(grids) > 1 or not outputs:
        shapes = ", ".join(str(one.shape) for one in outputs)
        raise ModelError(
            f"{path} gives {shapes}; a teacher gives (b, d) and/or (b, d, h, h) or (b, h², d)",
            hint="export it with these one or two outputs only",
        )
    if not grids:
        return TeacherOutput(summaries[0], summaries[0][:, :, None, None])
    assert grids[0] is not None
    cls, tokens = grids[0]
    other = tokens.mean(dim=(2, 3)) if cls is None else cls
    return TeacherOutput(summaries[0] if summaries else other, tokens)


def _grid(output: Array) -> tuple[Tensor | None, Tensor] | None:
    """(CLS token or None, tokens (b, d, h, h)); None where the shape is neither of these."""
    tensor = torch.from_numpy(output)
    if tensor.ndim == 4:
        return (None, tensor) if tensor.shape[2] == tensor.shape[3] else None
    count = tensor.shape[1]
    for leading in (0, 1):
        side = math.isqrt(count - leading)
        if side and side * side == count - leading:
            patches = tensor[:, leading:].transpose(1, 2)
            maps = patches.reshape(len(tensor), -1, side, side)
            return (tensor[:, 0] if leading else None), maps
    return None
