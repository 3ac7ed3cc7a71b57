"""Who runs a model: our engine, TensorFlow Lite Micro, LiteRT; and what a refusal says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyssl.codegen.tflm_operators import tflm_kernel
from tinyssl.core.errors import ModelError, ToolMissing, UnsupportedModel
from tinyssl.frontends.tflite import operator_kinds, read_model, read_outline
from tinyssl.graph.model import Model
from tinyssl.graph.verify import verify
from tinyssl.runtimes.base import Runtime
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter

TFLM, LITERT = "TensorFlow Lite Micro", "LiteRT"
REASON = 160
"""Characters of an interpreter's reason that a message repeats"""


@dataclass(frozen=True)
class Others:
    """Which interpreters run a model that our engine does not."""

    tflm: str
    """Why TensorFlow Lite Micro does not; empty: it does"""
    litert: str = ""
    """Why LiteRT does not; empty: it does, or was not asked, because TFLM does"""
    builds: bool = False
    """Whether `tinyssl build --engine tflm` has all its kernels"""

    def __str__(self) -> str:
        """A sentence for a hint."""
        if not self.tflm and self.builds:
            return f"{TFLM} runs it: `tinyssl build --engine tflm` builds it with that interpreter"
        if not self.tflm:
            return f"{TFLM} runs it on this computer"
        if not self.litert:
            return f"{LITERT}'s reference kernels run it, {TFLM} does not ({self.tflm})"
        return f"{TFLM} does not run it either ({self.tflm})"


def read_supported(data: bytes, name: str = "model") -> Model:
    """A verified model.

    Raises:
        ModelError: The file is damaged, or contradicts itself.
        UnsupportedModel: Our engine does not run it: all that is in the way, and in the hint
            whether another interpreter runs it.
    """
    try:
        model = read_model(data, name)
        verify(model)
    except UnsupportedModel as error:
        others = who_runs(data)
        told = "; ".join(filter(None, [error.hint, str(others) if others else ""]))
        raise UnsupportedModel(error.message, told, error.blockers) from error
    return model


def read_for_engine(engine: str, data: bytes, name: str = "model") -> Model:
    """A verified model; for the engine `tflm` the outline of one that only TFLM runs.

    Raises:
        ModelError: The file is damaged, or TFLM does not run it either.
        UnsupportedModel: As `read_supported`, of the engine `aot`.
    """
    if engine != "tflm":
        return read_supported(data, name)
    try:
        model = read_model(data, name)
        verify(model)
    except UnsupportedModel:
        model = read_outline(data, name)
        run_once(TflmInterpreter(data, model))
    return model


def who_runs(data: bytes) -> Others | None:
    """Tries the interpreters on one input, each in a process of its own; None: not installed."""
    try:
        tflm = _reason(lambda: TflmInterpreter(data, read_outline(data)))
        litert = _reason(lambda: LitertInterpreter(data, Kernels.REFERENCE)) if tflm else ""
    except ToolMissing:
        return None
    return Others(tflm, litert, builds=not tflm and _builds(data))


def run_once(runtime: Runtime) -> None:
    """One inference on inputs of ones (some operators divide), and a reset.

    Raises:
        ModelError: The interpreter refuses the model, or dies of it.
    """
    runtime.run({value.name: np.ones(value.shape, value.dtype.value) for value in runtime.inputs})
    runtime.reset()


def _reason(make: Callable[[], Runtime]) -> str:
    """Why an interpreter does not run a model; empty where it does."""
    try:
        run_once(make())
    except ModelError as error:
        text = error.message.partition(" refuses the model: ")[2] or error.message
        return text if len(text) <= REASON else text[:REASON].rstrip() + " …"
    return ""


def _builds(data: bytes) -> bool:
    try:
        for kind in operator_kinds(data):
            tflm_kernel(kind)
    except ModelError:
        return False
    return True
