"""`table`: rows of numbers from a CSV file or an .npz, with a class or a number to predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import DataReader, Source
from tinyssl.data.columns import (
    Answer,
    answer_of_column,
    answer_of_values,
    no_answer,
    read_csv,
    read_members,
    scaled,
)
from tinyssl.data.names import checked_names
from tinyssl.data.npz import read_labels, read_test
from tinyssl.data.spec import FeatureSpec

HINT = "save it with numpy.savez(path, rows=…, labels=… or targets=…, names=…)"
ARRAYS = ("rows", "labels", "class_names", "targets", "target_names", "names", "is_test")


def read_table(config: DataConfig, progress: Progress) -> Source:
    """Rows of a CSV file (`target` names the column to predict), or of an .npz.

    An .npz holds `rows` (n, columns), `labels` or `targets` (n[, numbers]), and optionally `names`,
    `class_names`, `target_names` and `is_test`. Columns of a CSV file that hold text are left out.
    Every column is scaled to [0, 1] by its least and largest value, which the spec keeps.

    Raises:
        UsageError: No `data_path`, or a target that cannot be a class.
        DataError: A file that cannot be read, or values that make no sense.
    """
    path = config.data_path
    if path is None:
        raise UsageError("dataset table needs a file", hint="name it with --data-path FILE.csv")
    return _npz(path, config) if path.suffix == ".npz" else _csv(path, config)


def _csv(path: Path, config: DataConfig) -> Source:
    shown, columns = printable(str(path)), read_csv(path)
    answer = no_answer(len(columns.values))
    if config.target is not None:
        answer = answer_of_column(columns, config.target, config.task, shown)
        columns = columns.without(config.target)
    if not columns.names:
        raise DataError(f"{shown} has no column beside its target", hint="add columns of numbers")
    return _source(columns.values, columns.names, answer, shown)


def _npz(path: Path, config: DataConfig) -> Source:
    shown, arrays = printable(str(path)), read_members(path, ARRAYS, "rows", HINT)
    rows = arrays["rows"]
    if rows.ndim != 2:
        raise DataError(f"{shown} has rows of shape {rows.shape}; expected (n, columns)", HINT)
    names = tuple(str(name) for name in arrays.get("names", ()))
    if names and len(names) != rows.shape[1]:
        raise DataError(f"{shown} has {len(names)} names for {rows.shape[1]} columns", HINT)
    answer = npz_answer(arrays, len(rows), path, config.task)
    test = read_test(arrays, len(rows), shown)
    source = _source(rows.astype(np.float64), checked_names(names, shown), answer, shown)
    return Source(
        source.samples, source.labels, source.class_names, test, None, None, source.spec,
        source.targets, source.target_names,
    )  # fmt: skip


def npz_answer(arrays: dict[str, np.ndarray], count: int, path: Path, task: str | None) -> Answer:
    """`targets` (n[, numbers]) where they are there, else `labels` (n,).

    Raises:
        DataError: Arrays that do not fit `count` samples.
    """
    if "targets" not in arrays:
        return Answer(*read_labels(arrays, count, path))
    targets, shown = arrays["targets"], printable(str(path))
    targets = targets[:, None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) != count or targets.dtype.kind not in "fiu":
        raise DataError(
            f"{shown} has targets of shape {targets.shape} and type {targets.dtype}; expected "
            f"({count},) or ({count}, numbers)",
            hint=HINT,
        )
    given = tuple(str(name) for name in arrays.get("target_names", ()))
    names = given or tuple(f"target {index}" for index in range(targets.shape[1]))
    if len(names) != targets.shape[1]:
        raise DataError(f"{shown} has {len(names)} names for {targets.shape[1]} targets", HINT)
    form = "classification" if task == "classification" else "regression"
    return answer_of_values(targets.astype(np.float64), checked_names(names, shown), form, shown)


def _source(rows: np.ndarray, names: tuple[str, ...], answer: Answer, shown: str) -> Source:
    samples, low, high = scaled(rows, (0,), shown)
    spec = FeatureSpec("table", samples.shape[1:], "float32", low, high, names)
    return Source(
        samples, answer.labels, answer.class_names, None, None, None, spec,
        answer.targets, answer.target_names,
    )  # fmt: skip


DATASETS = {"table": DataReader(read_table, "table")}
