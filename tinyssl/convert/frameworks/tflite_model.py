"""A float .tflite: nothing to convert, but to quantise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyssl.convert.frameworks.base import FloatInput, Floats, FloatSource, Shape
from tinyssl.runtimes.litert import Kernels, LitertInterpreter


class TfliteModel(FloatSource):
    """The file in LiteRT."""

    packages = ("ai-edge-litert",)

    def __init__(self, model: str, shapes: Sequence[Shape]) -> None:
        self.data = Path(model).read_bytes()
        self.interpreter = LitertInterpreter(self.data, Kernels.OPTIMISED)
        self.inputs = tuple(FloatInput(each.name, each.shape) for each in self.interpreter.inputs)

    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        names = [each.name for each in self.inputs]
        found = self.interpreter.run(dict(zip(names, arrays, strict=True)))
        return list(found.values())

    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        return self.data
