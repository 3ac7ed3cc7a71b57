"""Readings that you name with `--data`: rows or windows of numbers, from a CSV file or an .npz.

A model that `tinyssl convert` made of such data gets them scaled as its training data was, columns
by name; any other model gets the numbers as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.class_order import BINARY, order_by_scores
from tinyssl.data.columns import (
    Answer,
    Columns,
    answer_of_column,
    no_answer,
    read_csv,
    read_members,
)
from tinyssl.data.names import checked_names
from tinyssl.data.spec import FeatureSpec
from tinyssl.data.table import npz_answer
from tinyssl.data.windows import answer_of_windows
from tinyssl.graph.interface import ValueInfo, named_values, of_kind
from tinyssl.graph.model import DType, Model, ValueKind
from tinyssl.graph.training import is_autoencoder
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.inputs import nearest_codes, real_range, wire_to_model
from tinyssl.verify.subject import TestSplit

MEMBERS = ("rows", "windows")
"""Arrays of an .npz that hold readings"""
ARRAYS = (*MEMBERS, "labels", "class_names", "targets", "target_names", "names")
HINT = "save it with numpy.savez(path, rows=…, labels=… or targets=…, names=…)"
SHOWN = 4
"""Names that a message lists"""

Readings = NDArray[np.float64]


@dataclass(frozen=True)
class TableQuery:
    """What is read, and for which model."""

    path: Path
    target: str | None
    """Column of a CSV file with the answers"""
    labels: Path | None
    """Text file with the class of each score, a line each"""
    model: Model
    known: tuple[str, ...] | None
    """Classes of the first scores, of a model that has room for more"""
    before: TestSplit | None
    """Of the convert run that made the model: scaling and names of its columns"""

    @property
    def input(self) -> ValueInfo:
        return of_kind(named_values(self.model), ValueKind.INPUT)[0]

    @property
    def spec(self) -> FeatureSpec | None:
        """How the model's training data was scaled."""
        spec = None if self.before is None else self.before.spec
        return spec if spec is not None and spec.low else None

    @property
    def task(self) -> str | None:
        """What a training step takes; None where the file says it."""
        targets = of_kind(named_values(self.model), ValueKind.TARGET)
        if not targets:
            return None
        return "classification" if targets[0].dtype is DType.INT32 else "regression"


def table_split(query: TableQuery, progress: Progress) -> tuple[Array, TestSplit]:
    """Elements of the model's input, (n, *shape), and the same samples with their answers.

    Args:
        query: What is read.
        progress: Told which class is which score, and what is cut off.

    Raises:
        UsageError: The model takes no rows or windows, or another number of classes.
        DataError: The file cannot be read, or does not fit the model.
    """
    readings, answer = _read(query)
    shown = printable(str(query.path))
    _require_finite(readings, shown)
    labels, names = _classes(query, answer)
    if names and not is_autoencoder(query.model):
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(names[:SHOWN]))
        progress.note(f"scores are taken as {listed}{', …' if len(names) > SHOWN else ''}")
    samples = readings.astype(np.float32)
    kind = "table" if samples.ndim == 2 else "sensor"
    split = TestSplit(
        samples,
        labels,
        names,
        FeatureSpec(kind, samples.shape[1:], "float32"),
        task=TASKS["classification" if answer.targets is None else "regression"],
        targets=answer.targets,
        target_names=answer.target_names,
    )
    return _elements(query, readings, progress), split


def _read(query: TableQuery) -> tuple[Readings, Answer]:
    """Rows (n, columns) or windows (n, steps, channels), and what is right."""
    steps, channels = _form(query)
    if query.path.suffix == ".npz":
        return _read_npz(query, (steps, channels) if steps else (channels,))
    shown, columns = printable(str(query.path)), read_csv(query.path)
    answer = no_answer(len(columns.values))
    if query.target is not None:
        answer = answer_of_column(columns, query.target, query.task, shown)
        columns = columns.without(query.target)
    values = _chosen(query, columns, channels)
    if not steps:
        return values, answer
    starts = np.arange(0, len(values) - steps + 1, steps)
    if not len(starts):
        raise DataError(
            f"{shown} holds {len(values):,} rows; a window of this model takes {steps}",
            hint="give it a longer recording",
        )
    where = starts[:, None] + np.arange(steps)
    return values[where], answer_of_windows(answer, where)


def _form(query: TableQuery) -> tuple[int, int]:
    """Steps of a window (0: the model takes rows) and columns or channels.

    Raises:
        UsageError: The model takes something else.
    """
    shape = query.input.shape
    sizes = [size for size in shape[1:-1] if size != 1]
    if len(query.model.inputs) > 1 or shape[:1] != (1,) or len(shape) < 2 or len(sizes) > 1:
        raise UsageError(
            f"the model takes {query.input.name} ({query.input.text}): no row and no window of "
            "readings",
            hint="put its inputs into an .npz as `inputs`, as the model takes them",
        )
    return (sizes[0] if sizes else 0), shape[-1]


