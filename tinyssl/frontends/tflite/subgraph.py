"""One subgraph of a file: its operators as the file has them, and its tensors."""

from __future__ import annotations

from typing import Any

from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite.diagnosis import RawOp
from tinyssl.frontends.tflite.tables import Tables, vector
from tinyssl.frontends.tflite.tensors import Tensors
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.model import Value


class FileSubgraph:
    """One subgraph while it is read.

    Args:
        tables: The file.
        number: Of the subgraph.

    Raises:
        ModelError: There is no such subgraph, or an operator names a tensor that it does not have.
    """

    def __init__(self, tables: Tables, number: int) -> None:
        self.tables = tables
        self.graph = tables.subgraph(number)
        self.tensors = Tensors(tables, self.graph)
        self.ops = tuple(self._raw_op(index) for index in range(self.graph.OperatorsLength()))
        written = (index for op in self.ops for index in op.outputs)
        self.tensors.made |= {*written, *self.tensors.indices(self.graph.InputsAsNumpy())}

    def _raw_op(self, index: int) -> RawOp:
        operator = self.tables.operator(index, self.graph)
        kind = self.tables.kind(operator)
        found = (int(number) for number in vector(operator.InputsAsNumpy()))
        inputs = tuple(-1 if number == -1 else self.tensors.in_range(number) for number in found)
        return RawOp(index, kind, inputs, self.tensors.indices(operator.OutputsAsNumpy()))

    def options(self, op: RawOp, table: str) -> Any:
        """Its options by the schema's object API; None where it has none, or `table` is empty."""
        if not table:
            return None
        try:
            return self.tables.options(self.tables.operator(op.index, self.graph), table)
        except ValueError as error:
            raise ModelError(f"{op.label}: {error}", hint=CONTRADICTION_HINT) from error

    def custom_options(self, op: RawOp) -> bytes:
        """Options of a custom operator; empty for all others."""
        operator = self.tables.operator(op.index, self.graph)
        if not op.kind.startswith("CUSTOM") or operator.CustomOptionsIsNone():
            return b""
        self.tables.take(operator.CustomOptionsLength())
        return bytes(vector(operator.CustomOptionsAsNumpy()))

    def value(self, index: int) -> Value | None:
        """A tensor; None where something about it is not supported."""
        found = self.tensors.read(index)
        return None if index in self.tensors.unreadable else found
