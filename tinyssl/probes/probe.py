"""The stage `probe`: how much do the frozen features say about the labels?"""

from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter

from tinyssl.backbones import (
    Backbone,
    BackboneInfo,
    build_backbone,
    load_backbone,
    save_backbone,
)
from tinyssl.backbones.storage import save_tensors
from tinyssl.config import DataConfig, ProbeConfig
from tinyssl.datasets import Dataset, data_config_json, data_config_of, load_dataset
from tinyssl.errors import DataError, UsageError
from tinyssl.probes.features import all_features
from tinyssl.probes.knn import knn_predict
from tinyssl.probes.linear import LinearProbe, accuracy, enough_epochs, fit_linear
from tinyssl.progress import Progress
from tinyssl.records import RunRecord, RunWriter, Workspace, read_record, write_json

BACKBONE_FILE = "backbone.safetensors"
HEAD_FILE = "head.safetensors"
CONFUSION_FILE = "confusion.json"

_ADAPTER = TypeAdapter(ProbeConfig)


@dataclass(frozen=True)
class Score:
    """What the probes found on the test split."""

    linear: LinearProbe
    accuracies: tuple[float, ...]
    """Of every head of the linear probe"""
    knn: float
    """Accuracy of the kNN classifier"""
    predictions: NDArray[np.int64]
    """Of the first head, (test images,)"""

    @property
    def accuracy(self) -> float:
        """Mean over the heads."""
        return statistics.fmean(self.accuracies)

    @property
    def spread(self) -> float:
        """Standard deviation over the heads (n - 1); 0 where there is one."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def probe(
    config: ProbeConfig, data: DataConfig | None, workspace: Workspace, progress: Progress
) -> RunRecord:
    """Linear probe and kNN of a pretrained backbone, with its random initialisation beside it.

    Args:
        config: The run or the backbone's file to evaluate, and how.
        data: Labelled images; None: those of the pretrain run.
        workspace: Where runs are.
        progress: Told what happens.

    Raises:
        DataError: The images have no labels.
        UsageError: No finished pretrain run, or not one.
        TrainingError: The backbone's file is damaged.
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
        info = replace(info, image_size=dataset.images.shape[1])
        save_backbone(run.file("backbone", BACKBONE_FILE), trained, info)
        _save(run, dataset, score)
        if config.baseline:
            job = BaselineJob(_untrained(info, source), dataset, config)
            run.results(**baseline_results(job, workspace, progress))
    return run.record


def require_labels(dataset: Dataset) -> None:
    if not dataset.labelled:
        raise DataError(
            f"{dataset.name} has no labels, and a probe measures accuracy",
            hint="label some: sort a part of the images into one folder a class, then "
            "`tinyssl probe --dataset folder --data-path THAT_FOLDER` (or an .npz with `labels`)",
        )


def _source(config: ProbeConfig, workspace: Workspace) -> RunRecord:
    source = read_record(config.run) if config.run else workspace.latest("pretrain")
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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed((source.seed or 0) if source else 0)
        return build_backbone(info.backbone, info.stem_stride)


def score_backbone(
    backbone: Backbone,
    dataset: Dataset,
    config: ProbeConfig,
    progress: Progress,
    name: str = "trained",
) -> Score:
    """Both probes of one backbone."""
    features = all_features(backbone, dataset, progress, name)
    train, val, test = features.train, features.val, features.test
    classes = len(dataset.class_names)
    epochs = enough_epochs(config, len(train.labels))
    with progress.track(f"linear probe ({name})", epochs * config.seeds, "epoch") as tracker:
        linear = fit_linear(train, val, classes, config, tracker)
    predictions = [head.predict(test.features) for head in linear.heads]
    neighbours = knn_predict(train, test.features, config.knn, classes)
    return Score(
        linear=linear,
        accuracies=tuple(accuracy(predicted, test.labels) for predicted in predictions),
        knn=accuracy(neighbours, test.labels),
        predictions=predictions[0].cpu().numpy(),
    )


@dataclass(frozen=True)
class BaselineJob:
    """The same backbone with the random weights from which pretraining started."""

    backbone: Backbone
    dataset: Dataset
    config: ProbeConfig

    @property
    def key(self) -> str:
        """SHA-256 over all that decides the figures: weights, images, settings; 64 hex digits."""
        epochs = enough_epochs(self.config, len(self.dataset.train))
        settings = _ADAPTER.dump_python(replace(self.config, run=None, epochs=epochs), mode="json")
        digest = hashlib.sha256(json.dumps([settings, self.dataset.fingerprint]).encode())
        for tensor in self.backbone.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().data)
        return digest.hexdigest()


def baseline_results(job: BaselineJob, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """Figures of the random weights: those of an earlier probe where it measured the same."""
    key = job.key
    for earlier in reversed(workspace.all("probe")):
        if earlier.results.get("baseline_sha256") == key:
            progress.note(f"random weights: figures of {earlier.folder.name}, which had the same")
            names = [name for name in earlier.results if name.endswith("_random")]
            figures = {name: earlier.results[name] for name in names}
            return figures | {"baseline_sha256": key, "baseline_run": earlier.folder.name}
    score = score_backbone(job.backbone, job.dataset, job.config, progress, "random")
    return {
        "accuracy_random": score.accuracy,
        "accuracy_std_random": score.spread,
        "knn_random": score.knn,
        "lr_random": score.linear.lr,
        "baseline_sha256": key,
    }


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
    )
