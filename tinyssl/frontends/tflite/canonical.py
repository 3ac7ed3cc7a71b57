"""What a file must have so that a microcontroller reads what was written into it."""

from __future__ import annotations

from typing import Any

from tinyssl.frontends.tflite.reader import read_model
from tinyssl.frontends.tflite.tables import damage_as_error
from tinyssl.frontends.tflite.tensors import DTYPES


def is_canonical(data: bytes) -> list[str]:
    """Why TensorFlow Lite Micro would misread this file; empty when it will not.

    It uses constants in place. Those that lie behind the flatbuffer (as ai-edge-quantizer writes
    large ones) it takes for activations, whose memory is uninitialised; those at odd addresses
    fault on cores without unaligned access.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: It holds something that tinyssl does not do.
    """
    read_model(data)  # damaged files end here, with a message
    return misplaced(data)


def misplaced(data: bytes) -> list[str]:
    """`is_canonical` of a file that the reader accepts.

    Raises:
        ModelError: The file is damaged.
    """
    from ai_edge_litert import schema_py_generated as schema

    with damage_as_error(data):
        root = schema.Model.GetRootAs(data, 0)
        graph = root.Subgraphs(0)
        problems = [_problem(root, graph.Tensors(index)) for index in range(graph.TensorsLength())]
    return [f"tensor {index}: {text}" for index, text in enumerate(problems) if text]


def _problem(root: Any, tensor: Any) -> str:
    import numpy as np

    number = tensor.Buffer()
    buffer = root.Buffers(number)
    if buffer.Offset() > 1:
        return (
            f"buffer {number} of {buffer.Size()} bytes lies outside the flatbuffer, "
            f"at offset {buffer.Offset()}"
        )
    if buffer.DataIsNone() or buffer.DataLength() == 0:
        return ""
    position = buffer._tab.Vector(buffer._tab.Offset(4))
    if tensor.Type() not in DTYPES:
        return ""  # nobody uses it, or `read_model` had refused it
    size = np.dtype(DTYPES[tensor.Type()].value).itemsize
    if position % size:
        return f"buffer {number} at offset {position} is not aligned to {size} bytes"
    return ""
