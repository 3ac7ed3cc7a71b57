"""`tinyssl predict`: what an INT8 model answers to pictures or WAV files, on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyssl.bench.own_data import picture_arrays
from tinyssl.bench.own_sound import holds_sound, list_sound, read_sound
from tinyssl.bench.subject import open_reference
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.paths import existing
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.data.class_order import class_scores
from tinyssl.data.kinds import picture_suffixes
from tinyssl.data.walk import Listing, list_pictures
from tinyssl.data.wav_folder import SUFFIXES
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import named_values, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.learn.tasks import TASKS
from tinyssl.project.source import class_names
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.inputs import wire_to_model
from tinyssl.verify.sqnr import dequantised
from tinyssl.verify.subject import ModelFile, TestSplit, declared_pixels, find_subject, load_split

SUM = 0.05
"""Scores between 0 and 1 whose sum is 1 up to so much are probabilities already"""


@dataclass(frozen=True)
class PredictRequest:
    """Which files, and how they are read."""

    files: tuple[str, ...]
    """Pictures or WAV files, or folders of such"""
    model: str | None = None
    """INT8 .tflite; None: the last one converted"""
    pixels: str | None = None
    """As of `bench --data`"""


@dataclass(frozen=True)
class Prediction:
    """Of one file."""

    file: Path
    scores: dict[str, float]
    """Class -> probability, the likeliest first; of a regression name -> number, in order"""


@dataclass(frozen=True)
class Predictions:
    """Of all files, by one model."""

    model: Path
    engine: str
    """Which computed them: the bytes are those of the board"""
    found: tuple[Prediction, ...]
    classes: bool
    """False: numbers"""


def predict(request: PredictRequest, workspace: Workspace, progress: Progress) -> Predictions:
    """Runs the model on every file.

    Raises:
        UsageError: No file, no model, a model that takes something else, or pixels of unknown
            meaning.
        DataError: A file cannot be read.
    """
    subject = find_subject(existing(request.model, "--model"), workspace)
    model = read_model(subject.data)
    before = load_split(subject.source) if subject.source else None
    files = _files(request.files)
    feeds = _arrays(files, model, subject, request.pixels, before, progress)
    reference = open_reference(model, subject.data, progress)
    (output,) = of_kind(reference.runtime.outputs, ValueKind.OUTPUT)
    reals = []
    with progress.track("predict", len(files), "file") as tracker:
        for x in feeds:
            reals.append(dequantised(output, reference.runtime.invoke(x)).ravel())
            tracker.advance()
    names, classes = _names(before, class_names(subject), output.elements)
    rows = _probabilities(np.stack(reals)) if classes else np.stack(reals)
    found = tuple(
        Prediction(path, _ranked(names, row) if classes else _named(names, row))
        for path, row in zip(files, rows, strict=True)
    )
    return Predictions(subject.path, reference.name, found, classes)


def _files(named: Sequence[str]) -> list[Path]:
    """Files as they were named; of folders, all that lie in them."""
    if not named:
        raise UsageError("no file named", hint="tinyssl predict picture.jpg …, or a folder")
    found: list[Path] = []
    for name in named:
        path = existing(name, "FILE")
        assert path is not None
        if not path.is_dir():
            found.append(path)
            continue
        listing = list_sound(path) if holds_sound(path) else list_pictures(path)
        found += [path / inside for inside in listing.pictures]
    known = picture_suffixes() | SUFFIXES
    for path in found:
        if path.suffix.lower() not in known:
            raise DataError(
                f"{path} is neither a picture nor a WAV file, by its name",
                hint="give it the ending that it has in truth: .jpg, .png, .wav",
            )
    return found


def _arrays(
    files: list[Path],
    model: Model,
    subject: ModelFile,
    pixels: str | None,
    before: TestSplit | None,
    progress: Progress,
) -> Array:
    sounds = [path for path in files if path.suffix.lower() in SUFFIXES]
    if sounds and len(sounds) < len(files):
        raise UsageError(
            f"{len(sounds)} WAV files and {len(files) - len(sounds)} pictures",
            hint="a model takes one of both",
        )
    listing = Listing(Path(), tuple(path.absolute() for path in files))
    if not sounds:
        return picture_arrays(listing, model, pixels or declared_pixels(subject.path), progress)
    (value,) = of_kind(named_values(model), ValueKind.INPUT)
    samples, _ = read_sound(listing, value, before.spec if before else None, progress)
    return wire_to_model(model, samples)


def _names(
    before: TestSplit | None, known: tuple[str, ...], elements: int
) -> tuple[tuple[str, ...], bool]:
    """What the scores are called, and whether they are scores of classes."""
    if before is not None and before.task is TASKS["regression"]:
        return before.target_names or tuple(f"number {n}" for n in range(elements)), False
    count = max(elements, 2)  # a lone score is the probability of the second class
    if len(known) == count:
        return known, True
    return tuple(f"class {number}" for number in range(count)), True


def _probabilities(reals: Array) -> Array:
    """Scores (n, elements) as probabilities (n, classes): as they are, or by softmax."""
    scores = class_scores(reals)
    if scores.min() >= 0 and np.abs(scores.sum(axis=1) - 1).max() < SUM:
        exponents = scores
    else:
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = exponents / exponents.sum(axis=1, keepdims=True)
    return shares


def _ranked(names: Sequence[str], row: Array) -> dict[str, float]:
    order = np.argsort(-row, kind="stable")
    return {names[number]: float(row[number]) for number in order}


def _named(names: Sequence[str], row: Array) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, row, strict=True)}
