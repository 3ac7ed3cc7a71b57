"""ONNX, through onnx2tf. Inputs and outputs of 3 dimensions and more become channels last."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyssl.convert.frameworks.base import (
    FloatInput,
    Floats,
    FloatSource,
    Shape,
    channels_first,
    channels_last,
    last_shape,
    with_batch_one,
)
from tinyssl.core.child_process import run_child

SECONDS = 1800
PICTURES = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf tries models that take pictures with this file, and downloads it where it is not in the
working folder. It gets noise under this name: no network is needed"""


class OnnxModel(FloatSource):
    """A model that onnxruntime runs."""

    packages = ("onnx", "onnxruntime", "onnx2tf", "tensorflow")

    def __init__(self, model: str, shapes: Sequence[Shape]) -> None:
        import onnxruntime

        self.path = Path(model).absolute()
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        found = self.session.get_inputs()
        given = list(shapes) or [tuple(each.shape) for each in found]
        self.shapes = [
            with_batch_one(shape, each.name) for each, shape in zip(found, given, strict=True)
        ]
        self.inputs = tuple(
            FloatInput(each.name, last_shape(shape))
            for each, shape in zip(found, self.shapes, strict=True)
        )

    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        feeds = {
            each.name: np.ascontiguousarray(channels_first(x))
            for each, x in zip(self.inputs, arrays, strict=True)
        }
        return [channels_last(each) for each in self.session.run(None, feeds)]

    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        rng = np.random.default_rng(0)
        np.save(folder / PICTURES, rng.random((20, 128, 128, 3), dtype=np.float32))
        words = [sys.executable, "-m", "onnx2tf", "-i", str(self.path), "-o", "out", "-n", "-coion"]
        words += ["-ois", *(f"{each.name}:{_commas(shape)}" for each, shape in self._sized())]
        ended = run_child(words, seconds=SECONDS, folder=folder)
        made = folder / "out" / f"{self.path.stem}_float32.tflite"
        if ended.code or not made.exists():
            raise RuntimeError(f"onnx2tf ended with {ended.code}: {ended.output[-2000:]}")
        return made.read_bytes()

    def _sized(self) -> list[tuple[FloatInput, Shape]]:
        return list(zip(self.inputs, self.shapes, strict=True))


def _commas(shape: Shape) -> str:
    return ",".join(map(str, shape))
