"""What is done to a float model before it is quantised, so that INT8 costs less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tinyssl.convert.float_graph import channel_statistics, read_float, write_float
from tinyssl.core.config import ConvertConfig
from tinyssl.core.errors import UnsupportedModel
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import Feeds
from tinyssl.graph.passes.bias_correction import correct_biases
from tinyssl.graph.passes.equalise import equalise
from tinyssl.runtimes.litert import Kernels, LitertInterpreter

TOLERANCE = 1e-3
"""Largest change of an output by equalisation, of its range over the samples"""
COMPARED = 8
"""Inputs over which that is checked"""


@dataclass(frozen=True)
class Prepared:
    """Two float models of the same graph."""

    reference: bytes
    """Computes what the given model does; INT8 is measured against it"""
    tuned: bytes
    """What is quantised: its weights and biases allow for the rounding"""
    results: dict[str, int] = field(default_factory=dict)
    """For the record"""


def prepare(
    float32: bytes, feeds: Sequence[Feeds], config: ConvertConfig, progress: Progress
) -> Prepared:
    """Equalises layers and corrects biases, as `config` asks.

    Args:
        float32: Float .tflite.
        feeds: Calibration inputs by the names of that file.
        config: Its `equalise` and `bias_correction`.
        progress: Told of every inference.

    Raises:
        UnsupportedModel: The float graph holds what tinyssl cannot follow.
    """
    if not (config.equalise or config.bias_correction):
        return Prepared(float32, float32)
    model = read_float(float32)
    results: dict[str, int] = {}
    if config.equalise:
        model, count = equalise(model, channel_statistics(model, feeds, progress))
        results["equalised_pairs"] = count
    reference = write_float(model)
    _require_equal(float32, reference, feeds[:COMPARED])
    if config.bias_correction:
        model, count = correct_biases(model, channel_statistics(model, feeds, progress))
        results["corrected_layers"] = count
    return Prepared(reference, write_float(model), results)


def _require_equal(before: bytes, after: bytes, feeds: Sequence[Feeds]) -> None:
    """Refuses an equalised model that computes something else.

    Raises:
        UnsupportedModel: An output changed by more than `TOLERANCE` of its range.
    """
    models = [LitertInterpreter(data, Kernels.OPTIMISED) for data in (before, after)]
    rows = [[list(each.run(each.named(feed)).values()) for feed in feeds] for each in models]
    for old, new in zip(*(zip(*found, strict=True) for found in rows), strict=True):
        expected, found = np.stack(old), np.stack(new)
        scale = float(np.ptp(expected)) or 1.0
        difference = float(np.abs(expected - found).max()) / scale
        if not difference <= TOLERANCE:
            raise UnsupportedModel(
                f"equalisation changed an output by {difference:.3g} of its range; {TOLERANCE:g} "
                "is allowed",
                hint="convert without --equalise",
            )
