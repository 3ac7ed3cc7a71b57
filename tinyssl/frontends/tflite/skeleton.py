"""The operators of a file, whatever they are: for float models, which tinyssl does not compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyssl.frontends.tflite.tables import Tables, damage_as_error, enum_name, vector


@dataclass(frozen=True)
class SkeletonTensor:
    """A tensor of the file."""

    index: int
    name: str
    """As in the file"""
    shape: tuple[int, ...]
    type: str
    """Name in the schema's TensorType: FLOAT32"""


@dataclass(frozen=True)
class SkeletonOp:
    """An operator of the file, in order of execution."""

    kind: str
    inputs: tuple[SkeletonTensor, ...]
    """Constants too; without optional ones that are absent"""
    outputs: tuple[SkeletonTensor, ...]


@dataclass(frozen=True)
class Skeleton:
    """The first subgraph of a file."""

    inputs: tuple[SkeletonTensor, ...]
    outputs: tuple[SkeletonTensor, ...]
    ops: tuple[SkeletonOp, ...]

    @property
    def output_indices(self) -> frozenset[int]:
        """Tensors that are outputs."""
        return frozenset(each.index for each in self.outputs)

    @property
    def activations(self) -> tuple[SkeletonTensor, ...]:
        """Inputs, then what operators write."""
        return (*self.inputs, *(tensor for op in self.ops for tensor in op.outputs))


def read_skeleton(data: bytes) -> Skeleton:
    """Kinds, names, shapes and types of a .tflite.

    Raises:
        ModelError: The file is damaged.
    """
    with damage_as_error(data):
        tables = Tables(data)
        graph = tables.subgraph(0)

        def tensors(numbers: object) -> tuple[SkeletonTensor, ...]:
            return tuple(_tensor(tables, graph, int(at)) for at in vector(numbers) if at >= 0)

        operators = [tables.operator(at, graph) for at in range(graph.OperatorsLength())]
        ops = (
            SkeletonOp(
                tables.kind(each),
                tensors(each.InputsAsNumpy()),
                tensors(each.OutputsAsNumpy()),
            )
            for each in operators
        )
        ends = (tensors(graph.InputsAsNumpy()), tensors(graph.OutputsAsNumpy()))
        return Skeleton(*ends, tuple(ops))


def _tensor(tables: Tables, graph: Any, index: int) -> SkeletonTensor:
    raw = tables.tensor(index, graph)
    name = (raw.Name() or b"").decode("utf-8", "replace")
    shape = tuple(int(size) for size in vector(raw.ShapeAsNumpy()))
    return SkeletonTensor(index, name, shape, enum_name("TensorType", raw.Type()))
