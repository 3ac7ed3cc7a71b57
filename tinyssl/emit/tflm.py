"""A model and TensorFlow Lite Micro as C++: the array, the interpreter behind `engine.h`.

The generated files are project code; no source of TFLM is among them. How the sources of TFLM come
into the build is `tinyssl.build.tflm`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tinyssl.errors import ModelError, UnsupportedModel
from tinyssl.ir.model import DType, Model, Tensor
from tinyssl.paths import templates_folder
from tinyssl.tflite import read_model

ADDERS = {
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "FULLY_CONNECTED": "AddFullyConnected",
    "ADD": "AddAdd",
    "PAD": "AddPad",
    "MEAN": "AddMean",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "MAX_POOL_2D": "AddMaxPool2D",
    "RESHAPE": "AddReshape",
    "SOFTMAX": "AddSoftmax",
}
"""Operator -> method of MicroMutableOpResolver that registers its kernel"""

FILES = ("engine_tflm.cc", "model_data.h", "model_data.cc", "tflm_log.h", "tflm_log.cc")

BYTES_A_ROW = 16
ALIGNMENT = 16


def render_tflm(model: Model, data: bytes, arena_bytes: int) -> dict[str, str]:
    """The `tflm` engine for one model.

    Args:
        model: The model, for its name. Passes may have changed its graph: what is rendered is the
            graph of `data`, because that is what TFLM runs.
        data: The canonical .tflite; it goes into the image byte for byte.
        arena_bytes: Size of the tensor arena; see `tinyssl.build.tflm.arena_bytes`.

    Returns:
        `engine_tflm.cc`, `model_data.{h,cc}` and `tflm_log.{h,cc}`; equal input gives equal text.

    Raises:
        UnsupportedModel: Weights lie outside the flatbuffer, or the input or output is not int8.
        ModelError: The file is damaged, or the arena cannot hold the input.
    """
    check_inline(data)
    graph = read_model(data, model.name)
    for tensor in (graph.input, graph.output):
        _check_int8(tensor)
    if arena_bytes % ALIGNMENT or arena_bytes < graph.input.bytes:
        raise ModelError(
            f"an arena of {arena_bytes} bytes; {graph.name} needs a multiple of {ALIGNMENT} and "
            f"{graph.input.bytes} for its input alone",
            hint="give what tinyssl.build.tflm.arena_bytes() returns",
        )
    context = _context(graph, data, arena_bytes)
    environment = _environment()
    return {name: environment.get_template(f"tflm/{name}.j2").render(context) for name in FILES}


def operator_kinds(model: Model) -> tuple[str, ...]:
    """Kinds of operators that the model uses, each once, sorted."""
    return tuple(sorted({op.kind for op in model.ops}))


def check_inline(data: bytes) -> None:
    """Refuses a model whose buffers lie behind the flatbuffer.

    TFLM knows only buffers inside: it takes the others for tensors without data, allocates them in
    the arena and computes with what happens to be there, without any error.

    Raises:
        UnsupportedModel: There are such buffers.
        ModelError: The file is damaged.
    """
    from ai_edge_litert import schema_py_generated as schema

    try:
        root = schema.Model.GetRootAs(data, 0)
        outside = [
            index for index in range(root.BuffersLength()) if root.Buffers(index).Offset() > 1
        ]
    except Exception as error:  # whatever following a damaged offset raises
        raise ModelError(f"damaged model file of {len(data)} bytes: {error}") from error
    if outside:
        raise UnsupportedModel(
            f"{len(outside)} buffers lie outside the flatbuffer (the first is buffer {outside[0]}); "
            "TFLM would compute with uninitialised weights",
            hint="make it canonical: `tinyssl convert` writes such a file",
        )


def _check_int8(tensor: Tensor) -> None:
    if tensor.dtype != DType.INT8 or tensor.quant is None:
        raise UnsupportedModel(
            f"{tensor.name} is {tensor.dtype.value}; the firmware feeds and reads quantised int8",
            hint="convert with int8 input and output",
        )


def _context(graph: Model, data: bytes, arena_bytes: int) -> dict[str, Any]:
    """All that the templates see."""
    assert graph.input.quant is not None  # checked by _check_int8
    assert graph.output.quant is not None
    return {
        "name": _c_text(graph.name),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "rows": list(_rows(data)),
        "ops": [op.label for op in graph.ops],
        "adders": [ADDERS[kind] for kind in operator_kinds(graph)],
        "arena_bytes": arena_bytes,
        "input_bytes": graph.input.bytes,
        "input_shape": _shape_text(graph.input),
        "output_bytes": graph.output.bytes,
        "output_shape": _shape_text(graph.output),
        "input_is_uint8": int(graph.input.quant.zero_point[0] == -128),
        "output_zero_point": graph.output.quant.zero_point[0],
        "output_milli_q16": round(1000 * graph.output.quant.scale[0] * 2**16),
    }


def _rows(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), BYTES_A_ROW):
        yield "".join(f"0x{byte:02x}," for byte in data[start : start + BYTES_A_ROW])


def _shape_text(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) + " int8"


def _c_text(name: str) -> str:
    """The name, safe inside a C string and a comment."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  C++, not HTML
    )
