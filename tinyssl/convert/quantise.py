"""Float .tflite to INT8: weights and activations, through ai-edge-quantizer."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np

from tinyssl.convert.ranges import Ranges
from tinyssl.core.errors import ToolMissing, UnsupportedModel
from tinyssl.frontends.tflite import read_model, read_skeleton
from tinyssl.frontends.tflite.packing import pack, take_inside
from tinyssl.graph.model import Quant
from tinyssl.runtimes.capture import captured

UNIT_QUANT = Quant((float(np.float32(1) / np.float32(255)),), (-128,))
"""The input's: [0, 1] in 8 bits; a pixel of 0 to 255 is q = pixel - 128, exactly"""


def quantise(
    data: bytes, ranges: Ranges, log: Path | None = None, wide: Collection[str] = ()
) -> bytes:
    """INT8 weights (a scale a channel), activations, inputs and outputs.

    Args:
        data: Float .tflite.
        ranges: Of every activation, by name; see `convert.ranges`.
        log: Where the quantiser's own output is added; None: nowhere.
        wide: Names of what the operators with int16 activations write.

    Returns:
        A .tflite as ai-edge-quantizer writes it: not canonical.

    Raises:
        ToolMissing: ai-edge-quantizer is not installed.
        UnsupportedModel: It cannot quantise the model.
    """
    with captured() as printed:
        result = _quantise(data, ranges, wide)
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(printed.text)
    return result


def require_unit_input(data: bytes) -> None:
    """Refuses an INT8 model whose input is not [0, 1] in 8 bits.

    Raises:
        UnsupportedModel: The input did not get the quantisation of [0, 1].
    """
    found = read_model(data).input.quant
    if found != UNIT_QUANT:
        raise UnsupportedModel(
            f"the quantised input has {found}, expected {UNIT_QUANT}",
            hint="the model must take samples in [0, 1]",
        )


def _quantise(data: bytes, ranges: Ranges, wide: Collection[str]) -> bytes:
    try:
        from ai_edge_quantizer import quantizer, recipe
    except ImportError as error:
        raise ToolMissing(
            f"ai-edge-quantizer is not installed: {error}", hint="pip install 'tinyssl[train]'"
        ) from error
    ranks = {each.name: len(each.shape) for each in read_skeleton(data).activations}
    calibration = {
        name: {
            "min": np.full([1] * ranks[name], low, dtype=np.float32),
            "max": np.full([1] * ranks[name], high, dtype=np.float32),
        }
        for name, (low, high) in ranges.items()
    }
    worker = quantizer.Quantizer(bytearray(data), recipe.static_wi8_ai8())
    for name in wide:
        worker.add_static_config(f"^{re.escape(name)};$", "*", 16, 8)
    try:
        result = worker.quantize(calibration, enable_progress_report=False).quantized_model
    except Exception as error:  # whatever it raises on an operator that it does not know
        raise UnsupportedModel(
            f"ai-edge-quantizer cannot quantise the model: {error}",
            hint="leave out the layer that it names, or quantise the model where you made it",
        ) from error
    return _with_unread_parts(bytes(result))


def _with_unread_parts(data: bytes) -> bytes:
    """ai-edge-quantizer leaves a part of a SPLIT in float32 where nothing reads it: it becomes as
    the other parts are.
    """
    from ai_edge_litert import schema_py_generated as schema

    file = schema.ModelT.InitFromPackedBuf(data, 0)
    take_inside(file, data)
    (graph,) = file.subgraphs
    read = {int(index) for op in graph.operators for index in op.inputs} | set(graph.outputs)
    changed = False
    for op in graph.operators:
        parts = [graph.tensors[index] for index in op.outputs]
        typed = [part for index, part in zip(op.outputs, parts, strict=True) if index in read]
        for index, part in zip(op.outputs, parts, strict=True):
            if index not in read and typed and part.type != typed[0].type:
                part.type, part.quantization = typed[0].type, typed[0].quantization
                changed = True
    return pack(file) if changed else data
