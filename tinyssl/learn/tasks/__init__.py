"""Tasks by name. A new one is a file in this folder and a line in `TASKS`; see docs/tasks.md."""

from __future__ import annotations

from tinyssl.core.errors import DataError, unknown_name
from tinyssl.data.base import Dataset
from tinyssl.learn.tasks.base import Answered, Answers, Metric, Outputs, Scores, Task
from tinyssl.learn.tasks.classification import Classification, confusion_matrix
from tinyssl.learn.tasks.regression import Regression

TASKS: dict[str, Task] = {
    "classification": Classification(),
    "regression": Regression(),
}
"""Name -> task"""


def find_task(name: str) -> Task:
    """The task `name`.

    Raises:
        UsageError: Unknown name; the hint suggests the nearest.
    """
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return TASKS[name]


def task_of(data: Answered) -> Task | None:
    """The task that the data has answers for; None where it has none."""
    return next((task for task in TASKS.values() if task.fits(data)), None)


def task_of_dataset(dataset: Dataset) -> Task:
    """The task that a data set has answers for.

    Raises:
        DataError: It has none.
    """
    task = task_of(dataset)
    if task is not None:
        return task
    hint = "name the column to predict: --target COLUMN"
    if dataset.spec.kind in ("image", "audio"):
        files, name = ("images", "folder") if dataset.spec.kind == "image" else ("clips", "wav")
        hint = (
            f"label some: sort a part of the {files} into one folder a class, then "
            f"`tinyssl probe --dataset {name} --data-path THAT_FOLDER` (or an .npz with `labels`)"
        )
    raise DataError(f"{dataset.name} has no labels, and a probe measures accuracy", hint=hint)


__all__ = [
    "TASKS",
    "Answered",
    "Answers",
    "Classification",
    "Metric",
    "Outputs",
    "Regression",
    "Scores",
    "Task",
    "confusion_matrix",
    "find_task",
    "task_of",
    "task_of_dataset",
]
