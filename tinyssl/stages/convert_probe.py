"""The stage `convert`: probe run in, canonical INT8 .tflite out, with its accuracy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyssl.convert.files import CALIBRATION_SEED, LOG_FILE, TEST_FILE
from tinyssl.convert.quantise import require_unit_input
from tinyssl.convert.ranges import UNIT, unit_feeds
from tinyssl.convert.trace import Classifier, trace
from tinyssl.core.config import ConvertConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import DataError, TrainingError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record
from tinyssl.data import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.data.spec import to_unit
from tinyssl.frontends.tflite import read_skeleton
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.backbones.storage import load_tensors
from tinyssl.learn.tasks import Task, task_of_dataset, task_record, warn_if_changed
from tinyssl.stages.float_to_int8 import (
    Converted,
    QuantisationSamples,
    float_to_int8,
    record_quality,
)
from tinyssl.verify.accuracy import measure_quality
from tinyssl.verify.subject import TestSplit


def convert_probe(config: ConvertConfig, workspace: Workspace, progress: Progress) -> RunRecord:
    """Backbone and linear head of a probe run to canonical INT8 TFLite.

    Stores the float and the INT8 model and the test split, and measures both on it.

    Args:
        config: Which run, calibration, gate.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        AccuracyDrop: INT8 loses more than `config.max_drop` points; the record stays, failed.
        UsageError: No finished probe run, or not one.
        DataError: The images are not those of the probe run any more.
        ToolMissing: The extra `train` is not installed.
        UnsupportedModel: The model does not convert.
    """
    source = (
        read_record(workspace.run_folder(config.run)) if config.run else workspace.latest("probe")
    )
    if source.kind != "probe":
        raise UsageError(f"{source.folder} is a {source.kind} run", hint="name a probe run")
    data = data_config_of(source)
    dataset = load_dataset(data, progress)
    _require_same(dataset, source)
    task = task_of_dataset(dataset)
    warn_if_changed(task, source)
    content = config_json(replace(config, run=source.folder.absolute()))
    content |= {"data": data_config_json(data)} | task_record(task)
    run = workspace.start(
        "convert",
        content,
        seed=CALIBRATION_SEED,
        inputs={"backbone": source.path("backbone"), "head": source.path("head")},
        data=dataset.as_record(),
    )
    with run:
        run.results(task=task.name)
        softmax = config.softmax and task.ends_in_softmax
        model = load_classifier(source, softmax=softmax)
        converted = _convert(model, dataset, config, run, progress)
        split = _test_split(dataset, task)
        _store_test_split(run, split, converted)
        quality = measure_quality(converted.float32, converted.int8.oracle, split, progress)
        record_quality(run, quality, config.max_drop)
    return run.record


def _require_same(dataset: Dataset, source: RunRecord) -> None:
    expected = source.data.get("fingerprint")
    if expected != dataset.fingerprint:
        raise DataError(
            f"the images of {source.folder} have changed: fingerprint {dataset.fingerprint[:12]}, "
            f"it was {str(expected)[:12]}",
            hint="run `tinyssl probe` again, or bring the images back",
        )


def load_classifier(source: RunRecord, *, softmax: bool) -> Classifier:
    """The module that a probe run measured.

    Raises:
        TrainingError: Its files are damaged or do not fit each other.
    """
    backbone, _ = load_backbone(source.path("backbone"))
    head, _ = load_tensors(source.path("head"))
    try:
        return Classifier(backbone, head["weight"], head["bias"], softmax).eval()
    except (KeyError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"{source.path('head')} is not a head of this backbone: {error}",
            hint="run `tinyssl probe` again",
        ) from error


def _convert(
    model: Classifier, dataset: Dataset, config: ConvertConfig, run: RunWriter, progress: Progress
) -> Converted:
    progress.note("tracing the model with litert-torch")
    shape = dataset.spec.model_shape
    float32 = trace(model, shape, run.file("log", LOG_FILE))
    (start,) = read_skeleton(float32).inputs
    samples = QuantisationSamples(
        unit_feeds(
            float32, dataset.samples[calibration_indices(dataset, config.calibration_images)]
        ),
        {start.name: UNIT},
        lambda chosen: [to_unit(dataset.samples[dataset.train[chosen]]).reshape(-1, 1, *shape)],
        len(dataset.train),
    )
    converted = float_to_int8(run, float32, samples, config, progress)
    require_unit_input(converted.int8.written)
    return converted


def calibration_indices(dataset: Dataset, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """`count` training samples (all, where there are fewer), ascending, by a fixed seed."""
    rng = np.random.default_rng(CALIBRATION_SEED)
    chosen = rng.choice(dataset.train, size=min(count, len(dataset.train)), replace=False)
    return np.sort(chosen)


def _store_test_split(run: RunWriter, split: TestSplit, converted: Converted) -> None:
    split.save(run.file("test", TEST_FILE))
    model = converted.int8.oracle.model
    run.results(input_bytes=model.input.bytes, output_bytes=model.output.bytes)


def _test_split(dataset: Dataset, task: Task) -> TestSplit:
    test = dataset.test
    return TestSplit(
        dataset.samples[test],
        dataset.labels[test],
        dataset.class_names,
        dataset.spec,
        task,
        None if dataset.targets is None else dataset.targets[test],
        dataset.target_names,
    )
