"""A model and TensorFlow Lite Micro as C++: the array, and the interpreter behind `engine.h`.

The generated files are project code; no source of TFLM is among them. How the sources of TFLM come
into the build is `tinyssl.project.tflm`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tinyssl.codegen.context import input_is_uint8, mlperf_id, output_milli_q16
from tinyssl.codegen.literals import comment_text, string_literal
from tinyssl.codegen.render import render
from tinyssl.codegen.tensors import END_KINDS, table_context
from tinyssl.codegen.tflm_operators import tflm_kernel
from tinyssl.core.errors import UnsupportedModel, UsageError
from tinyssl.core.sources import Sources
from tinyssl.frontends.tflite import (
    complete,
    count_variables,
    operator_kinds,
    read_model,
    read_outline,
    simplify,
)
from tinyssl.graph.model import Model

FILES = ("engine_tflm.cc", "model_data.h", "model_data.cc", "tflm_log.h", "tflm_log.cc")

BYTES_A_ROW = 16
ARENA_ALIGNMENT = 16
"""TFLM aligns every buffer of the arena to 16 bytes, from wherever it starts"""


def render_tflm(model: Model, data: bytes, arena_bytes: int) -> Sources:
    """The `tflm` engine for one model.

    Args:
        model: The model, for its name. Passes may have changed its graph: what is rendered is the
            graph of `data`, because that is what TFLM runs.
        data: The .tflite; it goes into the image byte for byte, with what it leaves out and TFLM
            needs written in, and without what it can do without
            (`tinyssl.frontends.tflite.simplify`).
        arena_bytes: Size of the tensor arena; see `tinyssl.project.tflm.arena_bytes`.

    Returns:
        `engine_tflm.cc`, `model_data.{h,cc}` and `tflm_log.{h,cc}`; equal input gives equal text.

    Raises:
        ModelError: It is damaged.
        UnsupportedModel: An operator that the engine does not build.
        UsageError: The arena is not a multiple of 16, or cannot even hold the inputs.
    """
    shipped = tflm_file(data)
    graph = read_outline(shipped, model.name)
    least = sum(graph.tensor(index).bytes for index in graph.inputs)
    if arena_bytes % ARENA_ALIGNMENT or arena_bytes < least:
        raise UsageError(
            f"an arena of {arena_bytes} bytes; {graph.name} needs a multiple of {ARENA_ALIGNMENT} "
            f"and {least} for its inputs alone",
            hint="take what tinyssl.project.tflm.arena_bytes() measures",
        )
    context = _context(graph, data, shipped, arena_bytes)
    return {name: render(f"tflm/{name}.j2", context) for name in FILES}


def tflm_file(data: bytes) -> bytes:
    """The .tflite that TFLM is given: completed and, where our reader takes it, simplified.

    Raises:
        ModelError: The file is damaged.
    """
    try:
        return simplify(data, read_model(data)).data
    except UnsupportedModel:
        return complete(data).data


def _context(graph: Model, source: bytes, data: bytes, arena_bytes: int) -> dict[str, Any]:
    """All that the templates see.

    Args:
        graph: Outline of `data`.
        source: The file that is built.
        data: What TFLM is given of it.
        arena_bytes: Size of the arena.
    """
    return {
        "name": comment_text(graph.name),
        "mlperf_literal": string_literal(mlperf_id(graph)),
        "sha256": hashlib.sha256(source).hexdigest(),
        "size": len(data),
        "rows": [
            _format_bytes(data[start : start + BYTES_A_ROW])
            for start in range(0, len(data), BYTES_A_ROW)
        ],
        "ops": [op.label for op in graph.ops],
        "variables": count_variables(data),
        "adders": [tflm_kernel(kind).adder for kind in operator_kinds(data)],
        "arena_bytes": arena_bytes,
        **table_context(graph, END_KINDS),
        "input_is_uint8": input_is_uint8(graph),
        "output_milli_q16": output_milli_q16(graph),
    }


def _format_bytes(part: bytes) -> str:
    return " ".join(f"0x{byte:02x}," for byte in part)
