"""Samples of a foreign model: files to the floats that it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyssl.convert.frameworks.base import FloatInput, Floats, Shape
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.paths import require_path
from tinyssl.core.progress import Silent
from tinyssl.core.text import printable
from tinyssl.data.arrays import member_names, read_arrays
from tinyssl.data.audio.wav import fit_length, read_wav
from tinyssl.data.columns import read_csv
from tinyssl.data.folder import read_pictures
from tinyssl.data.pixels import to_grey
from tinyssl.data.scaling import HINT, PixelScale
from tinyssl.data.walk import Listing, list_files, list_pictures

SEED = 0
WAV_FULL_SCALE = 32768.0
LABELS = ("y", "labels", "class_names")
"""Arrays that are no inputs"""
KINDS = "a folder of pictures or of .wav files, an .npz or .npy of what the model takes, or a .csv"
FIT = (
    "give an .npz with an array an input (by its name, or in the model's order), of shape "
    "(n, …) with the rest as the model takes it"
)


def read_samples(
    path: Path, inputs: Sequence[FloatInput], count: int, pixels: str | None
) -> list[list[Floats]]:
    """What a foreign model takes: for each sample an array an input, with the batch of 1.

    Where there are more than `count`, a fixed seed draws them. `pixels` is the declaration of
    `PixelScale`, which pictures need.

    Raises:
        DataError: The file cannot be read, holds nothing, or does not fit the inputs.
        UsageError: There is no such file, or it is of no kind that can be read.
    """
    require_path(path, "--calibration", "--test-data")
    columns = _columns(path, inputs, count, pixels)
    for column, each in zip(columns, inputs, strict=True):
        if not np.isfinite(column).all():
            raise DataError(
                f"{path}: the samples of {each.name} hold numbers that are not finite",
                hint="correct the samples",
            )
    return [[column[at][None] for column in columns] for at in range(len(columns[0]))]


def _columns(
    path: Path, inputs: Sequence[FloatInput], count: int, pixels: str | None
) -> list[Floats]:
    """One array (n, *shape without the batch) an input."""
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        return [column[chosen(len(column), count)] for column in _arrays(path, inputs)]
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs)
        raise UsageError(f"the model has {len(inputs)} inputs ({names})", hint=FIT)
    shape = inputs[0].shape[1:]
    if path.is_dir():
        read = _clips if holds_wav(path) else _pictures
        return [read(path, shape, count, pixels)]
    if suffix == ".csv":
        rows = read_csv(path).values.astype(np.float32)
        return [_shaped(rows, shape, path)[chosen(len(rows), count)]]
    raise UsageError(f"{path} is no calibration data", hint=f"give {KINDS}")


def holds_wav(folder: Path) -> bool:
    """Whether the samples of a folder are sound."""
    return any(each.suffix.lower() == ".wav" for each in folder.rglob("*"))


def list_clips(folder: Path) -> Listing:
    """The .wav files of a folder, in the order in which `read_samples` counts them."""
    return list_files(folder, frozenset({".wav"}), "clips", ".wav")


def chosen(total: int, count: int) -> np.ndarray:
    """Positions of at most `count` samples, ascending, by a fixed seed."""
    rng = np.random.default_rng(SEED)
    return np.sort(rng.choice(total, size=min(count, total), replace=False))


def _arrays(path: Path, inputs: Sequence[FloatInput]) -> list[Floats]:
    if path.suffix.lower() == ".npy":
        try:
            found = [np.load(path, allow_pickle=False)]
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{path} is not a readable .npy: {error}", hint=FIT) from error
    else:
        names = [each.name for each in inputs]
        arrays = read_arrays(path, names, FIT)
        if len(arrays) < len(names):
            held = [name for name in member_names(path) if name not in LABELS]
            arrays = read_arrays(path, held[: len(names)], FIT)
        found = list(arrays.values())
    if len(found) != len(inputs):
        raise DataError(
            f"{path} holds {len(found)} arrays, the model has {len(inputs)} inputs", FIT
        )
    columns = [
        _shaped(np.asarray(array, np.float32), each.shape[1:], path)
        for array, each in zip(found, inputs, strict=True)
    ]
    if len({len(column) for column in columns}) != 1:
        raise DataError(f"{path}: the arrays hold different numbers of samples", hint=FIT)
    return columns


def _shaped(array: Floats, shape: Shape, path: Path) -> Floats:
    """(n, *shape), where the elements of a sample are as many.

    Raises:
        DataError: They are not.
    """
    size = math.prod(shape)
    if not len(array) or array.size != len(array) * size:
        raise DataError(
            f"{printable(str(path))} holds samples of shape {list(array.shape[1:])}; the model "
            f"takes {list(shape)}: {size} numbers",
            hint=FIT,
        )
    return array.reshape((len(array), *shape))


def _pictures(path: Path, shape: Shape, count: int, pixels: str | None) -> Floats:
    """Pictures cut and resized to the model's input as data sets are; grey with one channel."""
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{path} holds pictures; the model takes {list(shape)}, no image of 1 or 3 channels",
            hint=FIT,
        )
    if pixels is None:
        raise UsageError(
            f"how were pixels scaled when this model was trained? It takes float32 {list(shape)}",
            hint=f"say it with --pixels: {HINT}",
        )
    listing = list_pictures(path)
    places = chosen(len(listing.pictures), count)
    listing = replace(listing, pictures=tuple(listing.pictures[at] for at in places))
    images = read_pictures(listing, (shape[0], shape[1]), Silent())
    images = to_grey(images) if shape[2] == 1 else images
    return PixelScale.parse(pixels, shape[2]).reals(images)


def _clips(path: Path, shape: Shape, count: int, _: str | None) -> Floats:
    """Clips of sound, 16 kHz, in [-1, 1); as long as the model's input."""
    if max(shape, default=0) != math.prod(shape):
        raise DataError(
            f"{path} holds sound; the model takes {list(shape)}, which is no row of samples",
            hint="compute the features that it was trained with, and give them as .npz",
        )
    found = list_clips(path)
    files = [found.root / found.pictures[at] for at in chosen(len(found.pictures), count)]
    clips = np.stack([fit_length(read_wav(file), math.prod(shape)) for file in files])
    scaled: Floats = clips.astype(np.float32) / np.float32(WAV_FULL_SCALE)
    return scaled.reshape((len(scaled), *shape))
