"""The stage `evaluate` for the float model of a probe run.

Results: `few_labels` {share: accuracy, std, scores, images}, `finetune` {accuracy, images, epochs},
`finetune_few_labels` likewise by share, `accuracy_clean` and `accuracy_corrupted` over
`corruption_images` test images, `corruption_kinds` {kind: mean over the levels}, `seconds`; file
`corruptions` (JSON, every kind and level).
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from tinyssl.core.config import EvaluateConfig, ProbeConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import DataError, TrainingError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record, write_json
from tinyssl.data import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.data.corruptions.suite import FILE, Suite, as_file, check_kinds, mean_accuracy
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.backbones.storage import load_tensors
from tinyssl.learn.probes.features import all_features
from tinyssl.learn.probes.few_labels import few_labels
from tinyssl.learn.probes.finetune import Start, finetune
from tinyssl.learn.probes.linear import Head
from tinyssl.learn.probes.score import head_accuracy
from tinyssl.learn.tasks import TASKS, task_of


def evaluate(config: EvaluateConfig, workspace: Workspace, progress: Progress) -> RunRecord:
    """Few labels, fine-tuning and corrupted images, with a probe run's backbone and head.

    Args:
        config: Which run, and what to measure.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        UsageError: No finished probe run, not one, or an unknown kind of corruption.
        DataError: The images are not those of the probe run any more.
        TrainingError: A file is damaged, or fine-tuning diverges.
    """
    source = (
        read_record(workspace.run_folder(config.run)) if config.run else workspace.latest("probe")
    )
    if source.kind != "probe":
        raise UsageError(f"{source.folder} is a {source.kind} run", hint="name a probe run")
    if config.board is not None:
        raise UsageError(
            f"{source.folder} holds a float model, which no board runs",
            hint="with --board, name a convert run",
        )
    check_kinds(config.corruptions)
    data = data_config_of(source)
    dataset = load_dataset(data, progress)
    _require_classes(dataset)
    _require_same(dataset, source)
    content = config_json(replace(config, run=source.folder.absolute()))
    content |= {"data": data_config_json(data)}
    inputs = {name: source.path(name) for name in ("backbone", "head")}
    run = workspace.start(
        "evaluate", content, seed=config.seed, inputs=inputs, data=dataset.as_record()
    )
    with run:
        started = time.perf_counter()
        start = _load(source)
        if config.corruption_images and dataset.spec.kind != "image":
            progress.note(f"no corruptions: they are of images, not of {dataset.spec.noun}s")
        elif config.corruption_images:
            _corruptions(run, start, dataset, config, progress)
        _labels(run, start, dataset, config, progress)
        run.results(seconds=time.perf_counter() - started)
    return run.record


def _require_classes(dataset: Dataset) -> None:
    if task_of(dataset, dataset.task) is not TASKS["classification"]:
        raise DataError(
            f"{dataset.name} has no classes, and evaluate measures accuracy",
            hint="`tinyssl probe` measures how well numbers are predicted",
        )


def _require_same(dataset: Dataset, source: RunRecord) -> None:
    expected = str(source.data.get("fingerprint"))
    if expected != dataset.fingerprint:
        raise DataError(
            f"the images of {source.folder} have changed: fingerprint {dataset.fingerprint[:12]}, "
            f"it was {expected[:12]}",
            hint="run `tinyssl probe` again, or bring the images back",
        )


def _load(source: RunRecord) -> Start:
    """Backbone, head and learning rates of the probe."""
    backbone, _ = load_backbone(source.path("backbone"))
    tensors, _ = load_tensors(source.path("head"))
    try:
        head = Head(tensors["weight"], tensors["bias"])
    except KeyError as error:
        raise TrainingError(
            f"{source.path('head')} holds no {error}", hint="run `tinyssl probe` again"
        ) from error
    lrs = source.checked(list[float], source.config.get("lrs", ProbeConfig().lrs))
    return Start(backbone, head, None, lrs)


def _labels(
    run: RunWriter, start: Start, dataset: Dataset, config: EvaluateConfig, progress: Progress
) -> None:
    """What needs frozen features of all images, or labels."""
    if config.few_labels or any(share < 1 for share in config.finetune):
        start = replace(start, features=all_features(start.backbone, dataset, progress))
    if config.few_labels and start.features is not None:
        found = few_labels(start.features, dataset, config, start.lrs, progress)
        run.results(few_labels=found)
    if config.finetune:
        run.results(**finetune(start, dataset, config, progress))


def _corruptions(
    run: RunWriter, start: Start, dataset: Dataset, config: EvaluateConfig, progress: Progress
) -> None:
    suite = Suite.of(dataset.samples[dataset.test], dataset.labels[dataset.test], config)
    table: dict[str, list[float]] = {}
    with progress.track("corrupted images", suite.total, "image") as tracker:
        for corrupted in suite:
            share = head_accuracy(start.backbone, start.head, corrupted.images, suite.labels)
            table.setdefault(corrupted.kind, []).append(share)
            tracker.advance(len(corrupted.images), kind=corrupted.kind)
    write_json(run.file("corruptions", FILE), as_file(suite, {"float": table}))
    run.results(
        accuracy_clean=head_accuracy(start.backbone, start.head, suite.images, suite.labels),
        accuracy_corrupted=mean_accuracy(table),
        corruption_images=len(suite.images),
        corruption_kinds={kind: statistics.fmean(levels) for kind, levels in table.items()},
    )
