"""One model on this computer, in a process that it may end.

    python -m tools.model_coverage.check FILE IMAGES

Prints one line of JSON: fields of `Row`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tinyssl import compiler
from tinyssl.core.errors import Mismatch, TinysslError, UnsupportedModel
from tinyssl.core.progress import Silent
from tinyssl.graph.changes import ChangeKind
from tinyssl.graph.interface import Feeds
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.oracle import Oracle, open_oracle
from tinyssl.runtimes.process import InterpreterProcess
from tinyssl.verify.host import first_difference
from tinyssl.verify.original import Referee, check_original
from tools.model_coverage.row import DIFFERS, EQUAL, FAILED, REFUSED, RUNS, SEPARATOR, short

FLAGS = ("-std=c11", "-O3", "-march=x86-64-v2")
"""For our C: hundreds of inputs take a third of the time that they take with -O2. TFLM's package is
for x86-64 alone, and v2 has no multiply-add that would round floats in another way"""
SEED = 0
SEQUENCE = 32
"""Inputs after which a model with states begins anew, in both engines"""
QUANTISED = ("INT8", "UINT8", "INT16")
TYPES = {
    number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)
}
NUMPY = {"FLOAT32": "float32", "BOOL": "bool"}
"""Where numpy's name is not the schema's in lower case"""
MODEL = "model"


class RawModel:
    """What the file says, read by the schema's own code alone."""

    def __init__(self, data: bytes) -> None:
        graph = schema.Model.GetRootAs(data, 0).Subgraphs(0)
        self.tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
        self.inputs = [int(index) for index in graph.InputsAsNumpy()]
        self.outputs = [int(index) for index in graph.OutputsAsNumpy()]

    @property
    def names(self) -> set[str]:
        """Of its tensors."""
        return {(tensor.Name() or b"").decode("utf-8", "replace") for tensor in self.tensors}

    def facts(self) -> dict[str, str]:
        """Kind and ends."""
        kinds = {TYPES.get(tensor.Type(), "?") for tensor in self.tensors}
        ends = (self._types(self.inputs), self._types(self.outputs))
        kind = "quantised" if kinds.intersection(QUANTISED) else "float"
        return {"kind": kind, "ends": " -> ".join(ends)}

    def _types(self, indices: Sequence[int]) -> str:
        names = [TYPES.get(self.tensors[index].Type(), "?").lower() for index in indices]
        return " ".join(dict.fromkeys(names))

    def zeros(self) -> list[Array]:
        """An input of zeros."""
        found = []
        for index in self.inputs:
            kind = TYPES[self.tensors[index].Type()]
            tensor = self.tensors[index]
            shape = [tensor.Shape(axis) for axis in range(tensor.ShapeLength())]
            found.append(np.zeros(shape, NUMPY.get(kind, kind.lower())))
        return found


class RawTflm:
    """The file as it is in TensorFlow Lite Micro, without anything of ours before it."""

    def __init__(self, data: bytes, raw: RawModel) -> None:
        self._outputs = len(raw.outputs)
        self._process = InterpreterProcess("tflm")
        self._process.open(MODEL, data, {"keep_tensors": False})
        self.run(raw.zeros())
        self.reset()

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """All outputs, in order."""
        return self._process.invoke(MODEL, arrays, self._outputs)

    def reset(self) -> None:
        """First values in all variables."""
        self._process.reset(MODEL)


def check(path: Path, images: int) -> dict[str, Any]:
    """Fields of the model's `Row`."""
    data = path.read_bytes()
    try:
        raw = RawModel(data)
        found: dict[str, Any] = raw.facts()
    except Exception as error:  # any damage ends the schema's code in its own way
        return {"tflm": f"not a .tflite file: {type(error).__name__}", "result": REFUSED}
    tflm: RawTflm | None = None
    try:
        tflm, runs = RawTflm(data, raw), RUNS
    except (TinysslError, ValueError, TypeError) as error:
        runs = short(str(error))
    try:
        return found | {"tflm": runs, **_compare(data, tflm, images)}
    except TinysslError as error:
        return found | {"tflm": runs, "result": REFUSED, "reasons": _reasons(error, raw)}


