"""The file of a model whose last layers are to learn on the device."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace, write_atomic
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes.float_tail import float_tail, learning_layers
from tinyssl.graph.passes.int8_tail import float_layers, int8_tail
from tinyssl.graph.passes.new_classes import with_classes, with_layer, without_classes
from tinyssl.graph.verify import verify
from tinyssl.project.learner import Learning, Weights, parse_learning
from tinyssl.project.learnt_tensors import chosen_tensors, named_tensors

FOLDER = "learners"
"""Below the workspace"""


def write_learner(
    path: Path, what: str, workspace: Workspace, weights: Weights = "float32"
) -> Path:
    """The model with the layers that learn in their form, as a file of the workspace.

    Args:
        path: A .tflite.
        what: As `--train` says it; names are those of `canonical_names`.
        workspace: Where the file is written.
        weights: Form of what learns.

    Returns:
        The file, whose name holds a hash of the original and what learns.

    Raises:
        UsageError: The model has fewer layers, or more classes already; or INT8 is to learn what it
            cannot.
        ModelError: It cannot be read or is not supported.
    """
    data = read_file(path)
    model = read_model(data, path.stem)
    verify(model)
    changed = learner_file(model, what, weights)
    digest = hashlib.sha256(data).hexdigest()[:8]
    form = "" if weights == "float32" else f"-{weights}"
    name = f"{path.stem}-{digest}-{_slug(what)}{form}.tflite"
    target = workspace.root / FOLDER / name
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, changed)
    return target


def learner_file(model: Model, what: str, weights: Weights) -> bytes:
    """The .tflite that `write_learner` writes."""
    learning, start = parse_learning(what), learning_start(model, what)
    if weights == "int8":
        changed = _int8_learner(model, start, learning, what)
    elif learning.new is not None:
        changed = with_layer(model, learning.new)
    else:
        changed = float_tail(model, start)
    if learning.own:
        changed = without_classes(changed)
    if learning.classes is not None:
        changed = _with_classes(changed, learning.classes)
    return write_model(changed)


def learning_start(model: Model, what: str) -> int:
    """Position of the first layer that learns."""
    return learning_layers(model)[min(each.layer for each in chosen_tensors(model, what))]


def canonical_names(path: Path, what: str) -> str:
    """What `--train` says, with names and patterns as the names that every build of a model has.

    Raises:
        UsageError: Nothing has such a name.
        ModelError: The model cannot be read.
    """
    learning = parse_learning(what)
    if not learning.tensors:
        return what
    model = read_model(read_file(path), path.stem)
    return ",".join(tensor.name for tensor in named_tensors(model, learning.tensors))


def _slug(what: str) -> str:
    """A part of a file's name; of a list of names a hash stands for it."""
    if parse_learning(what).tensors:
        return f"tensors-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
    return what.replace(":", "")


def _int8_learner(model: Model, start: int, learning: Learning, what: str) -> Model:
    """The model as it is, with biases.

    Raises:
        UsageError: It is to get classes, or what learns is no INT8.
    """
    floats = float_layers(replace(model, ops=model.ops[start:]))
    if floats or learning.grows:
        why = f"{floats[0]} is no INT8 layer" if floats else "the classes of INT8 do not grow"
        raise UsageError(
            f"--train {what} --train-weights int8: {why}", hint="leave --train-weights out"
        )
    return int8_tail(model, start)


def _with_classes(model: Model, classes: int) -> Model:
    before = model.output.elements
    if classes < before:
        raise UsageError(
            f"--train head:{classes}: the model has {before} classes already",
            hint=f"name {before} or more",
        )
    return with_classes(model, classes)
