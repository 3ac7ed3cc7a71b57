"""Operators whose results are known before anything runs: constants take their place.

Shapes are what it is for: a model whose batch was left open works out the shape of a RESHAPE by
SHAPE, STRIDED_SLICE and PACK, whose results are constants once the batch is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from tinyssl.core.errors import ModelError
from tinyssl.graph.check import CONTRADICTION_HINT
from tinyssl.graph.model import Op, Value, ValueKind
from tinyssl.ops import OPS
from tinyssl.ops.common.constants import Arrays


class Folder:
    """Folds operators while they are given to it in the order of execution.

    Args:
        values: All values of the graph; results are written into it.
        kept: Values that must not become constants: the model's ends.
        take: Called with the bytes of a result before it is computed.
    """

    def __init__(
        self, values: list[Value], kept: Iterable[int], take: Callable[[int], None]
    ) -> None:
        self._values = values
        self._kept = set(kept)
        self._take = take
        self._read: set[int] = set()
        """Values that an operator reads at run time: what comes later must not fold them"""

    def fold(self, op: Op) -> bool:
        """Whether the operator's results are constants now.

        Raises:
            ModelError: They have other types or shapes than the graph says.
        """
        results = self._results(op)
        if results is None:
            self._read.update(op.inputs)
            return False
        for index, result in zip(op.outputs, results, strict=True):
            value = self._values[index]
            if result.dtype != value.dtype.value or result.shape != value.shape:
                raise ModelError(
                    f"{op.label}: its result is {result.dtype} {list(result.shape)}, but "
                    f"{value.name} is {value.dtype.value} {list(value.shape)}",
                    hint=CONTRADICTION_HINT,
                )
            data = np.ascontiguousarray(result).tobytes()
            self._values[index] = replace(value, data=data)
        return True

    def _results(self, op: Op) -> Arrays | None:
        """None where it is computed at run time."""
        if self._empty(op):
            return [np.zeros(value.shape, value.dtype.value) for value in self._outputs(op)]
        spec = OPS.get(op.kind)
        if spec is None or spec.fold is None:
            return None
        if not all(self._values[index].constant for index in op.inputs):
            return None
        if not all(self._free(index) for index in op.outputs):
            return None
        self._take(sum(self._values[index].bytes for index in op.outputs))
        return spec.fold(self._values, op)

    def _outputs(self, op: Op) -> list[Value]:
        return [self._values[index] for index in op.outputs]

    def _empty(self, op: Op) -> bool:
        """Whether nothing is written: of a cut that a loop's first or last round leaves empty."""
        written = sum(value.elements for value in self._outputs(op))
        return bool(op.outputs) and not written and all(map(self._free, op.outputs))

    def _free(self, index: int) -> bool:
        """Whether a value may become a constant; the verifier refuses what is written twice."""
        value = self._values[index]
        written = value.data is not None or value.kind is ValueKind.STATE
        return not written and index not in self._kept and index not in self._read
