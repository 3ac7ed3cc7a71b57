"""A numpy .npz with `images`, and optionally `labels` and `class_names`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.text import printable
from tinyssl.data.arrays import member_names, read_arrays
from tinyssl.data.base import UNLABELLED, DataReader, Indices, Pictures, Reading, Source, part_of
from tinyssl.data.limits import CLASSES
from tinyssl.data.names import checked_names
from tinyssl.data.pictures import read_source
from tinyssl.data.pixels import fit_all, three_channels

HINT = "save it with numpy.savez(path, images=…, labels=…, class_names=…)"
ARRAYS = ("images", "labels", "class_names", "is_test")
ENCODED = ("blob", "offsets", "labels", "label", "fine_label", "class_names", "is_test")
"""Of files that hold encoded images after each other"""


def read_npz(config: DataConfig, progress: Progress) -> Source:
    """Reads `images` (n, h, w[, 1 | 3]) uint8, `labels` (n,) integers, `class_names` (classes,).

    `is_test` (n,), where it is there, is true for the images of the source's own test split.

    Raises:
        UsageError: No `data_path`.
        DataError: A file that cannot be read, or arrays that make no sense.
    """
    encoded = encoded_pictures(config, progress)
    if encoded is not None:
        return read_source(encoded, config, progress)
    path = _given(config)
    arrays = read_arrays(path, ARRAYS, HINT)
    shown = printable(str(path))
    if "images" not in arrays:
        held = printable(", ".join(member_names(path)[:10])) or "nothing"
        raise DataError(f"{shown} holds {held}, but no `images`", hint=HINT)
    images = fit_all(three_channels(arrays["images"], shown), config.image_size)
    labels, names = read_labels(arrays, len(images), path)
    return Source(images, labels, names, read_test(arrays, len(images), shown))


def _given(config: DataConfig) -> Path:
    if config.data_path is None:
        raise UsageError("dataset npz needs a file", hint="name it with --data-path FILE.npz")
    return config.data_path


def encoded_pictures(config: DataConfig, _: Progress) -> Pictures | None:
    """Pictures of files that hold encoded ones; None where the file holds pixels.

    Such a file has `blob` (uint8), the encoded pictures after each other, and `offsets` (n + 1,)
    into it, beside `labels`, `label` or `fine_label`, `class_names` and `is_test` as `read_npz`
    takes them. A folder of such files is one data set.

    Raises:
        UsageError: No `data_path`.
        DataError: A file that cannot be read, or arrays that make no sense.
    """
    path = _given(config)
    paths = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    parts = [read_arrays(each, ENCODED, HINT) for each in paths]
    if not parts or not all({"blob", "offsets"} <= set(part) for part in parts):
        return None
    shown = printable(str(path))
    bounds = [_bounds(part, each) for part, each in zip(parts, paths, strict=True)]
    counts = [len(each) - 1 for each in bounds]
    whole = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("labels", "label", "fine_label", "is_test")
        if all(name in part for part in parts)
    }
    answers = [name for name in ("labels", "label", "fine_label") if name in whole]
    given = {name: parts[0][name] for name in ("class_names",) if name in parts[0]}
    given |= {"labels": whole[answers[0]]} if answers else {}
    labels, names = read_labels(given, sum(counts), path)
    starts = np.cumsum([0, *counts])

    def content(number: int) -> bytes:
        at, row = part_of(starts, number)
        return bytes(parts[at]["blob"][bounds[at][row] : bounds[at][row + 1]].data)

    return Pictures(
        names=[str(number) for number in range(sum(counts))],
        content=content,
        labels=labels,
        where=shown,
        reading=Reading({"kind": "encoded arrays", "splits": {}, "text": f"{len(parts)} files"}),
        class_names=names,
        test=read_test(whole, sum(counts), shown),
    )


def _bounds(part: dict[str, np.ndarray], path: Path) -> Indices:
    """`offsets`, which rise from 0 to at most the length of `blob`."""
    offsets = part["offsets"].astype(np.int64)
    falls = offsets.ndim != 1 or len(offsets) < 2 or (np.diff(offsets) < 0).any()
    if falls or offsets[0] < 0 or offsets[-1] > len(part["blob"]):
        raise DataError(f"{printable(str(path))} has offsets that do not fit its blob", hint=HINT)
    return offsets


def read_test(arrays: dict[str, np.ndarray], count: int, shown: str) -> Indices | None:
    """Indices of `is_test`; None where the file does not say.

    Raises:
        DataError: No truth value for every sample, or none or all of them are in the test.
    """
    if "is_test" not in arrays:
        return None
    given = arrays["is_test"]
    if given.dtype.kind not in "biu":
        raise DataError(
            f"{shown} has is_test of type {given.dtype}; expected true or false for every sample",
            hint=HINT,
        )
    mask = given.astype(bool)
    if mask.shape != (count,) or mask.all() or not mask.any():
        raise DataError(
            f"{shown} has is_test of shape {mask.shape} with {int(mask.sum())} test samples; "
            f"expected ({count},), true for some and not for all",
            hint=HINT,
        )
    return np.flatnonzero(mask).astype(np.int64)


def read_labels(
    arrays: dict[str, np.ndarray], count: int, path: Path
) -> tuple[Indices, tuple[str, ...]]:
    """Labels of `count` samples, and the names of the classes; -1 and none where there are none.

    Raises:
        DataError: Labels that are no class numbers, or names that do not fit them.
    """
    if "labels" not in arrays:
        return np.full(count, UNLABELLED, np.int64), ()
    labels, shown = arrays["labels"], printable(str(path))
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{shown} has labels of shape {labels.shape} and type {labels.dtype}; "
            f"expected ({count},) integers",
            hint="labels count from 0, one for every sample; names belong into class_names",
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        raise DataError(f"{shown} has label {low}", hint="labels count from 0")
    if high >= CLASSES:
        raise DataError(
            f"{shown} has label {high:,}; {CLASSES - 1:,} is the largest",
            hint="number the classes from 0, without gaps: numpy.unique(labels, "
            "return_inverse=True)[1]",
        )
    names = _names(arrays["class_names"], shown) if "class_names" in arrays else None
    if names is None:
        names = tuple(map(str, range(high + 1)))
    if high >= len(names):
        raise DataError(f"{shown} has label {high} but only {len(names)} class names", hint=HINT)
    return labels.astype(np.int64), names


def _names(given: np.ndarray, shown: str) -> tuple[str, ...]:
    """The names as text; bytes are read as UTF-8, numbers as they are written."""
    if given.ndim != 1 or given.dtype.kind not in "USiu":
        raise DataError(
            f"{shown} has class_names of shape {given.shape} and type {given.dtype}; expected one "
            f"text for each class",
            hint=HINT,
        )
    if len(given) > CLASSES:
        raise DataError(
            f"{shown} has {len(given):,} class names; {CLASSES:,} are the most", hint=HINT
        )
    try:
        if given.dtype.kind == "S":
            texts = [bytes(name).decode("utf-8", "surrogateescape") for name in given]
        else:
            texts = [str(name) for name in given]
    except (ValueError, SystemError) as error:  # numbers that are no characters
        raise DataError(f"{shown} has class_names that are no text: {error}", hint=HINT) from error
    return checked_names(texts, shown)


DATASETS = {"npz": DataReader(read_npz, "image", encoded_pictures)}