def _compare(data: bytes, tflm: RawTflm | None, images: int) -> dict[str, Any]:
    """Our C for this computer, on so many inputs.

    Against the file as it is in TensorFlow Lite Micro. Where that does not run it, or takes the
    sizes at their word that the file leaves open, as `tinyssl verify` does.
    """
    oracle = open_oracle(data)
    inputs = make_inputs(oracle.model, images, SEED)
    sized = any(change.kind is ChangeKind.SIZED for change in oracle.model.changes)
    with HostModel(compiler.compile(oracle.model), flags=FLAGS) as ours:
        if tflm is not None:
            found = _compared(ours, tflm, inputs)
            if found["result"] == EQUAL or not sized:
                return found | {"judge": Referee.TFLM.value}
        return _compared(ours, _Verified(ours, oracle), inputs) | _judged(oracle, inputs)


def _judged(oracle: Oracle, inputs: Sequence[Feeds]) -> dict[str, Any]:
    """Who says that the oracle's file is the one given; another result where nobody does."""
    if oracle.data == oracle.original:
        return {"judge": oracle.title}
    try:
        judge = check_original(oracle, inputs, Silent())
    except Mismatch as error:
        return {"result": DIFFERS, "reasons": short(error.message)}
    if judge is Referee.NOBODY:
        return {"result": FAILED, "reasons": f"only our reading of it runs in {oracle.title}"}
    return {"judge": judge.value}


class _Verified:
    """What `tinyssl verify` compares with, as `RawTflm` has it."""

    def __init__(self, ours: HostModel, oracle: Oracle) -> None:
        self._names = [value.name for value in ours.inputs]
        self._oracle = oracle

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """All outputs, in order."""
        return [*self._oracle.run(dict(zip(self._names, arrays, strict=True))).values()]

    def reset(self) -> None:
        """First values in all variables."""
        self._oracle.reset()


def _compared(
    ours: HostModel, theirs: RawTflm | _Verified, inputs: Sequence[Feeds]
) -> dict[str, Any]:
    for number, feeds in enumerate(inputs):
        if number % SEQUENCE == 0:
            ours.reset()
            theirs.reset()
        difference = _difference(ours, theirs, feeds, number)
        if difference is not None:
            return {"result": DIFFERS, "reasons": difference, "inputs": number + 1}
    return {"result": EQUAL, "inputs": len(inputs)}


def _difference(
    ours: HostModel, theirs: RawTflm | _Verified, feeds: Feeds, number: int
) -> str | None:
    expected = theirs.run([feeds[value.name] for value in ours.inputs])
    found = ours.run(feeds)
    for value, wanted in zip(ours.outputs, expected, strict=True):
        array = found[value.name]
        different = first_difference(
            wanted.astype(array.dtype).reshape(array.shape), array, number, value.name
        )
        if different is not None:
            return str(different)
    return None


def _reasons(error: TinysslError, raw: RawModel) -> str:
    """One text for each thing that is not supported, without numbers and names of the model."""
    texts = [error.message]
    if isinstance(error, UnsupportedModel) and error.blockers:
        texts = [f"{blocker.place}: {blocker.text}" for blocker in error.blockers]
    names = sorted((name for name in raw.names if len(name) > 2), key=len, reverse=True)
    return SEPARATOR.join(dict.fromkeys(_general(text, names) for text in texts))


def _general(text: str, names: Sequence[str]) -> str:
    for name in names:
        text = text.replace(name, "a tensor")
    text = re.sub(r"#\d+ ", "", short(text).removeprefix(": "))
    text = re.sub(r"tensor \d+ \(a tensor\)", "a tensor", text)
    return re.sub(r"-?\b\d[\d.,e+-]*\b(?!D|x\d|\.)", "N", text)


if __name__ == "__main__":
    result = check(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(result) + "\n")
