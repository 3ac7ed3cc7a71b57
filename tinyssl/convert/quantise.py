"""Float .tflite to INT8: weights and activations, through ai-edge-quantizer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tinyssl.core.errors import ToolMissing, UnsupportedModel
from tinyssl.core.progress import Progress, Silent
from tinyssl.data.spec import Samples, to_unit
from tinyssl.frontends.tflite import read_model, read_skeleton
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Quant
from tinyssl.runtimes.capture import captured
from tinyssl.runtimes.litert import Kernels, LitertInterpreter

UNIT_QUANT = Quant((float(np.float32(1) / np.float32(255)),), (-128,))
"""The input's: [0, 1] in 8 bits; a pixel of 0 to 255 is q = pixel - 128, exactly"""

Range = tuple[float, float]
"""Smallest and largest value"""


FLOAT = "FLOAT32"


def quantise(data: bytes, ranges: dict[str, Range], log: Path | None = None) -> bytes:
    """INT8 weights (a scale a channel), activations, inputs and outputs.

    Args:
        data: Float .tflite.
        ranges: Of every activation, by name; see `activation_ranges`.
        log: Where the quantiser's own output is added; None: nowhere.

    Returns:
        A .tflite as ai-edge-quantizer writes it: not canonical.

    Raises:
        ToolMissing: ai-edge-quantizer is not installed.
        UnsupportedModel: It cannot quantise the model.
    """
    with captured() as printed:
        result = _quantise(data, ranges)
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


def activation_ranges(
    data: bytes, samples: Samples, progress: Progress | None = None
) -> dict[str, Range]:
    """Smallest and largest value of every activation over `samples`; the input's is [0, 1].

    Args:
        data: Float .tflite with one input in [0, 1], channels last.
        samples: (n, …), in a dtype of `FeatureSpec`.
        progress: Told of every sample.
    """
    interpreter = LitertInterpreter(data, Kernels.OPTIMISED, keep_tensors=True)
    (value,) = interpreter.inputs
    feeds = ({value.name: to_unit(sample).reshape(value.shape)} for sample in samples)
    found = extremes(data, interpreter, feeds, len(samples), progress)
    (start,) = read_skeleton(data).inputs
    return found | {start.name: (0.0, 1.0)}


def extremes(
    data: bytes,
    interpreter: LitertInterpreter,
    feeds: Iterable[Feeds],
    count: int,
    progress: Progress | None = None,
) -> dict[str, Range]:
    """Smallest and largest value of every float activation.

    ai-edge-quantizer's own calibration is a moving average (0.95): it depends on the order of the
    samples and forgets all but the last few dozen. On a MobileNetV2 trained on the digits it gives
    18.3 dB at the logits, the extremes over the same 256 images 23.8 dB.

    Args:
        data: Float .tflite.
        interpreter: Runs it, and keeps its tensors.
        feeds: Inputs by name, one an inference.
        count: How many.
        progress: Told of every sample.
    """
    written = [each for op in read_skeleton(data).ops for each in op.outputs if each.type == FLOAT]
    outputs = [each.index for each in written]
    low, high = np.full(len(outputs), np.inf), np.full(len(outputs), -np.inf)
    with (progress or Silent()).track("calibration", count, "sample") as task:
        for feed in feeds:
            _, values = interpreter.run_keeping(feed, outputs)
            low = np.minimum(low, [value.min() for value in values])
            high = np.maximum(high, [value.max() for value in values])
            task.advance()
    return {
        each.name: (float(least), float(most))
        for each, least, most in zip(written, low, high, strict=True)
    }


def _quantise(data: bytes, ranges: dict[str, Range]) -> bytes:
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
    try:
        return bytes(worker.quantize(calibration, enable_progress_report=False).quantized_model)
    except Exception as error:  # whatever it raises on an operator that it does not know
        raise UnsupportedModel(
            f"ai-edge-quantizer cannot quantise the model: {error}",
            hint="leave out the layer that it names, or quantise the model where you made it",
        ) from error
