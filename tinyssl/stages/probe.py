"""The stage `probe`: how much do the frozen features say about the labels?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from tinyssl.core.config import DataConfig, ProbeConfig
from tinyssl.core.errors import AccuracyTooLow, DataError, UsageError
from tinyssl.core.intervals import wilson
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record, write_json
from tinyssl.data import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import (
    Backbone,
    BackboneInfo,
    load_backbone,
    save_backbone,
    untrained_backbone,
)
from tinyssl.learn.backbones.storage import save_tensors
from tinyssl.learn.probes.baselines import BaselineJob, baseline_results
from tinyssl.learn.probes.score import Score, score_backbone
from tinyssl.learn.probes.verdict import verdict

BACKBONE_FILE = "backbone.safetensors"
HEAD_FILE = "head.safetensors"
CONFUSION_FILE = "confusion.json"

_ADAPTER = TypeAdapter(ProbeConfig)


def probe(
    config: ProbeConfig, data: DataConfig | None, workspace: Workspace, progress: Progress
) -> RunRecord:
    """Linear probe and kNN of a pretrained backbone; random weights and the pixels beside it.

    Args:
        config: The run or the backbone's file to evaluate, and how.
        data: Labelled images; None: those of the pretrain run.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        DataError: The images have no labels.
        UsageError: No finished pretrain run, or not one.
        TrainingError: The backbone's file is damaged.
        AccuracyTooLow: Below `config.min_accuracy`; the record stays, failed.
    """
    source = None if config.backbone else _source(config, workspace)
    weights = config.backbone if source is None else source.path("backbone")
    assert weights is not None
    trained, info = load_backbone(weights)
    dataset_config = data or _data_of(source)
    dataset = load_dataset(dataset_config, progress)
    require_labels(dataset)
    asked = replace(
        config,
        run=source.folder.absolute() if source else None,
        backbone=None if source else weights.absolute(),
    )
    content = _ADAPTER.dump_python(asked, mode="json") | {"data": data_config_json(dataset_config)}
    run = workspace.start(
        "probe",
        content,
        seed=config.seed,
        inputs={"backbone": weights},
        data=dataset.as_record(),
    )
    with run:
        score = score_backbone(trained, dataset, config, progress)
        info = replace(info, spec=FeatureSpec.image(dataset.images.shape[1]))
        save_backbone(run.file("backbone", BACKBONE_FILE), trained, info)
        _save(run, dataset, score)
        if config.baseline:
            job = BaselineJob(_untrained(info, source), dataset, config)
            run.results(**baseline_results(job, workspace, progress))
            _judge(run, source, progress)
        _gate(run, config)
    return run.record


def _judge(run: RunWriter, source: RunRecord | None, progress: Progress) -> None:
    """Says where the training brought nothing; random weights are not expected to."""
    if source is not None and source.config.get("method") == "random":
        return
    said = verdict(run.record.results)
    if said:
        run.results(verdict=said)
        progress.note(f"warning: {said}")


def _gate(run: RunWriter, config: ProbeConfig) -> None:
    found, least = 100 * run.record.results["accuracy"], config.min_accuracy
    if found < least:
        raise AccuracyTooLow(
            f"the linear probe is right on {found:.2f} % of "
            f"{run.record.results['test_images']} test images; {least:g} % are asked for",
            hint="train longer (`tinyssl pretrain --epochs`), or ask for less (--min-accuracy)",
        )


def require_labels(dataset: Dataset) -> None:
    if not dataset.labelled:
        raise DataError(
            f"{dataset.name} has no labels, and a probe measures accuracy",
            hint="label some: sort a part of the images into one folder a class, then "
            "`tinyssl probe --dataset folder --data-path THAT_FOLDER` (or an .npz with `labels`)",
        )


def _source(config: ProbeConfig, workspace: Workspace) -> RunRecord:
    source = (
        read_record(workspace.run_folder(config.run))
        if config.run
        else workspace.latest("pretrain")
    )
    if source.kind != "pretrain":
        raise UsageError(f"{source.folder} is a {source.kind} run", hint="name a pretrain run")
    return source


def _data_of(source: RunRecord | None) -> DataConfig:
    if source is None:
        raise UsageError(
            "a backbone from a file does not say which images to probe it with",
            hint="name labelled ones with --dataset and --data-path",
        )
    return data_config_of(source)


def _untrained(info: BackboneInfo, source: RunRecord | None) -> Backbone:
    """The very weights from which the pretrain run started; of a backbone from a file some."""
    return untrained_backbone(info, (source.seed or 0) if source else 0)


def confusion_matrix(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(classes, classes) counts: row is the label, column the prediction."""
    flat = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return flat.reshape(classes, classes)


def _save(run: RunWriter, dataset: Dataset, score: Score) -> None:
    kept = score.linear.heads[0]
    head = {"weight": kept.weight, "bias": kept.bias}
    save_tensors(run.file("head", HEAD_FILE), head, {"lr": str(score.linear.lr)})
    classes = len(dataset.class_names)
    matrix = confusion_matrix(dataset.labels[dataset.test], score.predictions, classes)
    write_json(
        run.file("confusion", CONFUSION_FILE),
        {"class_names": list(dataset.class_names), "matrix": matrix.tolist()},
    )
    run.results(
        accuracy=score.accuracy,
        accuracy_std=score.spread,
        accuracies=list(score.accuracies),
        accuracy_head=score.accuracies[0],
        accuracy_val=score.linear.val_accuracy,
        knn=score.knn,
        lr=score.linear.lr,
        classes=classes,
        test_images=len(dataset.test),
        accuracy_interval=list(wilson(score.accuracy, len(dataset.test))),
    )
