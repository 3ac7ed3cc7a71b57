"""Tasks by name: those in the dictionaries `TASKS` of this package's modules, those of packages and
of files. See docs/tasks.md.
"""

from __future__ import annotations

import inspect

from tinyssl.core import plugin_trust, plugins
from tinyssl.core.errors import DataError
from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord
from tinyssl.data.base import Dataset
from tinyssl.learn.tasks.base import Answered, Answers, Metric, Outputs, Scores, Task
from tinyssl.learn.tasks.classification import Classification, confusion_matrix
from tinyssl.learn.tasks.regression import Regression

_SHIPPED: dict[str, type[Task]] = plugins.collect(plugins.TASKS)
TASKS: dict[str, Task] = {name: kind() for name, kind in _SHIPPED.items()}
"""Name -> task, of those that tinyssl ships"""
NEEDED = ("metric", "lead", "drop_unit")
"""Attributes of a task's class"""


def _problem(value: object) -> str:
    if not isinstance(value, type) or not issubclass(value, Task):
        return "is not a subclass of tinyssl.learn.tasks.Task"
    missing = sorted(value.__abstractmethods__) if inspect.isabstract(value) else []
    missing += [name for name in NEEDED if not hasattr(value, name)]
    return f"does not define {', '.join(missing)}" if missing else ""


_REGISTRY = plugins.Registry[type[Task]](plugins.TASKS, _SHIPPED, _problem)


def find_task(name: str) -> Task:
    """The task `name`: one of ours, of a package, or `FILE.py:CLASS`.

    Raises:
        UsageError: There is none (the hint suggests the nearest), or it is no task.
    """
    found = _REGISTRY.find(name)
    if found.origin is None:
        return TASKS[name]
    with plugins.blamed(found):
        task = found.value()
    task.name, task.origin = found.name, found.origin
    return task


def recorded_task(name: str, run: RunRecord) -> Task:
    """The task that a run names; warns where the plug-in changed since.

    Raises:
        UsageError: There is none, or it is in a file that you never named.
    """
    name = plugin_trust.relocated(name)
    plugin_trust.require_named(name, run.folder)
    task = find_task(name)
    warn_if_changed(task, run)
    return task


def warn_if_changed(task: Task, run: RunRecord) -> None:
    """Warns where the file of a plug-in is not the one that a run had of the same task."""
    before = Fields(run.config).fields("plugins").fields("task")
    if task.origin is not None and before.text("sha256"):
        found = plugins.Found(task.name, task, task.origin)
        plugins.warn_if_changed(found, before.text("sha256"), run.folder)


def task_record(task: Task | None) -> dict[str, dict[str, dict[str, str]]]:
    """What a run's config holds of a task that is a plug-in: its origin; else nothing."""
    if task is None or task.origin is None:
        return {}
    return {"plugins": {"task": task.origin.as_record()}}


def task_of(data: Answered, name: str | None = None) -> Task | None:
    """The task `name`, else the shipped one that the data has answers for.

    None where the data lacks the answers.

    Raises:
        UsageError: There is no task `name`.
    """
    tasks = TASKS.values() if name is None else [find_task(name)]
    return next((task for task in tasks if task.fits(data)), None)


def task_of_dataset(dataset: Dataset) -> Task:
    """The task of a data set: the one that was named, or that it has answers for.

    Raises:
        DataError: It has none.
    """
    task = task_of(dataset, dataset.task)
    if task is not None:
        return task
    if dataset.task is not None and task_of(dataset) is not None:
        raise DataError(
            f"{dataset.name} has no answers for the task {dataset.task}",
            hint="leave --task out, or name another one",
        )
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
    "recorded_task",
    "task_of",
    "task_of_dataset",
    "task_record",
    "warn_if_changed",
]
