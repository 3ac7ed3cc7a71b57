"""Writes into a file what it may leave out, but TensorFlow Lite Micro and LiteRT need.

All of it follows from the rest of the file, so the model stays the same; without it an interpreter
ends its process or computes something else:

* zero points of 0 for a tensor that has scales alone (TFLM takes it as not quantised);
* what an operator's `TfliteFormat.complete` adds, as the bias of DEPTHWISE_CONV_2D;
* paddings and axes as int32 (TFLM reads int64 ones as if they were).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinyssl.core.text import printable
from tinyssl.frontends.tflite.tables import IDENTIFIER, damage_as_error
from tinyssl.ops import OPS
from tinyssl.ops.common.spec import OpSpec
from tinyssl.ops.common.tflite import FileEdit


@dataclass(frozen=True)
class Completed:
    """A file that interpreters can take."""

    data: bytes
    """The file itself where nothing was missing; tensor indices are the same in any case"""
    added: tuple[str, ...]
    """What was written in: `#1 DEPTHWISE_CONV_2D: a bias of zeros`"""


def complete(data: bytes) -> Completed:
    """The file with all that it leaves out.

    Args:
        data: A file that `read_model` and `graph.verify` accept, with all constants inside.

    Raises:
        ModelError: It is damaged in a part that those do not read.
    """
    from ai_edge_litert import schema_py_generated as schema

    with damage_as_error(data):
        root = schema.ModelT.InitFromPackedBuf(data, 0)
        added = [text for step in STEPS for text in step(schema, root)]
        return Completed(_packed(root), tuple(added)) if added else Completed(data, ())


def first_operators(data: bytes, count: int) -> bytes:
    """The file cut off after so many operators; what the last of them wrote is its output."""
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = root.subgraphs[0]
    graph.operators = graph.operators[:count]
    written = [op.outputs for op in graph.operators if op.outputs is not None and len(op.outputs)]
    graph.outputs = written[-1] if written else graph.inputs
    root.signatureDefs = []
    return _packed(root)


def _packed(root: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(root.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _zero_points(_: Any, root: Any) -> list[str]:
    graph, added = root.subgraphs[0], []
    for index in sorted(_used(graph)):
        quant = graph.tensors[index].quantization
        if quant is None or quant.scale is None or len(quant.scale) == 0:
            continue
        if quant.zeroPoint is None or len(quant.zeroPoint) == 0:
            quant.zeroPoint = np.zeros(len(quant.scale), np.int64)
            name = printable((graph.tensors[index].name or b"").decode("utf-8", "replace"))
            added.append(f"tensor {index} ({name or f't{index}'}): a zero point of 0")
    return added


def _used(graph: Any) -> set[int]:
    """Tensors that an operator reads or writes."""
    return {
        int(index)
        for operator in graph.operators
        for index in (*operator.inputs, *operator.outputs)
        if index >= 0
    }


def _operator_gaps(schema: Any, root: Any) -> list[str]:
    """What the operators' own functions write in."""
    graph, added = root.subgraphs[0], []
    for index, operator, spec in _operators(schema, root):
        if spec.tflite.complete is not None:
            add_constant = partial(_constant, schema, root)
            edit = FileEdit(operator, graph.tensors, add_constant, schema)
            label = f"#{index} {spec.kind}"
            added += [f"{label}: {text}" for text in spec.tflite.complete(edit)]
    return added


def _indices(schema: Any, root: Any) -> list[str]:
    graph, added = root.subgraphs[0], []
    for index, operator, spec in _operators(schema, root):
        for place in spec.tflite.int32_inputs:
            wide = graph.tensors[int(operator.inputs[place])]
            if wide.type != schema.TensorType.INT64:
                continue
            values = np.asarray(root.buffers[wide.buffer].data, np.uint8).view("<i8")
            narrow = _constant(schema, root, values.astype("<i4").reshape(wide.shape))
            narrow.name = wide.name
            inputs = [int(number) for number in operator.inputs]
            inputs[place] = len(graph.tensors) - 1
            operator.inputs = inputs
            added.append(f"#{index} {spec.kind}: its {ORDINALS[place]} input as int32")
    return added


STEPS: Sequence[Callable[[Any, Any], list[str]]] = (_zero_points, _operator_gaps, _indices)
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _operators(schema: Any, root: Any) -> list[tuple[int, Any, OpSpec[Any]]]:
    """Position, table and specification of each operator."""
    specs = {getattr(schema.BuiltinOperator, kind, None): spec for kind, spec in OPS.items()}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in root.operatorCodes]
    return [
        (index, operator, specs[codes[operator.opcodeIndex]])
        for index, operator in enumerate(root.subgraphs[0].operators)
        if codes[operator.opcodeIndex] in specs
    ]


def _constant(schema: Any, root: Any, values: Any) -> Any:
    """A new tensor, behind all others."""
    buffer, tensor = schema.BufferT(), schema.TensorT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    root.buffers.append(buffer)
    tensor.shape = np.array(values.shape, np.int32)
    tensor.type = schema.TensorType.INT32
    tensor.buffer = len(root.buffers) - 1
    tensor.name = b""
    root.subgraphs[0].tensors.append(tensor)
    return tensor
