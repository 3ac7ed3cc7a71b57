"""A float .tflite: nothing to convert, but to quantise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyssl.convert.frameworks.base import FloatInput, Floats, FloatSource, Shape
from tinyssl.frontends.tflite.packing import pack, take_inside
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
        return with_names(self.data)


def with_names(data: bytes) -> bytes:
    """A float .tflite whose tensors all have names: the quantiser knows them by these."""
    from ai_edge_litert import schema_py_generated as schema

    file = schema.ModelT.InitFromPackedBuf(data, 0)
    take_inside(file, data)
    nameless = [
        (number, tensor)
        for graph in file.subgraphs
        for number, tensor in enumerate(graph.tensors)
        if not tensor.name
    ]
    for number, tensor in nameless:
        tensor.name = f"tensor_{number}".encode()
    return pack(file) if nameless else data
