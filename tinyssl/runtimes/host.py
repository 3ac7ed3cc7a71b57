"""Generated C compiled for this computer and called through ctypes."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tinyssl.codegen.aot import render_aot
from tinyssl.compiler.calls import call_outputs
from tinyssl.compiler.program import Program
from tinyssl.core.host_compiler import FLAGS, library_bytes, load_library
from tinyssl.core.sources import Sources
from tinyssl.graph.interface import (
    Feeds,
    Outputs,
    ValueInfo,
    check_feeds,
    chosen_feeds,
    named_values,
    of_kind,
)
from tinyssl.graph.model import STORED, Value, ValueKind
from tinyssl.graph.training import LOSS
from tinyssl.runtimes.base import Array, Runtime

_AFTER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32)


class HostModel(Runtime):
    """A program's generated C on this computer. A context manager; not for several threads.

    Args:
        program: The compiled model.
        sources: C to run in place of what `codegen.aot.render_aot` gives for the program.
        flags: Compiler options.

    Raises:
        ToolMissing: There is no C compiler.
        BuildError: The generated C does not compile.
    """

    def __init__(
        self, program: Program, sources: Sources | None = None, *, flags: Sequence[str] = FLAGS
    ) -> None:
        text = render_aot(program) if sources is None else sources
        self._attach(program, load_library(library_bytes(text, (*flags, "-shared", "-fPIC"))))

    def _attach(self, program: Program, library: Any) -> None:
        """Takes the functions `tinyssl_model_…` of a loaded library."""
        self.program = program
        self.model = program.graph
        named = named_values(program.graph)
        self.inputs = of_kind(named, ValueKind.INPUT)
        self.outputs = of_kind(named, ValueKind.OUTPUT)
        self.lasting = tuple(value for value in named if value.kind in STORED)
        """Parameters and states"""
        self.targets = of_kind(named, ValueKind.TARGET)
        self._library = library
        self._arena = _aligned_buffer(program.arena_bytes)
        for name in ("tinyssl_model_data", "tinyssl_model_op_output"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._library.tinyssl_model_init(self._pointer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the arena. The library stays loaded, as ctypes cannot unload it safely."""
        self._arena = _aligned_buffer(0)

    def run(self, feeds: Feeds) -> Outputs:
        """One inference."""
        self._feed(feeds)
        self._library.tinyssl_model_invoke(self._pointer)
        return self.read(self.outputs)

    def train(self, feeds: Feeds, targets: Feeds) -> bool:
        """One inference and one training step.

        Args:
            feeds: Inputs by name.
            targets: The right answers by name.

        Returns:
            Whether something was learnt: not from a label that is no class, nor where the loss is
            no finite number. Then the parameters are as they were.
        """
        self.run(feeds)
        return self.step(targets)

    def loss(self, feeds: Feeds, targets: Feeds) -> float:
        """Loss of one inference, without a step; NaN or infinite where nothing can be learnt.

        The state `loss` becomes that, too; all else stays.
        """
        self.run(feeds)
        self._write_targets(targets)
        self._library.tinyssl_model_loss(self._pointer)
        (value,) = (value for value in self.lasting if value.name == LOSS)
        return float(self._read(value)[0])

    def _write_targets(self, targets: Feeds) -> None:
        for value, array in zip(self.targets, check_feeds(self.targets, targets), strict=True):
            self._write(value, array)

    def step(self, targets: Feeds) -> bool:
        """One training step on the last inference; as `train`, which runs that first."""
        self._write_targets(targets)
        return int(self._library.tinyssl_model_train(self._pointer)) == 0

    def run_profiled(self, feeds: Feeds) -> list[Array]:
        """One inference with all that is computed on the way.

        Returns:
            The output of each kernel call, in execution order, of its tensor's type and shape.
        """
        self._feed(feeds)
        outputs: list[Array] = []
        calls = self.program.inference_calls

        def after(_context: object, index: int) -> None:
            value = call_outputs(self.model, calls[index])[0]
            address = self._library.tinyssl_model_op_output(self._pointer, ctypes.c_uint32(index))
            pitch = self.program.plan.rooms[value].pitch
            outputs.append(_copy(address, self.model.tensor(value), pitch))

        self._library.tinyssl_model_invoke_profiled(self._pointer, _AFTER(after), None)
        return outputs

    def reset(self) -> None:
        self._library.tinyssl_model_reset(self._pointer)

    def snapshot(self) -> Outputs:
        """Parameters and states as they are, by name."""
        return self.read(self.lasting)

    def read(self, values: Iterable[ValueInfo]) -> Outputs:
        """Some of the parameters, states and outputs as they are, by name."""
        return {value.name: self._read(value) for value in values}

    def restore(self, values: Feeds) -> None:
        """Writes parameters and states that `snapshot` gave.

        Raises:
            ValueError: One is missing, unknown, or of another type or size.
        """
        for value, array in zip(self.lasting, check_feeds(self.lasting, values), strict=True):
            self._write(value, array)

    def assign(self, values: Feeds) -> None:
        """Writes these parameters and states; the others stay as they are.

        Raises:
            ValueError: One is unknown, or of another type or size.
        """
        for value, array in chosen_feeds(self.lasting, values):
            self._write(value, array)

    @property
    def _pointer(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._arena.ctypes.data)

    def _feed(self, feeds: Feeds) -> None:
        for value, array in zip(self.inputs, check_feeds(self.inputs, feeds), strict=True):
            self._write(value, array)

    def _write(self, value: ValueInfo, array: Array) -> None:
        ctypes.memmove(self._address(value), array.ctypes.data, array.nbytes)

    def _read(self, value: ValueInfo) -> Array:
        return _copy(self._address(value), value)

    def _address(self, value: ValueInfo) -> int:
        address = self._library.tinyssl_model_data(self._pointer, ctypes.c_uint32(value.id))
        return int(address)


def _copy(address: int, value: Value | ValueInfo, pitch: int = 0) -> Array:
    """A value's elements. pitch: bytes from pixel to pixel; 0: they lie side by side."""
    if pitch:
        pixels = math.prod(value.shape[:-1])
        size = value.bytes // pixels
        data = b"".join(ctypes.string_at(address + i * pitch, size) for i in range(pixels))
    else:
        data = ctypes.string_at(address, value.bytes)
    return np.frombuffer(data, dtype=value.dtype.value).reshape(value.shape).copy()


def _aligned_buffer(size: int) -> NDArray[np.uint8]:
    """Bytes whose address is a multiple of 16."""
    raw = np.zeros(size + 16, np.uint8)
    start = -raw.ctypes.data % 16
    return raw[start : start + size]
