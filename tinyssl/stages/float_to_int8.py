"""What both forms of the stage `convert` do with a float .tflite, and how they record its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.convert.compare import FloatAnswers
from tinyssl.convert.files import FLOAT_FILE, MODEL_FILE
from tinyssl.convert.float_graph import Batches
from tinyssl.convert.mixed import Quantised, Search, quantise_within
from tinyssl.convert.prepare import learn_rounding, prepare
from tinyssl.convert.ranges import Ranges, measure_ranges
from tinyssl.core.config import ConvertConfig
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunWriter, write_atomic
from tinyssl.frontends.tflite import read_skeleton
from tinyssl.graph.interface import Feeds
from tinyssl.verify.accuracy import Quality


@dataclass(frozen=True)
class QuantisationSamples:
    """What a float model is quantised with."""

    feeds: Sequence[Feeds]
    """They calibrate: inputs by name, in the file's order"""
    input_ranges: Ranges
    """Of inputs, by the given file's names, that samples do not decide"""
    training: Batches
    """Fine-tuning learns from them"""
    training_count: int


@dataclass(frozen=True)
class Converted:
    """Float and INT8."""

    float32: bytes
    """Float .tflite that INT8 is measured against"""
    int8: Quantised


def float_to_int8(
    run: RunWriter,
    float32: bytes,
    samples: QuantisationSamples,
    config: ConvertConfig,
    progress: Progress,
) -> Converted:
    """Quantises as `config` asks, and stores both models.

    Args:
        run: Has the converter's log already.
        float32: Float .tflite.
        samples: That calibrate it, and that it may learn from.
        config: Ranges, what is done before them, int16 layers.
        progress: Told of every step.

    Raises:
        TrainingError: Fine-tuning went astray.
        ToolMissing: The extra `train` is not installed.
        UnsupportedModel: The model cannot be quantised.
    """
    prepared = prepare(float32, samples.feeds, config, progress)
    write_atomic(run.file("float_model", FLOAT_FILE), prepared.reference)
    run.results(**prepared.results)
    measured = measure_ranges(prepared.tuned, samples.feeds, progress, config.ranges)
    ranges = measured | _of_inputs(float32, prepared.tuned, samples.input_ranges)
    tuned, figures = learn_rounding(
        prepared.tuned, ranges, samples.training, samples.training_count, config, progress
    )
    run.results(**figures)
    drop = FloatAnswers(prepared.reference, samples.feeds).drop  # not labels: they judge
    search = Search(config.int16_layers, config.max_drop, drop)
    log = run.record.path("log")
    found = quantise_within(tuned, ranges, samples.feeds, search, log, progress)
    write_atomic(run.file("model", MODEL_FILE), found.canonical)
    run.results(**found.as_results(), tflm_arena_bytes=found.oracle.arena_bytes)
    return Converted(prepared.reference, found)


def _of_inputs(given: bytes, tuned: bytes, ranges: Ranges) -> Ranges:
    """Ranges of the given model's inputs by the names of the tuned one's: places count."""
    pairs = zip(read_skeleton(given).inputs, read_skeleton(tuned).inputs, strict=True)
    return {new.name: ranges[old.name] for old, new in pairs if old.name in ranges}


def record_quality(run: RunWriter, quality: Quality, max_drop: float) -> None:
    """Stores how good both models are.

    Raises:
        AccuracyDrop: INT8 loses more than `max_drop` points.
    """
    run.results(**quality.as_results(), test_images=quality.samples)
    quality.gate(max_drop)
