"""A file without the QUANTIZE and DEQUANTIZE at its ends: its inputs and outputs are integers.

The program around the model then works with the codes themselves: real = scale * (q - zero point).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tinyssl.frontends.tflite.complete import complete
from tinyssl.frontends.tflite.control import flatten
from tinyssl.frontends.tflite.packing import pack
from tinyssl.frontends.tflite.tables import damage_as_error
from tinyssl.graph.model import DType, Model, Op, ValueKind

CONVERTING = ("QUANTIZE", "DEQUANTIZE")
OUTER = (DType.FLOAT32, DType.UINT8)
"""Types of ends that are taken off"""
INNER = (DType.INT8, DType.INT16)
"""Types of what becomes the end"""


@dataclass(frozen=True)
class StrippedEnd:
    """An input or output whose operator was taken off."""

    kind: str
    """input or output"""
    name: str
    before: str
    """Element type of the file"""
    after: str
    """Element type now"""
    scale: float
    zero_point: int
    operator: str
    """`#0 QUANTIZE`"""
    position: int
    """Of the operator in the file"""
    outer: int
    """Tensor that was the end"""
    inner: int
    """Tensor that is the end now; its index is the same in both files"""

    def __str__(self) -> str:
        return (
            f"the {self.kind} {self.name} is {self.after} in place of {self.before}, without "
            f"{self.operator}: real = {self.scale:.9g} * (q - ({self.zero_point}))"
        )

    def as_record(self) -> dict[str, Any]:
        """What a run's record holds."""
        return asdict(self)


@dataclass(frozen=True)
class Stripped:
    """A file and what was taken off it."""

    data: bytes
    """The file itself where nothing was"""
    ends: tuple[StrippedEnd, ...]


def strip_ends(data: bytes, model: Model) -> Stripped:
    """Takes off each QUANTIZE that alone reads a float32 or uint8 input, and each QUANTIZE or
    DEQUANTIZE that makes such an output which nothing else reads.

    Args:
        data: The file.
        model: What the reader made of it, verified.
    """
    ends = (*_inputs(model), *_outputs(model))
    if not ends:
        return Stripped(data, ())
    return Stripped(_rewritten(complete(flatten(data).data).data, ends), ends)


def _inputs(model: Model) -> list[StrippedEnd]:
    found = []
    for index in model.inputs:
        readers = [op for op in model.ops if index in op.inputs]
        if len(readers) == 1 and index not in model.outputs:
            (op,) = readers
            found += _end(model, op, ValueKind.INPUT, (index, op.outputs[0]))
    return found


def _outputs(model: Model) -> list[StrippedEnd]:
    found: list[StrippedEnd] = []
    ends = {*model.inputs, *model.outputs}
    for op in model.ops:
        outer = op.outputs[0]
        read = any(outer in other.inputs for other in model.ops)
        if outer in model.outputs and not read and op.inputs and op.inputs[0] not in ends:
            found += _end(model, op, ValueKind.OUTPUT, (outer, op.inputs[0]))
            ends.add(op.inputs[0])
    return found


def _end(model: Model, op: Op, kind: ValueKind, pair: tuple[int, int]) -> list[StrippedEnd]:
    """The end, where its operator converts between these types and nothing else."""
    outer, inner = (model.tensor(index) for index in pair)
    if op.kind not in CONVERTING or outer.dtype not in OUTER or inner.dtype not in INNER:
        return []
    if inner.quant is None or inner.constant or pair[1] in (*model.inputs, *model.outputs):
        return []
    return [
        StrippedEnd(
            kind.value,
            outer.name,
            outer.dtype.value,
            inner.dtype.value,
            inner.quant.scale[0],
            inner.quant.zero_point[0],
            op.label,
            op.index,
            *pair,
        )
    ]


def _rewritten(data: bytes, ends: tuple[StrippedEnd, ...]) -> bytes:
    """The file with other ends; tensors keep their numbers, new ends get the names of the old."""
    from ai_edge_litert import schema_py_generated as schema

    with damage_as_error(data):
        root = schema.ModelT.InitFromPackedBuf(data, 0)
        graph = root.subgraphs[0]
        moved = {end.outer: end.inner for end in ends}
        gone = {end.position for end in ends}
        for outer, inner in moved.items():
            graph.tensors[inner].name = graph.tensors[outer].name
        graph.inputs = _replaced(graph.inputs, moved)
        graph.outputs = _replaced(graph.outputs, moved)
        graph.operators = [op for at, op in enumerate(graph.operators) if at not in gone]
        for signature in root.signatureDefs or ():
            for entry in (*(signature.inputs or ()), *(signature.outputs or ())):
                entry.tensorIndex = moved.get(entry.tensorIndex, entry.tensorIndex)
        return pack(root)


def _replaced(indices: Any, moved: dict[int, int]) -> Any:
    return np.array([moved.get(int(index), int(index)) for index in indices], np.int32)
