"""GELU of a float .tflite as operators that TensorFlow Lite Micro has; it has no GELU.

gelu(x) = x p(x), and p is the tanh form of Hendrycks and Gimpel (arXiv 1606.08415, section 2) with
a square that is cut at 6, which is ours:

    p(x) = sigmoid(x (a + b min(x^2, 6))),   a = 2 sqrt(2 / pi),   b = 0.044715 a.

The cut is the RELU6 of a MUL, and gives the square a range that 8 bits hold well. In float32 all
this differs from the exact GELU by at most 0.003 (at |x| near 3); in INT8 the values are a third of
a step apart. The six operators become one table of 256 bytes in the generated C
(`graph/passes/tables.py`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyssl.frontends.tflite.packing import pack, take_inside

SLOPE = 2 * math.sqrt(2 / math.pi)
BEND = 0.044715 * SLOPE
OPTIONS = {"MUL": "MulOptions", "ADD": "AddOptions"}
"""Operator -> table of its options, of those that have one here"""


def lower_gelus(data: bytes) -> tuple[bytes, int]:
    """The file with other operators in the place of every GELU, and how many there were.

    Args:
        data: Float .tflite. Comes back as it is where it has no GELU.
    """
    from ai_edge_litert import schema_py_generated as schema

    file = schema.ModelT.InitFromPackedBuf(data, 0)
    take_inside(file, data)
    count = sum(_Lowering(schema, file, graph).run() for graph in file.subgraphs)
    return (pack(file), count) if count else (data, 0)


class _Lowering:
    """Changes one graph; `schema` is the module of the flatbuffer's objects."""

    def __init__(self, schema: Any, file: Any, graph: Any) -> None:
        self.schema, self.file, self.graph = schema, file, graph
        self._constants: dict[float, int] = {}

    def run(self) -> int:
        """How many were changed."""
        gelu = self.schema.BuiltinOperator.GELU
        ops: list[Any] = []
        found = 0
        for op in self.graph.operators:
            if self.file.operatorCodes[op.opcodeIndex].builtinCode == gelu:
                ops += self._in_its_place(op)
                found += 1
            else:
                ops.append(op)
        self.graph.operators = ops
        return found

    def _in_its_place(self, op: Any) -> list[Any]:
        (source,), (end,) = op.inputs, op.outputs
        ops: list[Any] = []

        def add(
            kind: str, inputs: list[int], output: int | None = None, activation: str = "NONE"
        ) -> int:
            result = self._like(end, f"{kind.lower()}{len(ops)}") if output is None else output
            ops.append(self._op(kind, inputs, result, activation))
            return result

        square = add("MUL", [source, source], activation="RELU6")
        bent = add("MUL", [square, self._constant(BEND)])
        logit = add("MUL", [add("ADD", [bent, self._constant(SLOPE)]), source])
        add("MUL", [add("LOGISTIC", [logit]), source], end)
        return ops

    def _op(self, kind: str, inputs: list[int], output: int, activation: str) -> Any:
        op = self.schema.OperatorT()
        op.opcodeIndex = self._code(kind)
        op.inputs, op.outputs = inputs, [output]
        if kind in OPTIONS:
            op.builtinOptionsType = getattr(self.schema.BuiltinOptions, OPTIONS[kind])
            op.builtinOptions = getattr(self.schema, f"{OPTIONS[kind]}T")()
            function = getattr(self.schema.ActivationFunctionType, activation)
            op.builtinOptions.fusedActivationFunction = function
        return op

    def _code(self, kind: str) -> int:
        wanted = getattr(self.schema.BuiltinOperator, kind)
        for index, code in enumerate(self.file.operatorCodes):
            if code.builtinCode == wanted:
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = wanted
        code.version = 1
        self.file.operatorCodes.append(code)
        return len(self.file.operatorCodes) - 1

    def _like(self, index: int, what: str) -> int:
        """A new activation with another one's shape."""
        model = self.graph.tensors[index]
        name = model.name.decode() if isinstance(model.name, bytes) else model.name
        return self._tensor(model.shape, f"{name}/{what}", 0)

    def _constant(self, number: float) -> int:
        if number not in self._constants:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(np.float32(number).tobytes(), np.uint8)
            self.file.buffers.append(buffer)
            place = len(self.file.buffers) - 1
            self._constants[number] = self._tensor([], f"gelu/{number:g}", place)
        return self._constants[number]

    def _tensor(self, shape: Any, name: str, buffer: int) -> int:
        tensor = self.schema.TensorT()
        tensor.shape, tensor.type = shape, self.schema.TensorType.FLOAT32
        tensor.name, tensor.buffer = name, buffer
        tensor.hasRank = True
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1
