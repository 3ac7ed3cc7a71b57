"""The INT8 model against the float model it was made from, on the calibration inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinyssl.core.progress import Progress
from tinyssl.data.class_order import class_scores
from tinyssl.graph.interface import Feeds
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.inputs import nearest_feed
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.sqnr import LayerSqnr, decibels, dequantised, feeds_sqnr

INPUTS = 32
"""Calibration inputs that are compared"""


@dataclass(frozen=True)
class QuantisationNoise:
    """What INT8 costs."""

    layers: tuple[LayerSqnr, ...]
    """Those that both models have"""
    output_db: float
    """How much more the worst output varies from input to input than INT8 changes it, in dB"""
    agreement: float
    """Share of the inputs for which the first output names the same class"""
    inputs: int
    """Over so many inputs"""


def compare(
    float_data: bytes,
    oracle: TflmInterpreter,
    feeds: Sequence[Feeds],
    progress: Progress,
) -> QuantisationNoise:
    """Float against INT8, output by output and layer by layer.

    Args:
        float_data: Float .tflite.
        oracle: The INT8 model; its inputs are in the float model's order.
        feeds: Inputs of the float model, in its order.
        progress: Told of every input.
    """
    litert = LitertInterpreter(float_data, Kernels.OPTIMISED, keep_tensors=True)
    pairs = [(litert.named(feed), nearest_feed(oracle.inputs, feed)) for feed in feeds[:INPUTS]]
    rows: list[list[tuple[Array, Array]]] = []
    with progress.track("INT8 against float", len(pairs), "input") as task:
        for floats, codes in pairs:
            found = [
                dequantised(value, array)
                for value, array in zip(oracle.outputs, oracle.run(codes).values(), strict=True)
            ]
            rows.append(list(zip(litert.run(floats).values(), found, strict=True)))
            task.advance()
    worst = min(_ratio(column) for column in zip(*rows, strict=True))
    same = sum(_answer(expected) == _answer(found) for (expected, found), *_ in rows)
    layers = feeds_sqnr(float_data, litert, oracle, pairs)
    return QuantisationNoise(layers, worst, same / len(pairs), len(pairs))


def _ratio(column: Sequence[tuple[Array, Array]]) -> float:
    """Of one output: variation over the inputs to error, both by their medians, in dB.

    What all inputs have in common, as a large bias, is no signal; one extreme input counts as one.
    """
    expected, found = (
        np.stack([each.astype(np.float64).ravel() for each in side])
        for side in zip(*column, strict=True)
    )
    centred = expected - np.median(expected, axis=0) if len(expected) > 1 else expected
    signal = float(np.median(np.square(centred).sum(axis=1)))
    return decibels(signal, float(np.median(np.square(expected - found).sum(axis=1))))


class FloatAnswers:
    """How often INT8 forms of one model name another class than the float model.

    Args:
        float_data: Float .tflite.
        feeds: Inputs of it, in its order.
    """

    def __init__(self, float_data: bytes, feeds: Sequence[Feeds]) -> None:
        self.feeds = feeds
        self.float_data = float_data

    @cached_property
    def answers(self) -> list[int]:
        """Of the float model."""
        litert = LitertInterpreter(self.float_data, Kernels.OPTIMISED)
        runs = (litert.run(litert.named(feed)) for feed in self.feeds)
        return [_answer(next(iter(outputs.values()))) for outputs in runs]

    def drop(self, oracle: TflmInterpreter) -> float:
        """Inputs with another class by the first output, in percent."""
        runs = (oracle.run(nearest_feed(oracle.inputs, feed)) for feed in self.feeds)
        first = (next(iter(outputs.values())) for outputs in runs)
        found = (_answer(dequantised(oracle.outputs[0], codes)) for codes in first)
        other = sum(mine != right for mine, right in zip(found, self.answers, strict=True))
        return 100 * other / len(self.feeds)


def _answer(scores: Array) -> int:
    """The class with the largest score; a lone score is the probability of the second of two."""
    return int(class_scores(scores.reshape(1, -1)).argmax())
