"""Which model is built: read, checked, changed by the passes, planned, compared with TFLM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.errors import UsageError
from tinyssl.ir.model import Model
from tinyssl.ir.passes import run_passes
from tinyssl.ir.verify import verify
from tinyssl.plan import Plan, plan_arena
from tinyssl.progress import Progress
from tinyssl.records import RECORD, Workspace, read_record
from tinyssl.tflite import read_model

CHECK_INPUTS = 4
"""Inputs of the comparison before a build; `tinyssl verify` takes more"""


@dataclass(frozen=True)
class ModelSource:
    """A model that is ready for code generation."""

    path: Path
    data: bytes
    """The .tflite"""
    graph: Model
    """As it is in the file"""
    model: Model
    """After the passes"""
    plan: Plan
    data_run: str
    """Folder of the convert run; empty for a file from elsewhere"""


def load_model(path: Path | None, workspace: Workspace) -> ModelSource:
    """The named model, or the last converted one.

    Raises:
        UsageError: No model was named and none was converted, or the file cannot be read.
        ModelError: The file is damaged or uses something that tinyssl does not do.
    """
    if path is None:
        path = workspace.latest("convert").path("model")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the model {path}: {error.strerror}") from error
    graph = read_model(data, path.stem)
    verify(graph)
    model = run_passes(graph)
    return ModelSource(path.absolute(), data, graph, model, plan_arena(model), _data_run(path))


def _data_run(path: Path) -> str:
    """The convert run whose model this is: its test images measure the accuracy on the device."""
    folder = path.absolute().parent
    if not (folder / RECORD).exists():
        return ""
    run = read_record(folder)
    return str(folder) if run.kind == "convert" and run.files.get("model") == path.name else ""


def sample_inputs(source: ModelSource, count: int) -> NDArray[np.int8]:
    """Inputs to try a model with: test images of its convert run, random ones to fill up.

    Returns:
        int8, (count, *input shape).
    """
    shape = source.model.input.shape
    inputs = np.random.default_rng(0).integers(-128, 128, (count, *shape), dtype=np.int8)
    if source.data_run:
        with np.load(read_record(Path(source.data_run)).path("test")) as test:
            images = test["images"][:count]
        if images[:1].size == inputs[:1].size:
            shifted = (images.astype(np.int16) - 128).astype(np.int8)
            inputs[: len(images)] = shifted.reshape(len(images), *shape)
    return inputs


def check_model(source: ModelSource, progress: Progress) -> None:
    """Our C against TFLM, on this computer, before anything is compiled for the board.

    Raises:
        Mismatch: They differ; names the first operator that does.
    """
    from tinyssl.verify import check_host

    progress.note(f"comparing the generated C with TFLM on {CHECK_INPUTS} inputs")
    check_host(source.data, sample_inputs(source, CHECK_INPUTS))
