"""What is done to a float model before it is quantised, so that INT8 costs less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tinyssl.convert.float_graph import (
    Batches,
    channel_statistics,
    int8_quants,
    read_float,
    write_float,
)
from tinyssl.convert.gelu import lower_gelus
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import Ranges
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
    """Computes what the given model does, but for GELUs (`gelu.py`); INT8 is measured against it"""
    tuned: bytes
    """What is quantised: its weights and biases allow for the rounding"""
    results: dict[str, float] = field(default_factory=dict)
    """For the record: `lowered_gelus`, `gelu_change` (of the range of an output, in float32),
    `equalised_pairs`, `corrected_layers`"""


def prepare(
    float32: bytes, feeds: Sequence[Feeds], config: ConvertConfig, progress: Progress
) -> Prepared:
    """Puts operators that TFLM has in the place of each GELU; equalises layers and corrects
    biases, as `config` asks.

    Args:
        float32: Float .tflite.
        feeds: Calibration inputs by the names of that file.
        config: Its `equalise` and `bias_correction`; for `finetune_epochs` the graph is rewritten.
        progress: Told of every inference.

    Raises:
        UnsupportedModel: The float graph holds what tinyssl cannot follow.
    """
    exact, (float32, gelus) = float32, lower_gelus(float32)
    results: dict[str, float] = {}
    if gelus:
        change = _largest_change(exact, float32, feeds[:COMPARED])
        results |= {"lowered_gelus": gelus, "gelu_change": round(change, 6)}
    if not (config.equalise or config.bias_correction or config.finetune_epochs):
        return Prepared(float32, float32, results)
    model = read_float(float32)
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
    difference = _largest_change(before, after, feeds)
    if not difference <= TOLERANCE:
        raise UnsupportedModel(
            f"equalisation changed an output by {difference:.3g} of its range; {TOLERANCE:g} "
            "is allowed",
            hint="convert without --equalise",
        )


def _largest_change(before: bytes, after: bytes, feeds: Sequence[Feeds]) -> float:
    """Of any output, as a share of its range over the samples; no number where one is none."""
    models = [LitertInterpreter(data, Kernels.OPTIMISED) for data in (before, after)]
    rows = [[list(each.run(each.named(feed)).values()) for feed in feeds] for each in models]
    changes = []
    for old, new in zip(*(zip(*found, strict=True) for found in rows), strict=True):
        expected, found = np.stack(old), np.stack(new)
        scale = float(np.ptp(expected)) or 1.0
        changes.append(float(np.abs(expected - found).max()) / scale)
    return float(np.max(changes))


def learn_rounding(
    float32: bytes,
    ranges: Ranges,
    batches: Batches,
    count: int,
    config: ConvertConfig,
    progress: Progress,
) -> tuple[bytes, dict[str, float]]:
    """The float model after fine-tuning with the rounding of INT8, and figures for the record.

    Args:
        float32: What `prepare` tuned; its names are those of `write_float`.
        ranges: Of its activations; they hold for the new model too.
        batches: Samples as the model takes them.
        count: How many there are.
        config: Its `finetune_epochs`; with 0 nothing is done.
        progress: Told of every batch.

    Raises:
        TrainingError: The loss is no number any more.
        UnsupportedModel: The graph has operators that fine-tuning cannot compute.
    """
    if not config.finetune_epochs:
        return float32, {}
    from tinyssl.convert.finetune import FinetuneSchedule, finetune  # torch takes seconds to load

    model = read_float(float32)
    quants = int8_quants(model, quantise(float32, ranges))
    schedule = FinetuneSchedule(config.finetune_epochs)
    tuned = finetune(model, quants, batches, count, schedule, progress)
    figures = {"finetune_loss_before": tuned.before, "finetune_loss_after": tuned.after}
    return write_float(tuned.model), figures
