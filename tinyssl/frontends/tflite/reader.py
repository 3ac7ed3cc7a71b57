"""TFLite flatbuffer to `ir.Model`.

The schema is that of `tensorflow/compiler/mlir/lite/schema/schema.fbs`, read through the generated
code of ai-edge-litert. Tensor indices of the model are those of the file, also after a tensor
is no longer used, so that results can be compared tensor by tensor with an interpreter.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.core.text import printable
from tinyssl.frontends.tflite.diagnosis import RawGraph, RawOp, RawTensor, diagnose
from tinyssl.frontends.tflite.tables import (
    DAMAGED_HINT,
    RANK_MAX,
    Tables,
    damage_as_error,
    enum_name,
    vector,
)
from tinyssl.graph.blockers import blocked
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.model import DType, Model, Op, Quant, Value, ValueKind
from tinyssl.graph.verify import find_blockers
from tinyssl.ops import OPS
from tinyssl.ops.common.tflite import OperatorContext, TfliteFormat

# TensorType of the schema -> our types.
DTYPES = {
    0: DType.FLOAT32,
    2: DType.INT32,
    3: DType.UINT8,
    4: DType.INT64,
    6: DType.BOOL,
    7: DType.INT16,
    9: DType.INT8,
}

UNUSED = Value("unused", (1,), DType.INT8)
"""Stands for a tensor that no operator reads or writes, or whose type is not known"""


def read_model(data: bytes, name: str = "model") -> Model:
    """Reads a TFLite file.

    Args:
        data: The whole file, also the buffers that lie behind the flatbuffer.
        name: Name of the model, for reports and generated code.

    Returns:
        The graph with explicit paddings; tensor indices are those of the file.

    Raises:
        ModelError: The file is damaged; the message holds offset and length.
        UnsupportedModel: Operators, versions, types or shapes that tinyssl does not do: all of
            them, also what `graph.verify` would find.
    """
    with damage_as_error(data):
        return _Reader(data, name).read()


class _Reader:
    """One file while it is read."""

    def __init__(self, data: bytes, name: str) -> None:
        self.tables = Tables(data)
        self.name = name
        self.count = self.tables.graph.TensorsLength()
        self.blockers = self.tables.blockers
        self.unreadable: set[int] = set()
        """Tensors of a type or shape that is not supported"""
        self.contents: dict[tuple[int, int], bytes] = {}
        """Start and length in the file -> bytes: buffers may be shared"""

    def read(self) -> Model:
        """The model, or all that speaks against it."""
        graph = self.tables.graph
        inputs, outputs = (
            self._indices(graph.InputsAsNumpy()),
            self._indices(graph.OutputsAsNumpy()),
        )
        raw_ops = [self._raw_op(index) for index in range(graph.OperatorsLength())]
        used = {index for op in raw_ops for index in (*op.inputs, *op.outputs) if index >= 0}
        used |= {*inputs, *outputs}
        tensors = tuple(
            self._tensor(index) if index in used else UNUSED for index in range(self.count)
        )
        found = [self._operator(op, tensors) for op in raw_ops]
        ops = tuple(op for op in found if op is not None)
        digest = hashlib.sha256(self.tables.data).hexdigest()
        model = Model(self.name, tensors, ops, inputs, outputs, digest)
        if self.blockers:
            raw = RawGraph(tuple(raw_ops), self._raw_tensors(used, tensors), inputs, outputs)
            raise blocked(diagnose(raw, [*self.blockers, *_further(model)]))
        return model

    def _indices(self, numbers: object) -> tuple[int, ...]:
        return tuple(_in_range(int(number), self.count) for number in vector(numbers))

    def _raw_op(self, index: int) -> RawOp:
        operator = self.tables.operator(index)
        kind, _ = self.tables.kind(operator)
        inputs = (int(number) for number in vector(operator.InputsAsNumpy()))
        return RawOp(
            index,
            kind,
            tuple(-1 if number == -1 else _in_range(number, self.count) for number in inputs),
            self._indices(operator.OutputsAsNumpy()),
        )

    def _raw_tensors(self, used: set[int], tensors: tuple[Value, ...]) -> dict[int, RawTensor]:
        found = {}
        for index in used:
            raw = self.tables.tensor(index)
            kind = enum_name("TensorType", raw.Type())
            constant = tensors[index].constant or self._content(raw, "") is not None
            found[index] = RawTensor(self._tensor_name(index, raw), kind, constant)
        return found

    def _tensor_name(self, index: int, raw: Any) -> str:
        name = printable((raw.Name() or b"").decode("utf-8", "replace"))
        self.tables.take(len(name))
        return name or f"t{index}"

    def _tensor(self, index: int) -> Value:
        """A tensor that is used; what is not supported about it becomes a blocker."""
        raw = self.tables.tensor(index)
        name = self._tensor_name(index, raw)
        where = f"tensor {index} ({name})"
        shape = tuple(int(size) for size in vector(raw.ShapeAsNumpy())[: RANK_MAX + 1])
        signature = [int(size) for size in vector(raw.ShapeSignatureAsNumpy())[: RANK_MAX + 1]]
        blocker = _tensor_blocker(raw, where, shape, signature)
        if blocker is not None:
            self.blockers.append(blocker)
            self.unreadable.add(index)
            return UNUSED
        content = self._content(raw, where)
        kind = ValueKind.STATE if raw.IsVariable() else ValueKind.ACTIVATION
        tensor = Value(name, shape, DTYPES[raw.Type()], self._quant(raw, where), content, kind)
        if content is not None and len(content) != tensor.bytes:
            raise ModelError(
                f"{where} of shape {list(shape)} needs {tensor.bytes} bytes; its buffer "
                f"{raw.Buffer()} holds {len(content)}",
                hint=DAMAGED_HINT,
            )
        if tensor.quant is not None and content is None and tensor.quant.per_channel:
            raise ModelError(
                f"{where} is an activation with more than one scale: {len(tensor.quant.scale)}",
                hint=DAMAGED_HINT,
            )
        return tensor

    def _content(self, raw: Any, where: str) -> bytes | None:
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
        if (start, size) not in self.contents:
            self.tables.take(size)
            self.contents[start, size] = bytes(data[start : start + size])
        return self.contents[start, size] or None

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

    def _operator(self, raw: RawOp, tensors: tuple[Value, ...]) -> Op | None:
        """The operator; None where it has a blocker."""
        operator = self.tables.operator(raw.index)
        _, version = self.tables.kind(operator)
        spec = OPS.get(raw.kind)
        if spec is None:
            self.blockers.append(Blocker(raw.label, "operator is not supported"))
            return None
        form = spec.tflite
        if not 1 <= version <= form.max_version:
            text = f"version {version}; supported are 1 to {form.max_version}"
            hint = "convert the model with int8 weights and activations"
            self.blockers.append(Blocker(raw.label, text, hint))
            return None
        _check_arity(raw, form)
        if not self.unreadable.isdisjoint((*raw.inputs, *raw.outputs)):
            return None
        context = OperatorContext(
            raw.index,
            raw.label,
            raw.inputs,
            raw.outputs,
            tensors,
            self._options(raw, operator, form.options),
        )
        try:
            read: Op = form.read(context)
            return read
        except UnsupportedModel as error:
            self.blockers += error.blockers
            return None

    def _options(self, raw: RawOp, operator: Any, table: str) -> Any:
        if not table:
            return None
        try:
            return self.tables.options(operator, table)
        except ValueError as error:
            raise ModelError(f"{raw.label}: {error}", hint=CONTRADICTION_HINT) from error


def _check_arity(raw: RawOp, form: TfliteFormat[Any]) -> None:
    least, most = form.inputs
    fewest, many = form.outputs
    inputs, outputs = len(raw.inputs), len(raw.outputs)
    wrong = not least <= inputs <= most or not fewest <= outputs <= many
    if wrong or -1 in raw.inputs[:least]:
        writes = "one output" if many == 1 else f"{fewest} to {many} outputs"
        raise ModelError(
            f"{raw.label}: {inputs} inputs and {outputs} outputs; "
            f"it has {least} to {most} inputs and {writes}",
            hint=DAMAGED_HINT,
        )


def _in_range(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise ModelError(f"tensor index {index} of {count} tensors", hint=DAMAGED_HINT)
    return index


def _tensor_blocker(
    raw: Any, where: str, shape: tuple[int, ...], signature: list[int]
) -> Blocker | None:
    """What is not supported about a tensor's type, storage or shape."""
    if raw.Type() not in DTYPES:
        return Blocker(where, f"type {enum_name('TensorType', raw.Type())} is not supported")
    if raw.Sparsity() is not None or raw.VariantTensorsLength() or raw.ExternalBuffer():
        hint = "convert the model without sparse tensors, into one file"
        return Blocker(where, "sparse, variant and external tensors are not supported", hint)
    if len(shape) > RANK_MAX:
        return Blocker(where, f"more than {RANK_MAX} dimensions")
    # The batch (first) dimension may be free: the file's own shape holds the 1 that is planned.
    if any(size < 1 for size in shape) or any(size < 0 for size in signature[1:]):
        text = f"the dynamic shape {signature or list(shape)} is not supported"
        return Blocker(where, text, "convert the model with fixed input sizes")
    return None


def _further(model: Model) -> list[Blocker]:
    """What the verifier finds in the operators that could be read."""
    try:
        return find_blockers(model)
    except ModelError:
        return []  # what is left of the graph need not make sense
