"""TFLite flatbuffer to `ir.Model`.

The schema is that of `tensorflow/compiler/mlir/lite/schema/schema.fbs`, read through the generated
object API of ai-edge-litert. Tensor indices of the model are those of the file, also after a tensor
is no longer used, so that results can be compared tensor by tensor with an interpreter.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np

from tinyssl.errors import ModelError, UnsupportedModel
from tinyssl.ir.model import DType, Model, Quant, Tensor
from tinyssl.ir.ops import OPS, Op
from tinyssl.tflite.read_ops import READERS, OperatorContext

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

# TensorType of the schema -> our types.
DTYPES = {
    0: DType.FLOAT32,
    2: DType.INT32,
    4: DType.INT64,
    7: DType.INT16,
    9: DType.INT8,
}

# What the object API raises when an offset, a length or a string of a damaged file is followed.
DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    KeyError,
)

DAMAGED_HINT = "the file is truncated or not a TFLite model; convert or copy it again"


def read_model(data: bytes, name: str = "model") -> Model:
    """Reads a TFLite file.

    Args:
        data: The whole file, also the buffers that lie behind the flatbuffer.
        name: Name of the model, for reports and generated code.

    Returns:
        The graph with explicit paddings; tensor indices are those of the file.

    Raises:
        ModelError: The file is damaged; the message holds offset and length.
        UnsupportedModel: An operator, version, type or shape that tinyssl does not do.
    """
    _check_header(data)
    try:
        root = _unpack(data)
        graph = _only_subgraph(root)
        tensors = tuple(_tensor(data, root, index) for index in range(len(graph.tensors)))
        ops = tuple(
            _operator(root, operator, index, tensors)
            for index, operator in enumerate(graph.operators)
        )
        inputs, outputs = _ends(graph)
    except DAMAGE as error:
        raise ModelError(
            f"damaged model file of {len(data)} bytes: {error}", hint=DAMAGED_HINT
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    return Model(name, tensors, ops, inputs, outputs, source_sha256=digest)


def _check_header(data: bytes) -> None:
    if len(data) < 8:
        raise ModelError(f"{len(data)} bytes are too few for a model file", hint=DAMAGED_HINT)
    if data[4:8] != IDENTIFIER:
        raise ModelError(
            f"bytes 4 to 7 are {data[4:8]!r}, a TFLite file has {IDENTIFIER!r}", hint=DAMAGED_HINT
        )
    root = int.from_bytes(data[:4], "little")
    if root + 4 > len(data):
        raise ModelError(
            f"the root table is at offset {root} of {len(data)} bytes", hint=DAMAGED_HINT
        )


def _unpack(data: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(data, 0)
    if root.version != SCHEMA_VERSION:
        raise UnsupportedModel(
            f"schema version {root.version}; supported is {SCHEMA_VERSION}",
            hint="convert the model again with a current converter",
        )
    return root


def _only_subgraph(root: Any) -> Any:
    count = len(root.subgraphs or [])
    if count != 1:
        raise UnsupportedModel(
            f"the file holds {count} subgraphs; exactly one is supported",
            hint="convert a single signature, without control flow",
        )
    graph = root.subgraphs[0]
    if not graph.operators:
        raise UnsupportedModel("the graph holds no operators", hint=DAMAGED_HINT)
    return graph


def _ends(graph: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the inputs and outputs of the graph."""
    ends = []
    for what, indices in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        found = tuple(_in_range(int(index), len(graph.tensors)) for index in indices)
        if len(found) != 1:
            raise UnsupportedModel(
                f"the graph has {len(found)} {what}; exactly one is supported",
                hint="convert a model with one input and one output tensor",
            )
        ends.append(found)
    return ends[0], ends[1]


