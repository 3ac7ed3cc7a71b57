"""The stage `convert --model`: a float model of any framework in, canonical INT8 .tflite out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.convert.compare import compare
from tinyssl.convert.files import (
    CALIBRATION_FILE,
    CALIBRATION_SEED,
    LAYERS_FILE,
    LOG_FILE,
)
from tinyssl.convert.float_graph import stacked
from tinyssl.convert.frameworks import file_of, framework_of
from tinyssl.convert.frameworks.base import Shape
from tinyssl.convert.frameworks.labelled import LabelledFeeds, measure_labelled, read_labelled
from tinyssl.convert.frameworks.open import OpenedModel, open_model
from tinyssl.convert.ranges import Ranges
from tinyssl.core.config import ConvertConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import AccuracyDrop, UsageError
from tinyssl.core.paths import require_path
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, RunWriter, Workspace, write_json
from tinyssl.graph.interface import Feeds
from tinyssl.stages.float_to_int8 import (
    Converted,
    QuantisationSamples,
    float_to_int8,
    record_quality,
)
from tinyssl.verify.host import note_changes
from tinyssl.verify.sqnr import LayerSqnr

LEAST_DB = 0.0
"""With less, INT8 changes an output more than another input does"""
WORST = 3
"""Layers that an error names"""


def convert_model(config: ConvertConfig, workspace: Workspace, progress: Progress) -> RunRecord:
    """A float model to canonical INT8 TFLite, checked at each step.

    The converted float model must give the framework's own outputs, so that a bad conversion is
    told from a bad quantisation; then every layer of INT8 is compared with float.

    Args:
        config: Model, calibration data, preprocessing.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        AccuracyDrop: An output of the INT8 model is noise, or it loses more than `config.max_drop`
            points on the labelled samples; the record stays, failed.
        UsageError: No model that converts, or no calibration data.
        DataError: The calibration data do not fit the model.
        ToolMissing: The framework's packages are not installed.
        UnsupportedModel: The model does not convert.
    """
    inputs = _inputs(config)
    run = workspace.start("convert", _settings(config), seed=CALIBRATION_SEED, inputs=inputs)
    with run:
        progress.note(f"converting {config.model}")
        opened = open_model(
            str(config.model),
            [_shape(text) for text in config.input_shape],
            inputs["calibration"],
            config.calibration_images,
            config.pixels,
            run.file("log", LOG_FILE),
        )
        note_changes(opened.changes, progress)
        _quantise(run, config, opened, progress)
    return run.record


def converted_before(config: ConvertConfig, workspace: Workspace) -> RunRecord | None:
    """The run that `convert_model` would only repeat: same settings, same model, same data.

    Raises:
        UsageError: As `convert_model`.
    """
    inputs = _inputs(config)
    return workspace.same("convert", _settings(config), inputs)


def _settings(config: ConvertConfig) -> dict[str, Any]:
    """What a record says of the options: paths are absolute."""
    paths = {
        name: getattr(config, name) and str(Path(getattr(config, name)).absolute())
        for name in ("model", "calibration", "test_data", "labels")
    }
    return config_json(config) | paths


def _inputs(config: ConvertConfig) -> dict[str, Path]:
    """What is read; all of it is there."""
    if config.model is not None:
        framework_of(config.model)  # a wrong file is told before missing data
    calibration = config.calibration or config.test_data
    if config.model is None or calibration is None:
        raise UsageError(
            "a model is quantised with samples of what it will see",
            hint="name them with --calibration: a folder of pictures, an .npz, a .csv, …",
        )
    given = {"calibration": calibration, "test_data": config.test_data, "labels": config.labels}
    found = {name: path for name, path in given.items() if path is not None}
    for name, path in found.items():
        require_path(path, f"--{name.replace('_', '-')}")
    return {"model": file_of(config.model)} | found


def _shape(text: str) -> Shape:
    """`1x3x32x32` or `1,3,32,32`.

    Raises:
        UsageError: It is no shape.
    """
    sizes = text.replace("x", ",").split(",")
    if not all(size.strip().isdigit() and int(size) for size in sizes):
        raise UsageError(f"--input-shape {text!r} is no shape", hint="write it as 1x3x32x32")
    return tuple(int(size) for size in sizes)


def _quantise(
    run: RunWriter, config: ConvertConfig, opened: OpenedModel, progress: Progress
) -> None:
    _save_feeds(run.file("calibration", CALIBRATION_FILE), opened)
    run.results(
        framework=opened.framework,
        float_difference=opened.difference,
        float_compared=opened.compared,
        calibration_samples=len(opened.feeds),
        pixels=config.pixels,
        **({"changes": "; ".join(opened.changes)} if opened.changes else {}),
    )
    labelled = _labelled(config, opened.float32)
    feeds = opened.feeds
    fixed = {} if config.pixels is None else _extremes(feeds)  # pixels are never clipped
    samples = QuantisationSamples(feeds, fixed, stacked(feeds), len(feeds))
    converted = float_to_int8(run, opened.float32, samples, config, progress)
    _compare(run, converted, feeds, progress)
    if labelled is not None:
        quality = measure_labelled(converted.float32, converted.int8.oracle, labelled, progress)
        record_quality(run, quality, config.max_drop)


def _labelled(config: ConvertConfig, float32: bytes) -> LabelledFeeds | None:
    """Samples that judge the INT8 model; None where there are none."""
    if config.test_data is None:
        return None
    return read_labelled(config.test_data, float32, config.pixels, config.labels)


def _compare(
    run: RunWriter, converted: Converted, feeds: Sequence[Feeds], progress: Progress
) -> None:
    noise = compare(converted.float32, converted.int8.oracle, feeds, progress)
    write_json(run.file("layers", LAYERS_FILE), [_row(layer) for layer in noise.layers])
    run.results(
        sqnr_db_output=round(noise.output_db, 2),
        agreement=noise.agreement,
        compared=noise.inputs,
    )
    if noise.output_db < LEAST_DB:
        raise AccuracyDrop(
            f"the INT8 model's output is noise: INT8 changes it more than other inputs do "
            f"({noise.output_db:.1f} dB). Most is lost in {_worst(noise.layers)}",
            hint="calibrate with samples like those that it will see (check --pixels), or try "
            "--ranges mse, --equalise and --int16-layers",
        )


def _extremes(feeds: Sequence[Feeds]) -> Ranges:
    """Of each input, with 0, by name."""
    columns = {name: [feed[name] for feed in feeds] for name in feeds[0]}
    return {
        name: (min(0.0, float(np.min(column))), max(0.0, float(np.max(column))))
        for name, column in columns.items()
    }


def _save_feeds(path: Path, opened: OpenedModel) -> None:
    names = list(opened.feeds[0])
    arrays: dict[str, Any] = {
        str(at): np.stack([feed[name] for feed in opened.feeds]) for at, name in enumerate(names)
    }
    np.savez_compressed(path, allow_pickle=False, names=np.array(names, np.str_), **arrays)


def _row(layer: LayerSqnr) -> dict[str, Any]:
    shape = list(layer.shape)
    return {"index": layer.index, "kind": layer.kind, "shape": shape, "sqnr_db": layer.sqnr_db}


def _worst(layers: Sequence[LayerSqnr]) -> str:
    """The layers where the ratio falls most against the layer before."""
    drops = [(before.sqnr_db - layer.sqnr_db, layer) for before, layer in pairwise(layers)]
    worst = sorted(drops, key=lambda drop: -drop[0])[:WORST]
    return ", ".join(f"#{layer.index} {layer.kind} (-{drop:.1f} dB)" for drop, layer in worst)
