"""Tensors of a subgraph: name, type, shape, quantisation, and the bytes of a constant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyssl.core.errors import Blocker, ModelError
from tinyssl.core.text import printable
from tinyssl.frontends.tflite.tables import DAMAGED_HINT, RANK_MAX, Tables, enum_name, vector
from tinyssl.graph.model import DType, Quant, Value, ValueKind

# TensorType of the schema -> our types.
DTYPES = {
    0: DType.FLOAT32,
    2: DType.INT32,
    3: DType.UINT8,
    4: DType.INT64,
    6: DType.BOOL,
    7: DType.INT16,
    9: DType.INT8,
    12: DType.UINT64,
    15: DType.UINT32,
}

INT4 = 17
"""TensorType of 4-bit constants, which are read as int8"""

UNUSED = Value("unused", (1,), DType.INT8)
"""Stands for a tensor that no operator reads or writes, or whose type is not known"""


def place(index: int, name: str) -> str:
    """How a blocker names a tensor."""
    return f"tensor {index} ({name})"


class Tensors:
    """The tensors of one subgraph.

    Args:
        tables: The file.
        graph: The subgraph's table.
    """

    def __init__(self, tables: Tables, graph: Any) -> None:
        self.tables = tables
        self.graph = graph
        self.count: int = graph.TensorsLength()
        self.blockers: list[Blocker] = []
        """What is not supported about those that were read"""
        self.unreadable: set[int] = set()
        """Those of a type or shape that is not supported"""
        self.open: dict[int, tuple[int, ...]] = {}
        """Those that have dimensions which the file leaves open -> these"""
        self.made: set[int] = set()
        """Those that the caller or an operator writes"""
        self._contents: dict[tuple[int, int], bytes] = {}
        """Start and length in the file -> bytes: buffers may be shared"""

    def indices(self, numbers: object) -> tuple[int, ...]:
        """What an inputs or outputs vector names.

        Raises:
            ModelError: One of it is no tensor of this subgraph.
        """
        return tuple(self.in_range(int(number)) for number in vector(numbers))

    def in_range(self, index: int) -> int:
        """The index.

        Raises:
            ModelError: It is no tensor of this subgraph.
        """
        if not 0 <= index < self.count:
            raise ModelError(f"tensor index {index} of {self.count} tensors", hint=DAMAGED_HINT)
        return index

    def table(self, index: int) -> Any:
        """The schema's table."""
        return self.tables.tensor(index, self.graph)

    def name(self, index: int, raw: Any) -> str:
        """Its name; `t5` where it has none."""
        name = printable((raw.Name() or b"").decode("utf-8", "replace"))
        self.tables.take(len(name))
        return name or f"t{index}"

    def place(self, index: int) -> str:
        """How a blocker names a tensor."""
        return place(index, self.name(index, self.table(index)))

    def read(self, index: int) -> Value:
        """A tensor that is used; what is not supported about it becomes a blocker."""
        raw = self.table(index)
        name = self.name(index, raw)
        where = place(index, name)
        shape = tuple(int(size) for size in vector(raw.ShapeAsNumpy())[: RANK_MAX + 1])
        signature = [int(size) for size in vector(raw.ShapeSignatureAsNumpy())[: RANK_MAX + 1]]
        content = self.content(raw, where)
        small = raw.Type() == INT4 and content is not None
        if content is None and index not in self.made and shape and min(shape) == 0:
            content = b""  # a constant of no elements, as the axes of a reduction along none
        if open_axes := tuple(axis for axis, size in enumerate(signature) if size < 0):
            self.open[index] = open_axes
        blocker = _tensor_blocker(raw, where, shape if content != b"" else (), small)
        if blocker is not None:
            self.blockers.append(blocker)
            self.unreadable.add(index)
            return UNUSED
        kind = ValueKind.STATE if raw.IsVariable() else ValueKind.ACTIVATION
        dtype = DType.INT8 if small else DTYPES[raw.Type()]
        tensor = Value(name, shape, dtype, self._quant(raw, where), content, kind)
        needed = -(-tensor.elements // 2) if small else tensor.bytes
        if content is not None and len(content) != needed:
            raise ModelError(
                f"{where} of shape {list(shape)} needs {needed} bytes; its buffer "
                f"{raw.Buffer()} holds {len(content)}",
                hint=DAMAGED_HINT,
            )
        if small and content is not None:
            self.tables.take(tensor.elements)
            tensor = replace(tensor, data=_unpacked(content, tensor.elements))
        return tensor if content is not None else with_first_scale(tensor)

    def content(self, raw: Any, where: str) -> bytes | None:
        """Bytes of a constant, or None for an activation."""
        index, data = raw.Buffer(), self.tables.data
        if not 0 <= index < self.tables.root.BuffersLength():
            raise ModelError(
                f"{where}: buffer {index} of {self.tables.root.BuffersLength()}", hint=DAMAGED_HINT
            )
        buffer = self.tables.checked(self.tables.root.Buffers(index))
        start, size = buffer.Offset(), buffer.Size()
        if start > 1:  # 0 and 1 mark buffers inside the flatbuffer
            if start + size > len(data):
                raise ModelError(
                    f"{where}: buffer {index} is at offset {start}, length {size}; "
                    f"the file has {len(data)} bytes",
                    hint=DAMAGED_HINT,
                )
        else:
            size = buffer.DataLength()
            if not size:
                return None
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            if start + size > len(data):
                raise ValueError(f"buffer {index} of {size} bytes at offset {start}")
        if (start, size) not in self._contents:
            self.tables.take(size)
            self._contents[start, size] = bytes(data[start : start + size])
        return self._contents[start, size] or None

    def _quant(self, raw: Any, where: str) -> Quant | None:
        details = raw.Quantization()
        if details is None:
            return None
        details = self.tables.checked(details)
        scales = tuple(float(scale) for scale in vector(details.ScaleAsNumpy()))
        zeros = tuple(int(zero) for zero in vector(details.ZeroPointAsNumpy()))
        self.tables.take(8 * (len(scales) + len(zeros)))
        if not scales:
            return None
        if len(zeros) <= 1:
            zeros = (zeros or (0,)) * len(scales)  # one, or none, stands for all channels
        if len(zeros) != len(scales):
            raise ModelError(
                f"{where} has {len(scales)} scales, {len(zeros)} zero points", hint=DAMAGED_HINT
            )
        return Quant(scales, zeros, int(details.QuantizedDimension()) if len(scales) > 1 else 0)


def with_first_scale(value: Value) -> Value:
    """The value with its first scale and zero point: TFLM reads no others of an activation."""
    quant = value.quant
    if quant is None or not quant.per_channel:
        return value
    return replace(value, quant=Quant(quant.scale[:1], quant.zero_point[:1]))


def _unpacked(content: bytes, elements: int) -> bytes:
    """4-bit numbers as int8: two a byte, the first in its low half."""
    packed = np.frombuffer(content, np.int8)
    halves = np.stack([np.left_shift(packed, 4) >> 4, packed >> 4], axis=-1)
    return halves.ravel()[:elements].tobytes()


def _tensor_blocker(raw: Any, where: str, shape: tuple[int, ...], small: bool) -> Blocker | None:
    """What is not supported about a tensor's type, storage or shape; `small`: 4-bit constants."""
    if raw.Type() not in DTYPES and not small:
        return Blocker(where, f"type {enum_name('TensorType', raw.Type())} is not supported")
    if raw.Sparsity() is not None or raw.VariantTensorsLength() or raw.ExternalBuffer():
        hint = "convert the model without sparse tensors, into one file"
        return Blocker(where, "sparse, variant and external tensors are not supported", hint)
    if len(shape) > RANK_MAX:
        return Blocker(where, f"more than {RANK_MAX} dimensions")
    if any(size < 1 for size in shape):
        text = f"the dynamic shape {list(shape)} is not supported"
        return Blocker(where, text, "convert the model with fixed input sizes")
    return None
