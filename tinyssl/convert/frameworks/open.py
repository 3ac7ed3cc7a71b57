"""A model of another framework as a float .tflite, proved equal to the framework's own outputs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyssl.convert.float_graph import unroll
from tinyssl.convert.frameworks import framework_of
from tinyssl.convert.frameworks.base import Floats, Shape, channels_first
from tinyssl.convert.frameworks.child import (
    CALIBRATION_FILE,
    ERROR_FILE,
    EXPECTED_FILE,
    FLOAT_FILE,
    Job,
)
from tinyssl.core import errors
from tinyssl.core.child_process import ChildStopped, run_child
from tinyssl.core.errors import DataError, ModelError, ToolMissing, UnsupportedModel
from tinyssl.core.files import read_json
from tinyssl.graph.interface import Feeds, ValueInfo
from tinyssl.runtimes.litert import Kernels, LitertInterpreter

SECONDS = 3600
"""Until the framework must have converted the model"""
TOLERANCE = 1e-3
"""Largest difference of the converted model, of the range of its output over the samples"""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class OpenedModel:
    """What came of it."""

    framework: str
    float32: bytes
    """Float .tflite"""
    feeds: tuple[Feeds, ...]
    """Calibration inputs, by the names in that file"""
    difference: float
    """Largest difference to the framework, of the range of the output; 0: bit-equal"""
    compared: int
    """Inputs over which that holds"""
    changes: tuple[str, ...] = ()
    """What was done to the converter's file, a line each"""


def open_model(
    model: str,
    shapes: Sequence[Shape],
    calibration: Path,
    count: int,
    pixels: str | None,
    log: Path,
) -> OpenedModel:
    """Converts a model in a process of its own, and compares the two.

    Args:
        model: Path, or `FILE.py:FACTORY`.
        shapes: Of the inputs as the framework has them; none: the model says them.
        calibration: See `read_samples`.
        count: Most calibration samples.
        pixels: What 0 and 255 become; see `PixelScale`.
        log: Gets what the framework prints.

    Raises:
        UsageError: No such file, or of no kind that converts.
        DataError: The calibration data do not fit.
        ToolMissing: The framework is not installed.
        UnsupportedModel: The framework cannot convert the model, or converts it into another.
    """
    framework = framework_of(model)
    file, colon, factory = model.partition(".py:")
    place = str(Path(file).absolute()) + colon + factory
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = str(calibration.absolute())
        job = Job(framework, place, tuple(shapes), path, count, pixels, folder)
        _run(job, log)
        unrolled = unroll((folder / FLOAT_FILE).read_bytes())
        samples, expected = _rows(folder / CALIBRATION_FILE), _rows(folder / EXPECTED_FILE)
    interpreter = _float_interpreter(unrolled.data, log)
    feeds = tuple(_feeds(interpreter.inputs, each) for each in samples)
    difference = _difference(interpreter, feeds, expected)
    if not difference <= TOLERANCE:
        raise UnsupportedModel(
            f"the converted model differs from {framework.name} by {difference:.3g} of its "
            f"output's range on {len(expected)} inputs; {TOLERANCE:g} is allowed",
            hint=f"the converter wrote another model (its log is {log}); simplify the layers that "
            "the log warns of, or export the model in another format",
        )
    return OpenedModel(
        framework.name, unrolled.data, feeds, difference, len(expected), unrolled.changes
    )


def _float_interpreter(float32: bytes, log: Path) -> LitertInterpreter:
    try:
        return LitertInterpreter(float32, Kernels.OPTIMISED)
    except ModelError as error:
        raise UnsupportedModel(
            f"LiteRT cannot run the converted float model: {error.message}",
            hint=f"simplify the layer that it names; the converter's log is {log}",
        ) from error


def _run(job: Job, log: Path) -> None:
    words = [sys.executable, "-m", "tinyssl.convert.frameworks.child", str(job.save())]
    try:
        ended = run_child(words, seconds=SECONDS, environment=os.environ | QUIET)
    except ChildStopped as stopped:
        log.write_text(stopped.output, encoding="utf-8")
        raise UnsupportedModel(
            f"{job.framework.name}'s converter {stopped.why}", hint=f"its log is {log}"
        ) from stopped
    log.write_text(ended.output, encoding="utf-8")
    report = job.folder / ERROR_FILE
    if report.exists():
        raise _error(job, read_json(report), log)
    if ended.code:
        last = " ".join(ended.output.strip().splitlines()[-3:])
        raise UnsupportedModel(
            f"{job.framework.name}'s converter ended with {ended.code}: {last}",
            hint=f"its log is {log}",
        )


def _error(job: Job, told: dict[str, str], log: Path) -> errors.TinysslError:
    """What the child reported, as the error that it was."""
    kind, message, hint = told["kind"], told["message"], told["hint"]
    if kind == "ImportError":
        install = f"pip install 'tinyssl[{job.framework.extra}]'"
        return ToolMissing(f"{job.framework.name} models need more packages: {message}", install)
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, errors.TinysslError):
        return known(message, hint)
    return UnsupportedModel(
        f"{job.framework.name} cannot convert {job.model}: {kind}: {message}",
        hint=f"its log is {log}",
    )


def _rows(path: Path) -> list[list[Floats]]:
    """An .npz of the child: for each sample an array a column."""
    with np.load(path, allow_pickle=False) as arrays:
        columns = [arrays[str(at)] for at in range(len(arrays["names"]))]
    return [list(row) for row in zip(*columns, strict=True)]


def _feeds(inputs: Sequence[ValueInfo], arrays: Sequence[Floats]) -> Feeds:
    """Arrays in the model's order under the file's names: converters may change the order.

    Raises:
        UnsupportedModel: The file has other inputs.
    """
    left = list(inputs)
    found: dict[str, Floats] = {}
    for array in arrays:
        fitting = [each for each in left if each.shape == array.shape]
        if not fitting:
            wanted = " and ".join(str(list(each.shape)) for each in inputs)
            raise UnsupportedModel(
                f"the converted model takes {wanted}; {list(array.shape)} was exported",
                hint="give the model fixed shapes (--input-shape)",
            )
        found[fitting[0].name] = array
        left.remove(fitting[0])
    return found


def _difference(
    interpreter: LitertInterpreter, feeds: Sequence[Feeds], expected: Sequence[Sequence[Floats]]
) -> float:
    """Largest difference of any output over the compared inputs, of that output's range."""
    found = [list(interpreter.run(feed).values()) for feed in feeds[: len(expected)]]
    worst = 0.0
    for column in zip(*expected, strict=True):
        values = np.stack(column)
        choices = [
            np.stack([row[at] for row in found])
            for at, value in enumerate(interpreter.outputs)
            if value.elements == values[0].size
        ]
        if not choices:
            return float("inf")
        worst = max(worst, min(_apart(values, choice) for choice in choices))
    return worst


def _apart(expected: Floats, found: Floats) -> float:
    if expected.shape != found.shape:  # an output that stayed channels first
        expected = np.stack([channels_first(each) for each in expected]).reshape(found.shape)
    if not np.isfinite(expected).all():
        raise DataError(
            "the model gives numbers that are not finite on the calibration data",
            hint="check --pixels, or the numbers of the calibration data",
        )
    scale = float(np.ptp(expected)) or float(np.abs(expected).max()) or 1.0
    return float(np.abs(expected - found).max()) / scale
