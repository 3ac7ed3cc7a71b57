"""int16 activations where int8 loses most: a few layers, until the loss is small enough."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import FLOAT, LEVELS, Ranges, rounded, with_zero
from tinyssl.core.errors import InterpreterFailed, ModelError, UnsupportedModel
from tinyssl.core.progress import Progress
from tinyssl.frontends.tflite import Skeleton, read_skeleton
from tinyssl.graph.interface import Feeds
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.sqnr import decibels

INPUTS = 32
"""Calibration inputs over which the noise of each activation is measured"""
VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


@dataclass(frozen=True)
class Quantised:
    """A quantised model."""

    written: bytes
    """As ai-edge-quantizer writes it"""
    canonical: bytes
    oracle: TflmInterpreter
    drop: float
    """What `Search.drop` says of it; nan where nobody asked"""
    wide: tuple[str, ...] = ()
    """Kinds of the operators whose int16 outputs were chosen, the worst first"""

    def as_results(self) -> dict[str, Any]:
        """What a record says of it."""
        model = self.oracle.model
        return {
            "model_bytes": len(self.canonical),
            "model_bytes_before": len(self.written),
            "constant_bytes": sum(value.bytes for value in model.tensors if value.constant),
            "operators": len(model.ops),
            "int16_activations": list(self.wide),
        }


@dataclass(frozen=True)
class Search:
    """How many int16 activations a model may get."""

    most: int
    """Activations, at most; 0: none, and `drop` is not asked"""
    max_drop: float
    """With this loss the search ends"""
    drop: Callable[[TflmInterpreter], float]
    """Loss of an INT8 model"""


def quantise_within(
    data: bytes,
    ranges: Ranges,
    feeds: Sequence[Feeds],
    search: Search,
    log: Path,
    progress: Progress,
) -> Quantised:
    """INT8, with int16 activations as far as the loss asks for them.

    Activations are widened by their own rounding noise, the worst first, each with the operators
    that write and read it; what the quantiser, tinyssl or TFLM do not have in int16 is passed over.
    Of all tries that with the least loss counts.

    Args:
        data: Float .tflite.
        ranges: Of every activation.
        feeds: Calibration inputs, in the file's order.
        search: How far to go.
        log: Where the quantiser's own output is added.
        progress: Told of every step.

    Raises:
        UnsupportedModel: The model cannot be quantised at all.
    """
    best = _quantised(data, ranges, log, {})
    if not search.most:
        return best
    best = _judged(best, search)
    chosen: dict[str, Collection[str]] = {}
    skeleton = read_skeleton(data)
    for name in noisiest(data, ranges, feeds):
        if best.drop <= search.max_drop or len(chosen) == search.most:
            break
        tried = chosen | {name: _around(skeleton, name)}
        try:
            last = _judged(_quantised(data, ranges, log, tried), search)
        except (UnsupportedModel, ModelError, InterpreterFailed):
            continue
        chosen = tried
        progress.note(f"{len(chosen)} int16 activations: loses {last.drop:.2f} points")
        best = min(best, last, key=lambda each: each.drop)
    return best


def _judged(found: Quantised, search: Search) -> Quantised:
    return replace(found, drop=search.drop(found.oracle))


def _quantised(
    data: bytes, ranges: Ranges, log: Path, wide: dict[str, Collection[str]]
) -> Quantised:
    names = {each for names in wide.values() for each in names}
    written = quantise(data, ranges, log, sorted(names))
    canonical = canonicalise(written)
    writers = {each.name: op.kind for op in read_skeleton(data).ops for each in op.outputs}
    kinds = tuple(writers[name] for name in wide)
    return Quantised(written, canonical, TflmInterpreter(canonical), float("nan"), kinds)


def noisiest(data: bytes, ranges: Ranges, feeds: Sequence[Feeds]) -> list[str]:
    """Activations inside the graph by the SQNR of their own 8 bits, the lowest first.

    Args:
        data: Float .tflite.
        ranges: Of every activation.
        feeds: Calibration inputs, in the file's order.
    """
    skeleton = read_skeleton(data)
    inner = [
        each
        for op in skeleton.ops
        for each in op.outputs
        if each.type == FLOAT and each.index not in skeleton.output_indices and op.kind not in VIEWS
    ]
    interpreter = LitertInterpreter(data, Kernels.OPTIMISED, keep_tensors=True)
    indices = [each.index for each in inner]
    energy = np.zeros((2, len(inner)))
    for feed in feeds[:INPUTS]:
        _, arrays = interpreter.run_keeping(interpreter.named(feed), indices)
        for at, (each, array) in enumerate(zip(inner, arrays, strict=True)):
            low, high = with_zero(ranges[each.name])
            noise = array - rounded(array, low, (high - low) / LEVELS)
            energy[:, at] += np.square(array).sum(), np.square(noise).sum()
    ratios = [decibels(float(signal), float(lost)) for signal, lost in energy.T]
    return [inner[at].name for at in np.argsort(ratios, kind="stable")]


def _around(skeleton: Skeleton, name: str) -> set[str]:
    """First outputs of the operators that write and read an activation."""
    return {
        op.outputs[0].name
        for op in skeleton.ops
        if name in {each.name for each in (*op.inputs, *op.outputs)}
    }
