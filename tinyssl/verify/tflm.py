"""TensorFlow Lite Micro on this computer (PyPI's tflite-micro): the oracle.

It is what runs on microcontrollers, in its reference kernels, so its bytes are the right ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.errors import ModelError, ToolMissing
from tinyssl.ir.verify import verify as verify_model
from tinyssl.tflite import read_model, require_canonical
from tinyssl.verify.capture import captured

Int8 = NDArray[np.int8]

FIRST_ARENA = 1 << 20
LAST_ARENA = 1 << 29
ARENA_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


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


class TflmInterpreter:
    """A model in TensorFlow Lite Micro.

    Args:
        data: The .tflite file.

    Raises:
        ModelError: Damaged, or with constants that TFLM would misread.
        UnsupportedModel: Something that tinyssl does not do.
        ToolMissing: tflite-micro is not installed (PyPI has it for Linux on x86-64).
    """

    def __init__(self, data: bytes) -> None:
        require_canonical(data)  # TFLM checks nothing: a damaged file ends the process
        self.model = read_model(data)
        verify_model(self.model)
        self._data = data
        self._runtime = _runtime()
        self._plain = self._interpreter(self._runtime.InterpreterConfig.kAllocationRecording)
        self._keeping: Any = None

    def invoke(self, x: Int8) -> Int8:
        """One inference, in an arena where tensors share memory, as on a microcontroller.

        Args:
            x: int8 of the input's shape.

        Returns:
            int8 of the output's shape.
        """
        return self._run(self._plain, x)

    def tensors(self, x: Int8) -> dict[int, Int8]:
        """One inference that keeps the output of every operator.

        Returns:
            Tensor index of the file -> int8 of its shape, in order of execution.
        """
        if self._keeping is None:
            config = self._runtime.InterpreterConfig.kPreserveAllTensors
            self._keeping = self._interpreter(config)
        self._run(self._keeping, x)
        return {
            op.output: np.array(self._keeping.GetTensor(op.output, 0)["tensor_data"])
            for op in self.model.ops
        }

    @property
    def arena(self) -> ArenaUse:
        """What of the arena the model uses, as TFLM records it on this 64-bit computer."""
        with captured() as printed:
            self._plain.print_allocations()
        found = {name: int(size) for name, size in ARENA_LINE.findall(printed.text)}
        if found.keys() != {"total", "head", "tail"}:
            raise ModelError(f"TensorFlow Lite Micro reported no arena: {printed.text[:200]!r}")
        return ArenaUse(found["head"], found["tail"])

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena that the model uses; a 32-bit microcontroller needs less."""
        return self.arena.total

    def _run(self, interpreter: Any, x: Int8) -> Int8:
        expected = self.model.input.shape
        if x.dtype != np.int8 or x.shape != expected:
            raise ValueError(f"input is {x.dtype} {x.shape}; the model takes int8 {expected}")
        interpreter.set_input(np.ascontiguousarray(x), 0)
        interpreter.invoke()
        return np.array(interpreter.get_output(0), dtype=np.int8).reshape(self.model.output.shape)

    def _interpreter(self, config: Any) -> Any:
        """An interpreter, with an arena that grows until the model fits."""
        arena = FIRST_ARENA
        while True:
            with captured() as printed:
                try:
                    return self._runtime.Interpreter.from_bytes(
                        self._data, arena_size=arena, intrepreter_config=config
                    )
                except RuntimeError as error:
                    failure = error
            if arena >= LAST_ARENA:
                raise ModelError(
                    f"TensorFlow Lite Micro cannot prepare the model with an arena of {arena} "
                    f"bytes: {failure}: {printed.text.strip()}",
                    hint="see the operator it names",
                )
            arena *= 8


def _runtime() -> Any:
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as error:
        raise ToolMissing(
            f"tflite-micro, the reference for byte equality, is not installed: {error}",
            hint="on Linux x86-64: pip install tflite-micro; `tinyssl build --no-check` does "
            "without",
        ) from error
    return runtime
