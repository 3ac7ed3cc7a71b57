"""The stage `probe`: how much do the frozen features say about the labels?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyssl.core.config import DataConfig, ProbeConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import AccuracyTooLow, UsageError
from tinyssl.core.intervals import wilson
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, RunWriter, Workspace, read_record, write_json
from tinyssl.data import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.data.spec import sample_noun
from tinyssl.learn.backbones import (
    Backbone,
    BackboneInfo,
    load_backbone,
    save_backbone,
    untrained_backbone,
)
from tinyssl.learn.backbones.storage import save_tensors
from tinyssl.learn.probes.baselines import BaselineJob, baseline_results
from tinyssl.learn.probes.fold_results import fold_results, majority
from tinyssl.learn.probes.score import Score, score_backbone
from tinyssl.learn.probes.verdict import verdict
from tinyssl.learn.tasks import (
    TASKS,
    Task,
    confusion_matrix,
    task_of_dataset,
    task_record,
    warn_if_changed,
)

BACKBONE_FILE = "backbone.safetensors"
HEAD_FILE = "head.safetensors"
CONFUSION_FILE = "confusion.json"


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
        DataError: The data has no labels, nor numbers to predict.
        UsageError: No finished pretrain run, or not one.
        TrainingError: The backbone's file is damaged.
        AccuracyTooLow: Below `config.min_accuracy`, or no better than guessing and not
            `config.force`; the record stays, failed.
    """
    source = None if config.backbone else _find_source(config, workspace)
    weights = config.backbone if source is None else source.path("backbone")
    assert weights is not None
    trained, info = load_backbone(weights)
    dataset_config = data or _data_of(source)
    dataset = load_dataset(dataset_config, progress)
    task = _task(dataset, source)
    asked = replace(
        config,
        run=source.folder.absolute() if source else None,
        backbone=None if source else weights.absolute(),
    )
    content = config_json(asked) | {"data": data_config_json(dataset_config)} | task_record(task)
    run = workspace.start(
        "probe",
        content,
        seed=config.seed,
        inputs={"backbone": weights},
        data=dataset.as_record(),
    )
    with run:
        run.results(task=task.name)
        score = score_backbone(trained, dataset, config, progress)
        info = replace(info, spec=dataset.spec)
        save_backbone(run.file("backbone", BACKBONE_FILE), trained, info)
        _save(run, dataset, score, task)
        job = BaselineJob(_untrained(info, source), dataset, config)
        run.results(**_beside(job, score, workspace, progress))
        _judge(run, config, source, progress)
        _gate(run, config, task)
    return run.record


def _beside(
    job: BaselineJob, score: Score, workspace: Workspace, progress: Progress
) -> dict[str, Any]:
    """What puts the score into its place: folds over all samples, and figures without training."""
    folds = {}
    if task_of_dataset(job.dataset) is TASKS["classification"]:
        folds = fold_results(score.features, job, progress)
    return folds | (baseline_results(job, workspace, progress) if job.config.baseline else {})


def _task(dataset: Dataset, source: RunRecord | None) -> Task:
    """Of the data; warns where its plug-in is not that of the pretrain run any more."""
    task = task_of_dataset(dataset)
    if source is not None:
        warn_if_changed(task, source)
    return task


def _judge(
    run: RunWriter, config: ProbeConfig, source: RunRecord | None, progress: Progress
) -> None:
    """Says where the features are no better than guessing, or the training brought nothing.

    Raises:
        AccuracyTooLow: No better than guessing, and the user did not say to go on.
    """
    trained = source is None or source.config.get("method") != "random"
    noun = sample_noun(run.record.data)
    said = verdict(run.record.results, trained=trained, noun=noun)
    if not said.text:
        return
    run.results(verdict=said.text)
    if said.guessing and trained and not config.force:
        raise AccuracyTooLow(
            said.text,
            hint="add samples of each class, or take a backbone that was pretrained on samples "
            "like yours (`tinyssl pretrain`); --force goes on",
        )
    progress.note(f"warning: {said.text}")


def _gate(run: RunWriter, config: ProbeConfig, task: Task) -> None:
    least = config.min_accuracy
    if not task.metric.percent:
        if least:
            raise UsageError(
                f"--min-accuracy {least:g}: {task.name} has no accuracy", hint="leave it out"
            )
        return
    found = 100 * run.record.results[task.metric.name]
    if found < least:
        raise AccuracyTooLow(
            f"the linear probe is right on {found:.2f} % of "
            f"{run.record.results['test_images']} test samples; {least:g} % are asked for",
            hint="train longer (`tinyssl pretrain --epochs`), or ask for less (--min-accuracy)",
        )


def _find_source(config: ProbeConfig, workspace: Workspace) -> RunRecord:
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
            "a backbone from a file does not say which data to probe it with",
            hint="name labelled ones with --dataset and --data-path",
        )
    return data_config_of(source)


def _untrained(info: BackboneInfo, source: RunRecord | None) -> Backbone:
    """The very weights from which the pretrain run started; of a backbone from a file some."""
    return untrained_backbone(info, (source.seed or 0) if source else 0)


def _save(run: RunWriter, dataset: Dataset, score: Score, task: Task) -> None:
    head = {"weight": score.head.weight, "bias": score.head.bias}
    save_tensors(run.file("head", HEAD_FILE), head, score.metadata)
    run.results(**score.results, test_images=len(dataset.test))
    if task is not TASKS["classification"]:
        return
    classes = len(dataset.class_names)
    labels = dataset.labels[dataset.test]
    matrix = confusion_matrix(labels, score.predictions, classes)
    write_json(
        run.file("confusion", CONFUSION_FILE),
        {"class_names": list(dataset.class_names), "matrix": matrix.tolist()},
    )
    interval = wilson(score.results["accuracy"], len(dataset.test))
    run.results(
        classes=classes, accuracy_interval=list(interval), **majority(labels, dataset.class_names)
    )
