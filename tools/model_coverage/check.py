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
from tinyssl.core.errors import TinysslError, UnsupportedModel
from tinyssl.graph.interface import Feeds
from tinyssl.runtimes.base import Array
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.process import InterpreterProcess
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify.host import first_difference
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
    try:
        tflm = RawTflm(data, raw)
    except (TinysslError, ValueError, TypeError) as error:
        return found | {"tflm": short(str(error)), **_acceptance(data, raw)}
    return found | {"tflm": RUNS, **_compare(data, raw, tflm, images)}


def _acceptance(data: bytes, raw: RawModel) -> dict[str, Any]:
    """Whether we take it, where there is nothing to compare with."""
    try:
        TflmInterpreter(data)
    except TinysslError as error:
        return {"result": REFUSED, "reasons": _reasons(error, raw)}
    return {"result": FAILED, "reasons": "only our reading of it runs in TensorFlow Lite Micro"}


def _compare(data: bytes, raw: RawModel, tflm: RawTflm, images: int) -> dict[str, Any]:
    """Our C for this computer against TensorFlow Lite Micro, on so many inputs."""
    try:
        oracle = TflmInterpreter(data)
        program = compiler.compile(oracle.model)
        inputs = make_inputs(oracle.model, images, SEED)
        with HostModel(program, flags=FLAGS) as ours:
            for number, feeds in enumerate(inputs):
                if number % SEQUENCE == 0:
                    ours.reset()
                    tflm.reset()
                difference = _difference(ours, tflm, feeds, number)
                if difference is not None:
                    return {"result": DIFFERS, "reasons": difference, "inputs": number + 1}
    except TinysslError as error:
        return {"result": REFUSED, "reasons": _reasons(error, raw)}
    return {"result": EQUAL, "inputs": len(inputs)}


def _difference(ours: HostModel, tflm: RawTflm, feeds: Feeds, number: int) -> str | None:
    expected = tflm.run([feeds[value.name] for value in ours.inputs])
    found = ours.run(feeds)
    for value, theirs in zip(ours.outputs, expected, strict=True):
        array = found[value.name]
        different = first_difference(
            theirs.astype(array.dtype).reshape(array.shape), array, number, value.name
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
