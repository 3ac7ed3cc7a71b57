"""Files whose subgraphs became one: tensors and operators of several, written into the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyssl.frontends.tflite.diagnosis import RawOp
from tinyssl.frontends.tflite.packing import pack, take_inside
from tinyssl.frontends.tflite.tensors import UNUSED
from tinyssl.graph.model import Value

VIEW = RawOp(-1, "RESHAPE", (), ())
"""An operator that no subgraph has: it gives a tensor another shape, or another place"""


@dataclass(frozen=True)
class PlacedOp:
    """An operator of a subgraph, with tensors of the flat graph."""

    graph: int
    """Number of the subgraph; its index is that in it, or that of VIEW"""
    op: RawOp


class FlatGraph:
    """Tensors and operators that will be the first subgraph.

    Args:
        values: Tensors of the first subgraph; None where nothing uses one.
    """

    def __init__(self, values: Sequence[Value | None]) -> None:
        self.first = len(values)
        """Tensors below are those of the first subgraph"""
        self.values = [UNUSED if value is None else value for value in values]
        self.sources = [(0, index) for index in range(self.first)]
        """Subgraph and tensor that each one is a copy of"""
        self.ops: list[PlacedOp] = []

    def add(self, value: Value, source: tuple[int, int]) -> int:
        """Number of a new tensor, which is one of a subgraph."""
        self.values.append(value)
        self.sources.append(source)
        return len(self.values) - 1

    def reshaped(self, index: int, shape: tuple[int, ...]) -> int:
        """Number of a tensor of another shape: a constant, or written by a RESHAPE."""
        value = replace(self.values[index], shape=shape)
        view = self.add(value, self.sources[index])
        if not value.constant:
            self._view(index, view)
        return view

    def end_in(self, ends: Mapping[int, int]) -> None:
        """Gives the model's outputs, by their tensor, what they are of."""
        written = {index for placed in self.ops for index in placed.op.outputs}
        renamed: dict[int, int] = {}
        for end, index in ends.items():
            if index >= self.first and index in written and index not in renamed:
                renamed[index] = end
            else:
                self._view(index, end)
        self.ops = [PlacedOp(placed.graph, _renamed(placed.op, renamed)) for placed in self.ops]

    def _view(self, source: int, target: int) -> None:
        op = replace(VIEW, inputs=(source,), outputs=(target,))
        self.ops.append(PlacedOp(0, op))


def _renamed(op: RawOp, names: Mapping[int, int]) -> RawOp:
    inputs = tuple(names.get(index, index) for index in op.inputs)
    return replace(op, inputs=inputs, outputs=tuple(names.get(i, i) for i in op.outputs))


def write_flat(data: bytes, flat: FlatGraph) -> bytes:
    """The file with the flat graph as its first subgraph; buffers stay shared.

    Args:
        data: The file that the graph's operators and tensors are of.
        flat: Tensors beyond the first subgraph's are written where an operator uses them.
    """
    return _Writing(data, flat).run()


class _Writing:
    """One file while it gets its flat graph."""

    def __init__(self, data: bytes, flat: FlatGraph) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema: Any = schema
        self.flat = flat
        self.root: Any = schema.ModelT.InitFromPackedBuf(data, 0)
        take_inside(self.root, data)
        self.graph = self.root.subgraphs[0]
        self.before = [graph.operators for graph in self.root.subgraphs]
        self.tensors = [list(graph.tensors) for graph in self.root.subgraphs]
        self.numbers = {index: index for index in range(-1, flat.first)}
        """Tensor of the flat graph -> tensor of the file"""

    def run(self) -> bytes:
        self.graph.operators = [self._operator(placed) for placed in self.flat.ops]
        return pack(self.root)

    def _operator(self, placed: PlacedOp) -> Any:
        op = placed.op
        table = self._view(op) if op.index < 0 else copy(self.before[placed.graph][op.index])
        table.inputs = [self._tensor(index) for index in op.inputs]
        table.outputs = [self._tensor(index) for index in op.outputs]
        return table

    def _view(self, op: RawOp) -> Any:
        code = self.schema.OperatorCodeT()
        number = getattr(self.schema.BuiltinOperator, op.kind)
        code.builtinCode = code.deprecatedBuiltinCode = number
        code.version = 1
        self.root.operatorCodes.append(code)
        table = self.schema.OperatorT()
        table.opcodeIndex = len(self.root.operatorCodes) - 1
        table.builtinOptionsType = self.schema.BuiltinOptions.ReshapeOptions
        table.builtinOptions = self.schema.ReshapeOptionsT()
        table.builtinOptions.newShape = list(self.flat.values[op.outputs[0]].shape)
        return table

    def _tensor(self, index: int) -> int:
        """Number of a tensor, which is written where it is first used."""
        if index not in self.numbers:
            self.numbers[index] = len(self.graph.tensors)
            self.graph.tensors.append(self._copy(index))
        return self.numbers[index]

    def _copy(self, index: int) -> Any:
        (number, source), value = self.flat.sources[index], self.flat.values[index]
        table = copy(self.tensors[number][source])
        shape = () if table.shape is None else tuple(table.shape)
        if value is not UNUSED and value.shape != shape:
            table.shape, table.shapeSignature = np.array(value.shape, np.int32), None
        if value.data is not None and self.root.buffers[table.buffer].data is None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(value.data, np.uint8)
            self.root.buffers.append(buffer)
            table.buffer = len(self.root.buffers) - 1
        return table
