"""A model file, and the convert run that it came from with its test images."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.records import RECORD, RunRecord, Workspace, read_record
from tinyssl.data.arrays import read_arrays
from tinyssl.data.base import UNLABELLED
from tinyssl.data.npz import read_labels
from tinyssl.data.spec import FeatureSpec, Samples
from tinyssl.frontends.tflite import read_file
from tinyssl.learn.tasks import TASKS, Answers, Task, recorded_task

SPLIT_ARRAYS = (
    "samples", "images", "labels", "class_names", "task", "features", "targets", "target_names",
)  # fmt: skip
"""Of a stored test split; `images` is what older versions called the samples"""


TRAINED_HERE = "0:1"
"""What pixels are to models that tinyssl trained"""


@dataclass(frozen=True)
class ModelFile:
    """A model file."""

    path: Path
    """Absolute"""
    data: bytes
    source: RunRecord | None
    """The convert run that made it; None: a model from elsewhere"""


@dataclass(frozen=True)
class TestSplit:
    """The test samples that a convert run has stored, with their answers."""

    samples: Samples
    """(n, *spec.shape)"""
    labels: NDArray[np.int64]
    """(n,)"""
    class_names: tuple[str, ...]
    spec: FeatureSpec
    task: Task = TASKS["classification"]
    targets: NDArray[np.float32] | None = None
    """(n, numbers), where these are to be predicted"""
    target_names: tuple[str, ...] = ()

    @property
    def answers(self) -> Answers:
        """What is right, in the task's form."""
        return self.task.answers(self)

    def take(self, chosen: NDArray[np.int64]) -> TestSplit:
        """The samples at `chosen`, in that order."""
        targets = None if self.targets is None else self.targets[chosen]
        return replace(
            self, samples=self.samples[chosen], labels=self.labels[chosen], targets=targets
        )

    def save(self, path: Path) -> None:
        """Writes what `load_split` reads."""
        arrays: dict[str, np.ndarray] = {
            "samples": self.samples,
            "labels": self.labels,
            "class_names": np.array(self.class_names, dtype=np.str_),
            "features": np.array(json.dumps(self.spec.as_record())),
            "task": np.array(self.task.name),
        }
        if self.targets is not None:
            arrays |= {"targets": self.targets, "target_names": np.array(self.target_names)}
        np.savez(path, allow_pickle=False, **arrays)


def find_subject(model: Path | None, workspace: Workspace) -> ModelFile:
    """The model named, or the last one converted.

    Raises:
        UsageError: None was named and none was converted, or the file cannot be read.
    """
    path = (model or workspace.latest("convert").path("model")).absolute()
    return ModelFile(path, read_file(path), _maker(path))


def _maker(path: Path) -> RunRecord | None:
    """The convert run with test samples whose model this is."""
    run = _convert_run(path)
    return run if run is not None and "test" in run.files else None


def _convert_run(path: Path) -> RunRecord | None:
    """The convert run in whose folder a model lies, and which wrote it."""
    if not (path.parent / RECORD).exists():
        return None
    run = read_record(path.parent)
    return run if run.kind == "convert" and run.files.get("model") == path.name else None


def declared_pixels(path: Path) -> str | None:
    """What pixels are to a model, as `--pixels` says it; None where that is not known.

    `tinyssl convert` was told, or the model was trained here: then they are numbers in [0, 1].
    """
    run = _convert_run(path)
    if run is None:
        return None
    found = run.results.get("pixels")
    if isinstance(found, str):
        return found
    return None if run.config.get("model") else TRAINED_HERE


def load_split(source: RunRecord) -> TestSplit:
    """Test samples of a convert run.

    Raises:
        DataError: The stored split is damaged.
        TinysslError: The run stored none.
    """
    path = source.path("test")
    again = "run `tinyssl convert` again"
    try:
        arrays = read_arrays(path, SPLIT_ARRAYS, again)
        if "images" in arrays:
            arrays["samples"] = arrays.pop("images")
        missing = {"samples", "labels", "class_names"} - arrays.keys()
        if missing:
            raise DataError(f"it holds no {', '.join(sorted(missing))}")
        split = _split_of(arrays, path)
    except DataError as error:
        raise DataError(f"{path} is damaged: {error.message}", hint=again) from error
    task = recorded_task(str(arrays.get("task", "classification")), source)
    return replace(split, task=task)


def _split_of(arrays: dict[str, np.ndarray], path: Path) -> TestSplit:
    """Raises DataError where the arrays do not fit each other."""
    samples = arrays["samples"]
    try:
        spec = (
            FeatureSpec.from_record(json.loads(str(arrays["features"])))
            if "features" in arrays
            else FeatureSpec.image(*samples.shape[1:])
        )
    except (TypeError, ValueError) as error:
        raise DataError(f"it holds samples of shape {samples.shape}: {error}") from error
    if samples.shape[1:] != spec.shape or samples.dtype != spec.dtype or not len(samples):
        raise DataError(f"its samples have shape {samples.shape} and type {samples.dtype}")
    targets = arrays.get("targets")
    if targets is not None:
        if targets.ndim != 2 or len(targets) != len(samples) or targets.dtype != np.float32:
            raise DataError(f"its targets have shape {targets.shape} and type {targets.dtype}")
        unlabelled = np.full(len(samples), UNLABELLED, np.int64)
        names = tuple(map(str, arrays.get("target_names", ())))
        return TestSplit(samples, unlabelled, (), spec, targets=targets, target_names=names)
    labels, class_names = read_labels(arrays, len(samples), path)
    return TestSplit(samples, labels, class_names, spec)
