"""The model behind a build on this computer: its inputs, and the bytes it must answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.core.errors import ToolMissing, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import BuildInfo, read_record, sha256_of
from tinyssl.frontends.tflite import read_file, read_model
from tinyssl.graph.interface import Feeds, named_values, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.outline import is_outline
from tinyssl.project.learner import Learner
from tinyssl.project.learning import with_training
from tinyssl.runtimes.base import Runtime
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import make_inputs, wire_to_model
from tinyssl.runtimes.oracle import open_oracle
from tinyssl.runtimes.support import read_for_engine
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.subject import TestSplit, load_split

RANDOM_INPUTS = 64
"""Inputs for a model that comes without test images"""
SEED = 0
"""Of those inputs, and of the choice among test images"""


@dataclass(frozen=True)
class Samples:
    """What is sent to the device."""

    inputs: list[Feeds]
    """By name of the input, one dictionary an inference"""
    numbers: NDArray[np.int64]
    """(n,): position of each in the test split, or from 0"""
    split: TestSplit | None = None
    """The same samples with their answers; None: there are none, only agreement can be measured"""


@dataclass(frozen=True)
class Reference:
    """An engine on this computer that gives the right bytes."""

    name: str
    """tflm; litert-ref where that does not run the model; aot-host where it is not to be had"""
    runtime: Runtime


def load_model(info: BuildInfo) -> tuple[Model, bytes]:
    """The model that was built, with its training step where it has one, and its file.

    Raises:
        UsageError: The file is gone or is not the one that was built.
    """
    path = Path(info.model_path)
    if not path.exists() or sha256_of(path) != info.model_sha256:
        raise UsageError(
            f"{path} is no longer the model of this build ({info.model_sha256[:12]}…)",
            hint=f"run `tinyssl build --board {info.board}` and `tinyssl flash` again",
        )
    data = read_file(path)
    model = read_for_engine(info.engine, data)
    if info.training:
        model = with_training(model, Learner.from_record(info.training))
    return model, data


def split_of(info: BuildInfo) -> TestSplit | None:
    """Test images of the run that made the model; None for a model from elsewhere.

    Raises:
        DataError: The stored split is damaged.
    """
    return load_split(read_record(Path(info.data_run))) if info.data_run else None


def choose_samples(model: Model, split: TestSplit | None, count: int) -> Samples:
    """What is sent: test samples, or seeded noise where there are none.

    Args:
        model: Gives the shape of an input.
        split: Of `split_of`.
        count: How many; 0: all images, or `RANDOM_INPUTS`. Fewer than all are drawn at random, so
            that a split sorted by class still gives every class.
    """
    if split is None:
        inputs = make_inputs(model, count or RANDOM_INPUTS, SEED)
        return Samples(inputs, np.arange(len(inputs), dtype=np.int64))
    (value,) = of_kind(named_values(model), ValueKind.INPUT)
    chosen, part = chosen_of(split, count)
    inputs = [{value.name: x} for x in wire_to_model(model, part.samples)]
    return Samples(inputs, chosen, part)


def chosen_of(split: TestSplit, count: int) -> tuple[NDArray[np.int64], TestSplit]:
    """Positions of `count` samples (0: all), drawn at random and in order, and these samples."""
    order = np.random.default_rng(SEED).permutation(len(split.samples))
    chosen = np.sort(order[: count or len(order)])
    return chosen, split.take(chosen)


def open_reference(model: Model, data: bytes, progress: Progress) -> Reference:
    """TensorFlow Lite Micro, or LiteRT where it does not run the model; where it cannot be
    installed, our C compiled for this computer.
    """
    try:
        if is_outline(model):
            return Reference(TflmInterpreter.name, TflmInterpreter(data, model))
        oracle = open_oracle(data, progress)
        return Reference(oracle.name, oracle)
    except ToolMissing as error:
        progress.note(f"{error.message}; comparing with our C on this computer instead")
        return Reference("aot-host", HostModel(compiler.compile(read_model(data))))
