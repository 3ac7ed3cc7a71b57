"""Which class each score of a model means, where samples lie in a folder a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.base import Indices
from tinyssl.data.names import checked_names

BINARY = 2
"""Classes that one score tells apart: the second one where it is above a half"""


def order_by_scores(
    labels: Indices,
    folders: tuple[str, ...],
    scores: int,
    listed: Path | None,
    *,
    sole: bool = True,
    known: tuple[str, ...] | None = None,
) -> tuple[Indices, tuple[str, ...]]:
    """Labels by the model's scores, and the names of these; none for samples without classes.

    Args:
        labels: (n,) by the class folders in alphabetical order.
        folders: Their names; empty where there are none.
        scores: Elements of the model's output; one tells two classes apart.
        listed: Text file with the class of each score, a line each; None: the folders' order.
        sole: Whether the model has no other output: with several, the order must be listed.
        known: Classes of the first scores, of a model that has room for more; other folders take
            the next ones.

    Raises:
        DataError: The file does not list the model's classes.
        UsageError: Without a list, the folders are not as many as the classes.
    """
    if not folders:
        return labels, ()
    names = checked_names(folders, "the folder")
    wanted = BINARY if scores == 1 else scores
    if listed is not None:
        return _as_listed(labels, names, wanted, listed)
    if known is not None and sole:
        return _in_free_places(labels, names, wanted, known)
    if len(names) != wanted or not sole:
        raise UsageError(
            f"the model gives {scores} scores and the folder has {len(names)} classes "
            f"({', '.join(names[:4])}{', …' if len(names) > 4 else ''})",
            hint="name the class of each score, a line each, in a text file: --labels FILE",
        )
    return labels, names


def listed_classes(path: Path, wanted: int) -> tuple[str, ...]:
    """Names of all classes by a file with a line each, in the order of the model's scores.

    Raises:
        DataError: The file cannot be read, or has another number of lines.
    """
    order = _read_labels(path)
    if len(order) != wanted:
        raise DataError(
            f"{path} has {len(order)} lines; the model tells {wanted} classes apart",
            hint="write one class a line, in the order of the model's scores",
        )
    return order


def _as_listed(
    labels: Indices, names: tuple[str, ...], wanted: int, listed: Path
) -> tuple[Indices, tuple[str, ...]]:
    order = listed_classes(listed, wanted)
    missing = [name for name in names if name not in order]
    if missing:
        raise DataError(
            f"{listed} has no line {missing[0]}, which is a folder of pictures",
            hint="each class folder needs its line, in the order of the model's scores",
        )
    moved = np.array([order.index(name) for name in names], np.int64)
    return moved[labels], order


def _in_free_places(
    labels: Indices, names: tuple[str, ...], wanted: int, known: tuple[str, ...]
) -> tuple[Indices, tuple[str, ...]]:
    order = (*known, *(name for name in names if name not in known))
    if len(order) > wanted:
        raise DataError(
            f"the model has room for {wanted} classes; with the folders there are {len(order)}: "
            f"{', '.join(order[wanted - 1 :])} …",
            hint=f"build with room for them: --train head:{len(order)}",
        )
    moved = np.array([order.index(name) for name in names], np.int64)
    return moved[labels], (*order, *(f"free {number}" for number in range(len(order), wanted)))


def both_scores(found: NDArray[Any]) -> NDArray[Any]:
    """Scores (n, 2) of two classes from the probability of the second one, as of a sigmoid."""
    return np.stack([1 - found.ravel(), found.ravel()], axis=1)


def class_scores(found: NDArray[Any]) -> NDArray[Any]:
    """Scores (n, classes) of the classes; a lone one is `both_scores`.

    Args:
        found: (n, scores).
    """
    return both_scores(found) if found.shape[1] == 1 else found


def _read_labels(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    return checked_names([line.strip() for line in lines if line.strip()], printable(str(path)))
