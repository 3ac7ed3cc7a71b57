"""TensorFlow Lite Micro on this computer (PyPI's tflite-micro): the oracle.

It is what runs on microcontrollers, in its reference kernels, so its bytes are the right ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tinyssl.core.errors import InterpreterFailed, ModelError
from tinyssl.frontends.tflite import complete, read_model, read_outline, simplify
from tinyssl.graph.interface import Feeds, Outputs, check_feeds, named_values, of_kind
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.outline import is_outline
from tinyssl.graph.uses import written_values
from tinyssl.graph.verify import verify as verify_model
from tinyssl.runtimes.base import Array, Runtime
from tinyssl.runtimes.blame import failing_operator
from tinyssl.runtimes.process import InterpreterProcess

ARENA_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
PLAIN, KEEPING = "plain", "keeping"
"""Names of the model in the child: in a shared arena, and with the output of every operator kept"""


@dataclass(frozen=True)
class ArenaUse:
    """What TFLM takes of the arena on this 64-bit computer, in bytes."""

    planned: int
    """Activations and scratch buffers, which share memory; the same on every computer"""
    kept: int
    """Its bookkeeping: structs and pointers, per-channel multipliers and shifts"""

    @property
    def total(self) -> int:
        return self.planned + self.kept

    @property
    def at_least(self) -> int:
        """No 32-bit computer takes less with these kernels: pointers halve, the rest stays."""
        return self.planned + self.kept // 2


class TflmInterpreter(Runtime):
    """A model in TensorFlow Lite Micro, in a child process.

    Args:
        data: The .tflite file.
        model: The same, read and verified, or its outline (`read_outline`), to run what tinyssl's
            own engine does not; by default the file is read and verified here.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: Something that tinyssl does not do.
        InterpreterFailed: TFLM died of it, or took too long.
        ToolMissing: tflite-micro is not installed (PyPI has it for Linux on x86-64).
    """

    name: ClassVar[str] = "tflm"
    title: ClassVar[str] = "TensorFlow Lite Micro"

    def __init__(self, data: bytes, model: Model | None = None) -> None:
        self.model = model or read_model(data)
        if model is None:
            verify_model(self.model)  # TFLM checks nothing: a damaged file ends its process
        named = named_values(self.model)
        self.inputs = of_kind(named, ValueKind.INPUT)
        self.outputs = of_kind(named, ValueKind.OUTPUT)
        completed = complete(data)
        self.original = completed.data
        """The file, with what it leaves out written in"""
        simple = completed if is_outline(self.model) else simplify(data, self.model)
        self.data = simple.data
        """What TFLM runs: the same, without what the model does without"""
        self.changes = simple.added
        """What was changed in the file, in words; empty for most files"""
        self._process = InterpreterProcess("tflm")
        self._open(PLAIN, keep_tensors=False)

    def run(self, feeds: Feeds) -> Outputs:
        """One inference, in an arena where tensors share memory, as on a microcontroller."""
        found = self._run(PLAIN, feeds, [])
        return {value.name: array for value, array in zip(self.outputs, found, strict=True)}

    def tensors(self, feeds: Feeds) -> dict[int, Array]:
        """One inference that keeps the output of every operator.

        Returns:
            Tensor index of the file -> its elements, of its shape, in order of execution. Without
            resource variables, which TFLM does not show.
        """
        written = written_values(self.model)
        found = self._run(self._keeping, feeds, written)[len(self.outputs) :]
        return dict(zip(written, found, strict=True))

    def keeps_tensors(self) -> bool:
        """Whether `tensors` works: TFLM does not prepare every large model so."""
        try:
            return self._keeping == KEEPING
        except ModelError:
            return False

    def reset(self) -> None:
        self._process.reset(PLAIN)
        if "_keeping" in vars(self):
            self._process.reset(KEEPING)

    @property
    def arena(self) -> ArenaUse:
        """What of the arena the model uses, as TFLM records it on this 64-bit computer."""
        printed = self._process.print_arena(PLAIN)
        found = {name: int(size) for name, size in ARENA_LINE.findall(printed)}
        if found.keys() != {"total", "head", "tail"}:
            raise ModelError(f"TensorFlow Lite Micro reported no arena: {printed[:200]!r}")
        return ArenaUse(found["head"], found["tail"])

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena that the model uses; a 32-bit microcontroller needs less."""
        return self.arena.total

    @cached_property
    def _keeping(self) -> str:
        """Name of the model whose tensors are kept; it is loaded when it is first needed."""
        self._open(KEEPING, keep_tensors=True)
        return KEEPING

    def _open(self, name: str, *, keep_tensors: bool) -> None:
        with self._blaming():
            self._process.open(name, self.data, {"keep_tensors": keep_tensors})

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        """Adds the operator at which TFLM fails to its death's message."""
        try:
            yield
        except InterpreterFailed as error:
            outline = read_outline(self.data)
            position = failing_operator("tflm", self.data, outline)
            if position is None:
                raise
            label = outline.ops[position].label
            text = f"{error.message}; the first operator at which it fails is {label}"
            raise InterpreterFailed(text, hint=error.hint) from error

    def _run(self, name: str, feeds: Feeds, keep: list[int]) -> list[Array]:
        arrays = check_feeds(self.inputs, feeds)
        with self._blaming():
            found = self._process.invoke(name, arrays, len(self.outputs), keep)
        values = [self.model.tensor(index) for index in (*self.model.outputs, *keep)]
        return [
            array.astype(value.dtype.value).reshape(value.shape)
            for array, value in zip(found, values, strict=True)
        ]
