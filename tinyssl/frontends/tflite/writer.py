"""`ir.Model` to a TFLite flatbuffer in canonical form: small, self-contained, deterministic.

* All constants inside the flatbuffer, aligned to 16 bytes: TensorFlow Lite Micro reads constants
  in place and reads those behind the flatbuffer as uninitialised data, without an error.
* Equal constants, quantisation arrays, shapes and options are stored once.
* Tensors in order of first use; unused ones, names (but those of inputs and outputs), signatures
  and metadata are left out.

Two things stay because LiteRT asks for them (TensorFlow Lite Micro does without): a zero point for
every channel, shared between tensors of equal length, and the scales of the biases, without which
XNNPACK takes only parts of the graph.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinyssl.frontends.tflite.lowering import first_value_ops, handle_ops, lower
from tinyssl.frontends.tflite.packing import aligned_vector
from tinyssl.frontends.tflite.tables import IDENTIFIER, SCHEMA_VERSION
from tinyssl.frontends.tflite.tensors import DTYPES
from tinyssl.graph.model import Model, Quant, ValueKind
from tinyssl.ops.common.tflite import FileOp, Lowering

TYPE_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
BYTE_CODES = 127
"""Operator codes above it do not fit the deprecated one-byte field, which then holds it"""


def write_model(model: Model) -> bytes:
    """The model as a TFLite file; equal models give equal bytes.

    Reading it back gives the same model but for names, unused tensors and operator numbers, and,
    where a padding is neither SAME nor VALID, with a PAD in front of the convolution.

    Raises:
        UnsupportedModel: An operator that TFLite cannot say.
    """
    lowered = lower(model)
    first = WrittenSubgraph((), (), first_value_ops(lowered))
    main = WrittenSubgraph(
        model.inputs, model.outputs, (*handle_ops(lowered, bool(first.ops)), *lowered.ops)
    )
    return _File(lowered, [main, first] if first.ops else [main]).pack()


@dataclass(frozen=True)
class WrittenSubgraph:
    """What one subgraph holds; tensors by their index in the model."""

    inputs: Sequence[int]
    outputs: Sequence[int]
    ops: Sequence[FileOp]

    @cached_property
    def order(self) -> dict[int, int]:
        """Tensor of the model -> tensor of the subgraph, in order of first use."""
        used = [*self.inputs]
        for op in self.ops:
            used += [index for index in (*op.inputs, *op.outputs) if index >= 0]
        return {old: new for new, old in enumerate(dict.fromkeys([*used, *self.outputs]))}


class _File:
    """One flatbuffer while it is written. Children come before their parents."""

    def __init__(self, lowered: Lowering, parts: Sequence[WrittenSubgraph]) -> None:
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema

        self.schema: Any = schema
        self.builder: Any = flatbuffers.Builder(1 << 16)
        self.parts = parts
        self.handles = lowered.handles
        self.tensors = lowered.tensors
        self.shared: dict[Hashable, int] = {}
        used = [index for part in parts for index in part.order if index not in self.handles]
        found = dict.fromkeys(self.tensors[index].data for index in used)
        self.contents = [b"", *(data for data in found if data is not None)]
        ops = (op for part in parts for op in part.ops)
        self.codes = list(dict.fromkeys((op.kind, op.version) for op in ops))

    def pack(self) -> bytes:
        buffers = self._offsets([self._buffer(content) for content in self.contents])
        graphs = [self._graph(part) for part in self.parts]
        root = self._write_table(
            "Model",
            Version=SCHEMA_VERSION,
            OperatorCodes=self._offsets([self._code(*code) for code in self.codes]),
            Subgraphs=self._offsets(graphs),
            Buffers=buffers,
        )
        self.builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(self.builder.Output())

    def _graph(self, part: WrittenSubgraph) -> int:
        numbers = {content: number for number, content in enumerate(self.contents)}
        tensors = self._offsets([self._tensor(index, part, numbers) for index in part.order])
        operators = self._offsets([self._operator(op, part) for op in part.ops])
        return self._write_table(
            "SubGraph",
            Tensors=tensors,
            Inputs=self._vector("i4", [part.order[index] for index in part.inputs]),
            Outputs=self._vector("i4", [part.order[index] for index in part.outputs]),
            Operators=operators,
        )

    # Tables of the schema.

    def _buffer(self, content: bytes) -> int:
        if not content:
            return self._write_table("Buffer")
        return self._write_table("Buffer", Data=aligned_vector(self.builder, content))

    def _tensor(self, index: int, part: WrittenSubgraph, buffers: dict[bytes, int]) -> int:
        if index in self.handles:
            kind = self.schema.TensorType.RESOURCE
            return self._write_table("Tensor", Shape=self._vector("i4", ()), Type=kind, Buffer=0)
        tensor = self.tensors[index]
        fields: dict[str, Any] = {
            "Shape": self._vector("i4", tensor.shape),
            "Type": TYPE_NUMBERS[tensor.dtype],
            "Buffer": buffers[tensor.data or b""],
        }
        if tensor.quant is not None:
            fields["Quantization"] = self._quant(tensor.quant)
        if tensor.kind is ValueKind.STATE:
            fields["IsVariable"] = True
        for name, ends in (("input", part.inputs), ("output", part.outputs)):
            if index in ends:
                own = name if len(ends) == 1 else tensor.name
                fields["Name"] = self.builder.CreateSharedString(own)
        return self._write_table("Tensor", **fields)

    def _quant(self, quant: Quant) -> int:
        fields: dict[str, Any] = {
            "Scale": self._vector("f4", quant.scale),
            "ZeroPoint": self._vector("i8", quant.zero_point),
            "QuantizedDimension": quant.axis,
        }
        return self._write_table("QuantizationParameters", **fields)

    def _code(self, kind: str, version: int) -> int:
        name, _, custom = kind.partition(" ")  # `CUSTOM Blend`
        number = getattr(self.schema.BuiltinOperator, name)
        fields = {"CustomCode": self.builder.CreateSharedString(custom)} if custom else {}
        return self._write_table(
            "OperatorCode",
            DeprecatedBuiltinCode=min(number, BYTE_CODES),
            BuiltinCode=number,
            Version=version,
            **fields,
        )

    def _operator(self, op: FileOp, part: WrittenSubgraph) -> int:
        options = {}
        if op.options:
            fields = {name: self._field(value) for name, value in op.fields.items()}
            options = {
                "BuiltinOptionsType": getattr(self.schema.BuiltinOptions, op.options),
                "BuiltinOptions": self._write_table(op.options, **fields),
            }
        if op.custom:
            options["CustomOptions"] = self.builder.CreateByteVector(op.custom)
        return self._write_table(
            "Operator",
            OpcodeIndex=self.codes.index((op.kind, op.version)),
            Inputs=self._vector("i4", [part.order.get(index, -1) for index in op.inputs]),
            Outputs=self._vector("i4", [part.order[index] for index in op.outputs]),
            **options,
        )

    def _field(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.builder.CreateSharedString(value)
        return self._vector("i4", value) if isinstance(value, list) else value

    # What tables are made of.

    def _write_table(self, name: str, **fields: Any) -> int:
        """A table; equal ones are stored once, which the format allows for all but the root."""
        key = (name, tuple(fields.items()))
        if key not in self.shared:
            getattr(self.schema, f"{name}Start")(self.builder)
            for field, value in fields.items():
                getattr(self.schema, f"{name}Add{field}")(self.builder, value)
            self.shared[key] = getattr(self.schema, f"{name}End")(self.builder)
        return self.shared[key]

    def _vector(self, dtype: str, values: Sequence[float]) -> int:
        array = np.array(values, dtype=f"<{dtype}")
        key = (dtype, array.tobytes())
        if key not in self.shared:
            self.shared[key] = self.builder.CreateNumpyVector(array)
        return self.shared[key]

    def _offsets(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())
