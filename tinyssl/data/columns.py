"""Columns of numbers from a CSV file or an .npz, and what in them is to be predicted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.arrays import read_arrays
from tinyssl.data.base import UNLABELLED, Indices, Targets
from tinyssl.data.limits import CLASSES, require_file, require_memory
from tinyssl.data.names import checked_names

CSV_BYTES = 1 << 30
"""Largest CSV file that is read"""
FEW_VALUES = 32
"""A target of whole numbers with at most so many values is a class, where nobody says"""


@dataclass(frozen=True)
class Columns:
    """Numbers by column; what holds no number is in `texts`."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    """(rows, names)"""
    texts: dict[str, tuple[str, ...]]

    def without(self, name: str) -> Columns:
        """The other columns of numbers."""
        keep = [index for index, known in enumerate(self.names) if known != name]
        return Columns(tuple(self.names[i] for i in keep), self.values[:, keep], self.texts)


def read_csv(path: Path) -> Columns:
    """A comma-separated file with a header; columns in which a row holds no number are texts.

    Raises:
        DataError: It cannot be read, has no row, or rows of another length than the header.
    """
    require_file(path)
    shown = printable(str(path))
    require_memory(path.stat().st_size, f"the rows of {shown}")
    if path.stat().st_size > CSV_BYTES:
        raise DataError(
            f"{shown} holds {path.stat().st_size:,} bytes; {CSV_BYTES:,} are the most",
            hint="save the numbers as .npz",
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown} is not a CSV file: {error}", hint="save it as UTF-8") from error
    if len(rows) < 2:
        raise DataError(f"{shown} holds no row of numbers", hint="a header comes first, then rows")
    header, body = rows[0], rows[1:]
    if len(body[0]) == len(header) + 1:  # as R writes it: the row's name has no header
        header = ["row", *header]
    wrong = next((n for n, row in enumerate(body, 2) if len(row) != len(header)), None)
    if wrong is not None:
        raise DataError(
            f"line {wrong} of {shown} has {len(body[wrong - 2])} fields, its header {len(header)}",
            hint="every row needs as many fields as the header",
        )
    names = checked_names(header, shown)
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name, column in zip(names, zip(*body, strict=True), strict=True):
        try:
            numbers[name] = np.array(column, np.float64)
        except ValueError:
            texts[name] = tuple(column)
    numbers.pop("row", None)
    if not numbers:
        raise DataError(f"{shown} has no column of numbers", hint="check the decimal sign: 1.5")
    return Columns(tuple(numbers), np.stack(list(numbers.values()), axis=1), texts)


@dataclass(frozen=True)
class Answer:
    """What is to be predicted for every row: a class, numbers, or nothing."""

    labels: Indices
    class_names: tuple[str, ...] = ()
    targets: Targets | None = None
    target_names: tuple[str, ...] = ()


def no_answer(rows: int) -> Answer:
    """Of rows without a target."""
    return Answer(np.full(rows, UNLABELLED, np.int64))


def answer_of_column(columns: Columns, name: str, task: str | None, shown: str) -> Answer:
    """The column `name` as classes or as numbers.

    Args:
        columns: All of them.
        name: The target.
        task: classification or regression; else texts and few whole numbers are classes.
        shown: Whose columns they are, for errors.

    Raises:
        DataError: There is no such column, or texts are to be numbers.
    """
    if name in columns.texts:
        if task == "regression":
            raise DataError(
                f"column {name} of {shown} holds text, no numbers",
                hint="choose another --target, or leave --task out",
            )
        return _classes(np.array(columns.texts[name]), shown)
    if name not in columns.names:
        known = ", ".join((*columns.names, *columns.texts))
        raise DataError(f"{shown} has no column {printable(name)}", hint=f"it has {known}")
    values = columns.values[:, columns.names.index(name)]
    return answer_of_values(values[:, None], (name,), task, shown)


def answer_of_values(
    values: NDArray[np.float64], names: tuple[str, ...], task: str | None, shown: str
) -> Answer:
    """(rows, numbers) as classes or as numbers; see `answer_of_column`.

    Raises:
        DataError: A target that is no finite number.
    """
    if not np.isfinite(values).all():
        raise DataError(
            f"{shown} has a target that is no finite number", hint="leave these rows out"
        )
    whole = values.shape[1] == 1 and bool((values == np.round(values)).all())
    few = whole and len(np.unique(values)) <= FEW_VALUES
    if task == "classification" or (task != "regression" and few):
        if not whole:
            raise UsageError(
                f"the targets of {shown} are no whole numbers, so no classes",
                hint="use --task regression",
            )
        return _classes(values[:, 0].astype(np.int64), shown)
    unlabelled = np.full(len(values), UNLABELLED, np.int64)
    return Answer(unlabelled, (), values.astype(np.float32), names)


def _classes(values: np.ndarray, shown: str) -> Answer:
    names, labels = np.unique(values, return_inverse=True)
    if len(names) > CLASSES:
        raise DataError(
            f"{shown} has {len(names):,} classes; {CLASSES:,} are the most",
            hint="use --task regression",
        )
    texts = checked_names([str(name) for name in names], shown)
    return Answer(labels.astype(np.int64), texts)


def scaled(
    values: NDArray[np.float64], axes: tuple[int, ...], shown: str
) -> tuple[NDArray[np.float32], tuple[float, ...], tuple[float, ...]]:
    """Every channel scaled to [0, 1] by its least and largest value, and these.

    Args:
        values: Channels last.
        axes: All axes but the last.
        shown: Whose values they are, for errors.

    Raises:
        DataError: A value that is no finite number.
    """
    if not np.isfinite(values).all():
        raise DataError(
            f"{shown} has {int((~np.isfinite(values)).sum()):,} values that are no finite numbers",
            hint="fill gaps or leave these rows out",
        )
    low, high = values.min(axis=axes), values.max(axis=axes)
    span = np.where(high > low, high - low, 1.0)
    return (
        ((values - low) / span).astype(np.float32),
        tuple(map(float, low)),
        tuple(map(float, low + span)),
    )


def read_members(
    path: Path, names: tuple[str, ...], needed: str, hint: str
) -> dict[str, np.ndarray]:
    """The named arrays of an .npz, of which `needed` must hold numbers.

    Raises:
        DataError: It cannot be read, or lacks `needed`.
    """
    arrays = read_arrays(path, names, hint)
    shown = printable(str(path))
    if needed not in arrays:
        raise DataError(f"{shown} holds no `{needed}`", hint=hint)
    if arrays[needed].dtype.kind not in "fiu" or not arrays[needed].size:
        raise DataError(
            f"{shown} has {needed} of type {arrays[needed].dtype} and shape "
            f"{arrays[needed].shape}; expected numbers",
            hint=hint,
        )
    return arrays
