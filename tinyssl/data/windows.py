"""`windows`: pieces of sensor recordings, time by channels, from an .npz or a CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.base import DataReader, Source
from tinyssl.data.columns import Answer, answer_of_column, no_answer, read_csv, read_members, scaled
from tinyssl.data.names import checked_names
from tinyssl.data.npz import read_test
from tinyssl.data.spec import FeatureSpec
from tinyssl.data.table import npz_answer

HINT = "save it with numpy.savez(path, windows=…, labels=… or targets=…, names=…)"
ARRAYS = ("windows", "labels", "class_names", "targets", "target_names", "names", "is_test")


def read_windows(config: DataConfig, progress: Progress) -> Source:
    """Windows (n, steps, channels) of an .npz, or cut from the rows of a CSV file.

    A CSV file is one recording: a row a time step, a column a channel. Windows of `window_steps`
    rows start every `window_stride` rows. With `target`, the window has the class that most of its
    rows have (the first of equals), or the mean of their numbers. Every channel is scaled to
    [0, 1] by its least and largest value, which the spec keeps.

    Raises:
        UsageError: No `data_path`, or a target that cannot be a class.
        DataError: A file that cannot be read, too few rows, or values that make no sense.
    """
    path = config.data_path
    if path is None:
        raise UsageError("dataset windows needs a file", hint="name it with --data-path FILE")
    return _npz(path, config) if path.suffix == ".npz" else _csv(path, config)


def _npz(path: Path, config: DataConfig) -> Source:
    shown, arrays = printable(str(path)), read_members(path, ARRAYS, "windows", HINT)
    windows = arrays["windows"]
    if windows.ndim != 3:
        raise DataError(
            f"{shown} has windows of shape {windows.shape}; expected (n, steps, channels)", HINT
        )
    names = tuple(str(name) for name in arrays.get("names", ()))
    if names and len(names) != windows.shape[2]:
        raise DataError(f"{shown} has {len(names)} names for {windows.shape[2]} channels", HINT)
    answer = npz_answer(arrays, len(windows), path, config.task)
    test = read_test(arrays, len(windows), shown)
    return _source(windows.astype(np.float64), checked_names(names, shown), answer, shown, test)


def _csv(path: Path, config: DataConfig) -> Source:
    shown, columns = printable(str(path)), read_csv(path)
    steps, stride = config.window_steps, config.window_stride
    answer = no_answer(len(columns.values))
    if config.target is not None:
        answer = answer_of_column(columns, config.target, config.task, shown)
        columns = columns.without(config.target)
    starts = np.arange(0, len(columns.values) - steps + 1, stride)
    if not len(starts) or not columns.names:
        raise DataError(
            f"{shown} holds {len(columns.values):,} rows of {len(columns.names)} channels; a "
            f"window takes {steps} rows",
            hint="give a smaller --window-steps",
        )
    where = starts[:, None] + np.arange(steps)
    return _source(
        columns.values[where], columns.names, answer_of_windows(answer, where), shown, None
    )


def answer_of_windows(answer: Answer, where: np.ndarray) -> Answer:
    """The rows' answers as one a window: the commonest class, or the mean of the numbers.

    Args:
        answer: Of the rows.
        where: (n, steps), the rows of each window.
    """
    if answer.targets is not None:
        means = answer.targets[where].mean(axis=1).astype(np.float32)
        return Answer(answer.labels[where[:, 0]], (), means, answer.target_names)
    if not answer.class_names:
        return Answer(answer.labels[where[:, 0]])
    counts = [np.bincount(row, minlength=len(answer.class_names)) for row in answer.labels[where]]
    return Answer(np.argmax(counts, axis=1).astype(np.int64), answer.class_names)


def _source(
    windows: np.ndarray,
    names: tuple[str, ...],
    answer: Answer,
    shown: str,
    test: np.ndarray | None,
) -> Source:
    samples, low, high = scaled(windows, (0, 1), shown)
    spec = FeatureSpec("sensor", samples.shape[1:], "float32", low, high, names)
    return Source(
        samples, answer.labels, answer.class_names, test, None, None, spec,
        answer.targets, answer.target_names,
    )  # fmt: skip


DATASETS = {"windows": DataReader(read_windows, "sensor")}