def _chosen(query: TableQuery, columns: Columns, channels: int) -> Readings:
    """The columns that the model reads, in its order.

    Raises:
        DataError: One is missing or holds text, or there are more or fewer.
    """
    shown = printable(str(query.path))
    wanted = query.spec.names if query.spec else ()
    for name in wanted:
        if name in columns.names:
            continue
        text = next(
            (n for n, each in enumerate(columns.texts.get(name, ()), 2) if not _is_number(each)), 0
        )
        what = f"has no number in line {text} of column {name}" if text else f"lacks column {name}"
        raise DataError(f"{shown} {what}", hint=f"the model reads {', '.join(wanted)}")
    names = wanted or columns.names
    if len(names) != channels:
        listed = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
        texts = f"; text in {', '.join([*columns.texts][:SHOWN])}" if columns.texts else ""
        raise DataError(
            f"{shown} has {len(names)} columns of numbers beside the target ({listed}{texts}); "
            f"the model reads {channels}",
            hint="leave the others out; --target names the column with the answers",
        )
    return columns.values[:, [columns.names.index(name) for name in names]]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_npz(query: TableQuery, shape: tuple[int, ...]) -> tuple[Readings, Answer]:
    name = MEMBERS[len(shape) - 1]
    arrays = read_members(query.path, ARRAYS, name, HINT.replace("rows", name))
    readings, shown = arrays[name], printable(str(query.path))
    names = checked_names([str(each) for each in arrays.get("names", ())], shown)
    if readings.shape[1:] != shape or len(names) not in (0, shape[-1]):
        raise DataError(
            f"{shown} has {name} of shape {list(readings.shape)} and {len(names)} names; the model "
            f"takes {list(shape)} each",
            hint=HINT.replace("rows", name),
        )
    wanted = query.spec.names if query.spec else ()
    if names and wanted and names != wanted:
        raise DataError(
            f"{shown} has the columns {', '.join(names[:SHOWN])} …; the model reads "
            f"{', '.join(wanted[:SHOWN])} …",
            hint="put them into the model's order",
        )
    answer = npz_answer(arrays, len(readings), query.path, query.task)
    return readings.astype(np.float64), answer


def _require_finite(readings: Readings, shown: str) -> None:
    wrong = ~np.isfinite(readings).reshape(len(readings), -1).all(axis=1)
    if wrong.any():
        raise DataError(
            f"{shown}: {int(wrong.sum()):,} of {len(readings):,} samples hold values that are no "
            f"finite numbers, first sample {int(np.argmax(wrong)) + 1}",
            hint="fill the gaps, or leave these rows out",
        )


def _classes(query: TableQuery, answer: Answer) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels by the model's scores, and the name of each."""
    names, known = answer.class_names, query.known
    scores = query.model.output.elements
    wanted = BINARY if scores == 1 else scores
    if not names or is_autoencoder(query.model):
        return answer.labels, names
    numbers = all(name.isdigit() for name in names)
    if numbers and query.labels is None and not {*names} & {*(known or ())}:
        found = np.array([int(name) for name in names], np.int64)[answer.labels]
        if found.max() >= wanted:
            raise DataError(
                f"{printable(str(query.path))} has a class {found.max()}; the model tells "
                f"{wanted} apart, from 0",
                hint="name the class of each score, a line each, in a text file: --labels FILE",
            )
        return found, tuple(map(str, range(wanted)))
    sole = len(query.model.outputs) == 1
    return order_by_scores(answer.labels, names, scores, query.labels, sole=sole, known=known)


def _elements(query: TableQuery, readings: Readings, progress: Progress) -> Array:
    value, spec = query.input, query.spec
    if spec is not None:
        low, high = np.array(spec.low), np.array(spec.high)
        _note_cut(readings, low, high, progress)
        return wire_to_model(query.model, ((readings - low) / (high - low)).astype(np.float32))
    span = real_range(query.model, value)
    if value.quant is not None and span is not None:
        _note_cut(readings, np.array(span[0]), np.array(span[1]), progress)
    reals = readings.astype(np.float32).reshape(len(readings), *value.shape)
    return nearest_codes(value, reals)


def _note_cut(readings: Readings, low: Array, high: Array, progress: Progress) -> None:
    """Tells which share of the values the model cannot tell from the end of its range."""
    beyond = (readings < low) | (readings > high)
    if beyond.any():
        progress.note(
            f"{100 * beyond.mean():.2g} % of the values lie outside the range that the model was "
            "made for, and are cut to its ends"
        )