def _in_range(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise ModelError(f"tensor index {index} of {count} tensors", hint=DAMAGED_HINT)
    return index


def _tensor(data: bytes, root: Any, index: int) -> Tensor:
    raw = root.subgraphs[0].tensors[index]
    name = (raw.name or b"").decode("utf-8", "replace") or f"t{index}"
    where = f"tensor {index} ({name})"
    if raw.type not in DTYPES:
        raise UnsupportedModel(
            f"{where} has type {_type_name(raw.type)}; supported are "
            + ", ".join(dtype.value for dtype in DTYPES.values()),
            hint="quantise the model to int8 with `tinyssl convert`",
        )
    if raw.isVariable or raw.sparsity is not None:
        raise UnsupportedModel(f"{where} is a variable or sparse", hint="neither is supported")
    shape = tuple(int(size) for size in (raw.shape if raw.shape is not None else ()))
    signature = tuple(raw.shapeSignature if raw.shapeSignature is not None else ())
    # The batch (first) dimension may be free: the file's own shape holds the 1 that is planned.
    if any(size < 1 for size in shape) or any(size < 0 for size in signature[1:]):
        raise UnsupportedModel(
            f"{where} has the dynamic shape {list(map(int, signature or shape))}",
            hint="convert the model with fixed input sizes",
        )
    tensor = Tensor(name, shape, DTYPES[raw.type], _quant(raw, where))
    content = _content(data, root, raw.buffer, where)
    if content is None:
        return tensor
    if len(content) != tensor.bytes:
        raise ModelError(
            f"{where} of shape {list(shape)} needs {tensor.bytes} bytes; its buffer {raw.buffer} "
            f"holds {len(content)}",
            hint=DAMAGED_HINT,
        )
    return Tensor(name, shape, tensor.dtype, tensor.quant, content)


def _type_name(number: int) -> str:
    from ai_edge_litert import schema_py_generated as schema

    names = {value: key for key, value in vars(schema.TensorType).items() if key.isupper()}
    return str(names.get(number, number))


def _content(data: bytes, root: Any, index: int, where: str) -> bytes | None:
    """Bytes of a constant, or None for an activation."""
    if not 0 <= index < len(root.buffers):
        raise ModelError(f"{where}: buffer {index} of {len(root.buffers)}", hint=DAMAGED_HINT)
    buffer = root.buffers[index]
    if buffer.offset > 1:  # 0 and 1 mark buffers inside the flatbuffer
        end = buffer.offset + buffer.size
        if end > len(data):
            raise ModelError(
                f"{where}: buffer {index} is at offset {buffer.offset}, length {buffer.size}; "
                f"the file has {len(data)} bytes",
                hint=DAMAGED_HINT,
            )
        return bytes(data[buffer.offset : end]) or None
    if buffer.data is None or len(buffer.data) == 0:
        return None
    return bytes(np.asarray(buffer.data, dtype=np.uint8).tobytes())


def _quant(raw: Any, where: str) -> Quant | None:
    details = raw.quantization
    if details is None or details.scale is None or len(details.scale) == 0:
        return None
    scales = tuple(float(scale) for scale in details.scale)
    zeros = tuple(int(zero) for zero in ([] if details.zeroPoint is None else details.zeroPoint))
    if len(zeros) <= 1:
        zeros = (zeros or (0,)) * len(scales)  # one, or none, stands for all channels
    if len(zeros) != len(scales):
        raise ModelError(f"{where} has {len(scales)} scales, {len(zeros)} zero points")
    return Quant(scales, zeros, int(details.quantizedDimension) if len(scales) > 1 else 0)


def _operator(root: Any, raw: Any, index: int, tensors: tuple[Tensor, ...]) -> Op:
    code = root.operatorCodes[raw.opcodeIndex]
    kind = _kind(code)
    label = f"#{index} {kind}"
    if kind not in READERS:
        raise UnsupportedModel(
            f"{label}: operator is not supported", hint="supported: " + ", ".join(OPS)
        )
    reader = READERS[kind]
    if not 1 <= code.version <= reader.max_version:
        raise UnsupportedModel(
            f"{label}: version {code.version}; supported are 1 to {reader.max_version}",
            hint="convert the model with int8 weights and activations",
        )
    inputs = tuple(
        -1 if number == -1 else _in_range(int(number), len(tensors)) for number in raw.inputs
    )
    outputs = tuple(_in_range(int(number), len(tensors)) for number in raw.outputs)
    least, most = reader.inputs
    if not least <= len(inputs) <= most or len(outputs) != 1 or -1 in inputs[:least]:
        raise ModelError(
            f"{label}: {len(inputs)} inputs and {len(outputs)} outputs; "
            f"it has {least} to {most} inputs and one output",
            hint=DAMAGED_HINT,
        )
    context = OperatorContext(index, label, inputs, outputs[0], tensors, raw.builtinOptions)
    return reader.read(context)


def _kind(code: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    # Old files have the code in a byte, new ones in an int32; the unused one is 0 or 127.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    names = {value: key for key, value in vars(schema.BuiltinOperator).items() if key.isupper()}
    name = str(names.get(number, f"operator {number}"))
    if name == "CUSTOM":
        return f"CUSTOM {(code.customCode or b'').decode('utf-8', 'replace')}"
    return name
