"""A numpy .npz with `images`, and optionally `labels` and `class_names`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from tinyssl.config import DataConfig
from tinyssl.datasets.base import UNLABELLED, Indices, Source
from tinyssl.datasets.pixels import fit_all, three_channels
from tinyssl.errors import DataError, UsageError
from tinyssl.progress import Progress

HINT = "save it with numpy.savez(path, images=…, labels=…, class_names=…)"


def read_npz(config: DataConfig, progress: Progress) -> Source:
    """Reads `images` (n, h, w[, 1 | 3]) uint8, `labels` (n,) integers, `class_names` (classes,).

    `is_test` (n,), where it is there, is true for the images of the source's own test split.
    """
    path = config.data_path
    if path is None:
        raise UsageError("dataset npz needs a file", hint="name it with --data-path FILE.npz")
    arrays = _load(path)
    if "images" not in arrays:
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}, but no `images`", hint=HINT
        )
    images = fit_all(three_channels(arrays["images"], str(path)), config.image_size)
    labels, names = _labels(arrays, len(images), path)
    return Source(images, labels, names, _test(arrays, len(images), path))


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:  # numpy leaves a damaged file open when given a path
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is a single array, not an .npz archive", hint=HINT)
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist", hint="check --data-path") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a readable .npz: {error}", hint=HINT) from error


def _test(arrays: dict[str, np.ndarray], count: int, path: Path) -> Indices | None:
    if "is_test" not in arrays:
        return None
    mask = arrays["is_test"].astype(bool)
    if mask.shape != (count,) or mask.all() or not mask.any():
        raise DataError(
            f"{path} has is_test of shape {mask.shape} with {int(mask.sum())} test images; "
            f"expected ({count},), true for some and not for all",
            hint=HINT,
        )
    return np.flatnonzero(mask).astype(np.int64)


def _labels(
    arrays: dict[str, np.ndarray], count: int, path: Path
) -> tuple[Indices, tuple[str, ...]]:
    if "labels" not in arrays:
        return np.full(count, UNLABELLED, np.int64), ()
    labels = arrays["labels"]
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{path} has labels of shape {labels.shape} and type {labels.dtype}; "
            f"expected ({count},) integers",
            hint="labels count from 0, one for every image",
        )
    if labels.min() < 0:
        raise DataError(f"{path} has label {labels.min()}", hint="labels count from 0")
    names = tuple(str(name) for name in arrays.get("class_names", range(int(labels.max()) + 1)))
    if labels.max() >= len(names):
        raise DataError(
            f"{path} has label {labels.max()} but only {len(names)} class names", hint=HINT
        )
    return labels.astype(np.int64), names
