"""Flatbuffers in which all constants lie inside, aligned to 16 bytes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinyssl.frontends.tflite.tables import IDENTIFIER

ALIGNMENT = 16
"""Of constants: TensorFlow Lite Micro reads them in place"""


def aligned_vector(builder: Any, content: bytes) -> int:
    """Writes bytes that start at a multiple of `ALIGNMENT`; returns their offset."""
    builder.StartVector(1, len(content), ALIGNMENT)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    return int(builder.EndVector())


def take_inside(root: Any, data: bytes) -> int:
    """Takes the constants that lie behind a flatbuffer into a `ModelT`; returns how many.

    Args:
        root: Unpacked from `data`.
        data: The whole file.
    """
    outside = [buffer for buffer in root.buffers if buffer.offset > 1]
    for buffer in outside:
        content = data[buffer.offset : buffer.offset + buffer.size]
        buffer.data, buffer.offset, buffer.size = np.frombuffer(content, np.uint8), 0, 0
    return len(outside)


def pack(root: Any) -> bytes:
    """The file of a `ModelT`, whose buffers hold their data as numpy arrays of bytes."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    for buffer in root.buffers:
        buffer.Pack = partial(_pack_buffer, schema, buffer)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(root.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _pack_buffer(schema: Any, buffer: Any, builder: Any) -> int:
    empty = buffer.data is None or len(buffer.data) == 0
    data = 0 if empty else aligned_vector(builder, bytes(buffer.data))
    schema.BufferStart(builder)
    if not empty:
        schema.BufferAddData(builder, data)
    schema.BufferAddOffset(builder, buffer.offset)
    schema.BufferAddSize(builder, buffer.size)
    return int(schema.BufferEnd(builder))
