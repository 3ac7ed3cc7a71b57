"""Files that hold many pictures each (tar, Parquet): and the split of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.base import UNLABELLED, Indices, Reading
from tinyssl.data.names import checked_names
from tinyssl.data.split_names import assign_roles, find_splits

NUMBERS = frozenset("0123456789")


@dataclass(frozen=True)
class SplitFiles:
    """The files of a data set in the order of their names."""

    where: str
    """Printable"""
    paths: tuple[Path, ...]
    roles: tuple[str, ...]
    """train, val or test of each file; all empty where their names say no split"""

    @classmethod
    def find(cls, path: Path | None, suffix: str, dataset: str) -> SplitFiles:
        """The files below `path`, or that one file.

        Their split is the first word of their name (`train-00000-of-00005.parquet`) or, where that
        says none, their folder.

        Raises:
            UsageError: No path.
            DataError: No such file, or splits that cannot be told.
        """
        if path is None:
            raise UsageError(
                f"dataset {dataset} needs files", hint=f"name a folder of {suffix} files"
            )
        shown = printable(str(path))
        if path.is_dir():
            found = sorted(each for each in path.rglob(f"*{suffix}") if each.is_file())
        else:
            found = [path] if path.is_file() else []
        if not found:
            raise DataError(f"{shown} holds no {suffix} file", hint="check --data-path")
        return cls(shown, tuple(found), _roles(found, shown))

    def split(self, role: str, counts: Sequence[int]) -> Indices | None:
        """Pictures of a split, `counts` of them in each file; None where there is no such split."""
        if role not in self.roles:
            return None
        return np.flatnonzero(np.repeat([of == role for of in self.roles], counts)).astype(np.int64)

    def reading(self, noun: str) -> Reading:
        """What records say of the files."""
        splits = dict.fromkeys(sorted({role for role in self.roles if role}), "by the files' names")
        drawn = "splits by their names" if splits else "the splits are drawn"
        text = f"{len(self.paths):,} {noun} files; {drawn}"
        return Reading({"kind": noun, "base": "", "splits": splits, "text": text})


def _roles(paths: Sequence[Path], shown: str) -> tuple[str, ...]:
    words = [_leading_word(path.stem) for path in paths]
    known = find_splits(set(words))
    if not known:
        words = [path.parent.name for path in paths]
        known = find_splits(set(words))
    if not known or len(set(words)) == 1:
        return ("",) * len(paths)
    other = next((path for path, word in zip(paths, words, strict=True) if word not in known), None)
    if other is not None:
        raise DataError(
            f"{shown}: {printable(other.name)} belongs to no split; other files do",
            hint="name all files by their split: train-…, val-…, test-…",
        )
    roles = assign_roles(known)
    return tuple(roles[word] for word in words)


def _leading_word(stem: str) -> str:
    """`train` of `train-00000-of-00005`."""
    return stem.split("-", maxsplit=1)[0].rstrip("0123456789_.")


def numbered(answers: Sequence[str], names: Sequence[str], where: str) -> tuple[Indices, list[str]]:
    """Class numbers of written answers, and the classes' names.

    Args:
        answers: Of each picture: a number, or the name of its class; empty: it has none.
        names: Of the classes, number 0 first; none where nobody says them.
        where: Whose answers they are, for errors.

    Raises:
        DataError: Some pictures have an answer and others not, or a number has no name.
    """
    given = [answer for answer in answers if answer]
    if not given:
        return np.full(len(answers), UNLABELLED, np.int64), []
    if len(given) < len(answers):
        raise DataError(
            f"{len(answers) - len(given):,} of {len(answers):,} pictures of {where} have no label",
            hint="label all of them, or none",
        )
    if all(NUMBERS.issuperset(answer) for answer in given):
        labels = np.array([int(answer) for answer in answers], np.int64)
        listed = list(names) or [str(number) for number in range(int(labels.max()) + 1)]
        if labels.max() >= len(listed):
            raise DataError(f"{where} has label {labels.max()} but {len(listed)} class names")
    else:
        listed = list(names) or sorted(set(given))
        number = {name: at for at, name in enumerate(listed)}
        unknown = next((answer for answer in given if answer not in number), None)
        if unknown is not None:
            raise DataError(f"{where} has a class {printable(unknown)} that has no name there")
        labels = np.array([number[answer] for answer in answers], np.int64)
    return labels, list(checked_names(listed, where))
