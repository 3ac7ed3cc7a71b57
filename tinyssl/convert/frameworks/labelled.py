"""Labelled samples of a foreign model, and what float and INT8 make of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyssl.convert.frameworks.base import FloatInput, Floats
from tinyssl.convert.frameworks.samples import chosen, holds_wav, list_clips, read_samples
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.data.arrays import read_arrays
from tinyssl.data.base import Indices
from tinyssl.data.class_order import class_scores, order_by_scores
from tinyssl.data.folder import layout_labels
from tinyssl.data.layout import find_layout
from tinyssl.data.npz import read_labels
from tinyssl.data.walk import list_pictures
from tinyssl.graph.interface import Feeds
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.inputs import nearest_feed
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.accuracy import Quality
from tinyssl.verify.sqnr import dequantised

MOST = 2000
"""Samples that are judged; a fixed seed draws them from more"""
HINT = "give a folder with a folder a class, or an .npz with `y` (numbers from 0) beside the inputs"


@dataclass(frozen=True)
class LabelledFeeds:
    """Samples with their classes."""

    feeds: tuple[Feeds, ...]
    """Inputs of the float model, in its order"""
    labels: Indices
    """(n,) as the scores of the first output count them"""


def read_labelled(
    path: Path, float32: bytes, pixels: str | None, listed: Path | None = None
) -> LabelledFeeds:
    """Samples of a folder with a folder a class, or of an .npz with `y` or `labels`.

    Args:
        path: What is read.
        float32: Float .tflite.
        pixels: What 0 and 255 become; see `PixelScale`.
        listed: Text file with the class of each score; None: the folders in alphabetical order.

    Raises:
        DataError: The file cannot be read, or does not fit the model.
        UsageError: There is no such file, or it holds no classes.
    """
    interpreter = LitertInterpreter(float32, Kernels.OPTIMISED)
    inputs = [FloatInput(each.name, each.shape) for each in interpreter.inputs]
    samples = read_samples(path, inputs, MOST, pixels)
    scores = interpreter.outputs[0].elements
    labels = _labels(path, scores, listed, sole=len(interpreter.outputs) == 1)
    if int(labels.max()) >= max(scores, 2):
        raise UsageError(
            f"{path} has class {labels.max()}; the model's first output has {scores} scores",
            hint="number the classes from 0 in the order of the scores",
        )
    names = [each.name for each in inputs]
    feeds = tuple(dict(zip(names, sample, strict=True)) for sample in samples)
    return LabelledFeeds(feeds, labels[chosen(len(labels), MOST)])


def _labels(path: Path, scores: int, listed: Path | None, *, sole: bool) -> Indices:
    if path.suffix.lower() == ".npz":
        arrays = read_arrays(path, ("y", "labels"), HINT)
        if not arrays:
            raise DataError(f"{path} holds no classes of its samples", hint=HINT)
        values = next(iter(arrays.values()))
        return read_labels({"labels": values}, len(values), path)[0]
    if not path.is_dir():
        raise UsageError(f"{path} has no classes", hint=HINT)
    layout = find_layout(list_clips(path) if holds_wav(path) else list_pictures(path))
    if not layout.classes:
        raise UsageError(f"the samples of {path} lie in no class folders", hint=HINT)
    return order_by_scores(layout_labels(layout), layout.classes, scores, listed, sole=sole)[0]


def measure_labelled(
    float32: bytes, oracle: TflmInterpreter, labelled: LabelledFeeds, progress: Progress
) -> Quality:
    """Accuracy of both by the first output; the first of equal scores counts, as on a device."""
    litert = LitertInterpreter(float32, Kernels.OPTIMISED)
    answers: list[Floats] = []
    found: list[np.ndarray] = []
    with progress.track("accuracy", len(labelled.feeds), "sample") as task:
        for feed in labelled.feeds:
            answers.append(next(iter(litert.run(litert.named(feed)).values())).ravel())
            outputs = oracle.run(nearest_feed(oracle.inputs, feed))
            found.append(dequantised(oracle.outputs[0], next(iter(outputs.values()))).ravel())
            task.advance()
    classes = TASKS["classification"]
    scores = [
        classes.score(classes.decode((class_scores(np.stack(rows)),)), labelled.labels)
        for rows in (answers, found)
    ]
    drop = classes.drop(scores[0]["accuracy"], scores[1]["accuracy"], labelled.labels)
    return Quality(classes, scores[0], scores[1], drop, len(labelled.feeds))
