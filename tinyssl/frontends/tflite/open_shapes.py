"""Dimensions that a file leaves open: those of the inputs are the file's, all others follow.

A converter that was given no batch, or no height, writes -1 into a tensor's `shape_signature` and
1 into its `shape`, also where the real size is another: 64 rows of 8 channels, out of an image of
8 x 8, are [-1, 8] and [1, 8]. TFLM takes `shape` at its word; LiteRT works the sizes out when it
starts, and so does the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tinyssl.frontends.tflite.tables import DAMAGE
from tinyssl.graph.changes import Change, ChangeKind
from tinyssl.graph.model import Model, Op, Value
from tinyssl.ops import spec_of
from tinyssl.ops.common.tflite import Shapes


class OpenShapes:
    """Works out open dimensions while operators are given to it in the order of execution.

    Args:
        values: All values of the graph; shapes are written into it.
        open_values: Those that have open dimensions, and which those are.
    """

    def __init__(self, values: list[Value], open_values: Mapping[int, tuple[int, ...]]) -> None:
        self._values = values
        self._open = open_values
        self._changed = 0

    def settle(self, outputs: Sequence[int], shapes: Callable[[], Shapes]) -> None:
        """Gives the outputs of an operator their shapes, where the file leaves one open.

        What contradicts itself keeps the file's shapes: the verifier says what is wrong with it.
        """
        if not any(index in self._open for index in outputs):
            return
        try:
            found = shapes()
        except (*DAMAGE, ZeroDivisionError):
            return
        for index, shape in zip(outputs, found, strict=False):
            value = self._values[index]
            if index in self._open and value.shape != shape and min(shape, default=1) >= 0:
                self._values[index] = replace(value, shape=shape)
                self._changed += 1

    def settle_read(self, op: Op) -> None:
        """The same of an operator that was read."""
        self.settle(op.outputs, lambda: spec_of(op).shapes(self._model(op), op))

    def _model(self, op: Op) -> Model:
        return Model("", tuple(self._values), (op,), (), ())

    def changes(self, inputs: Sequence[int]) -> Iterator[Change]:
        """What was taken of the file, and what was worked out.

        Args:
            inputs: Of the model; that a batch is 1 needs no word.
        """
        for index in inputs:
            if self._open.get(index, ()) not in ((), (0,)):
                value = self._values[index]
                label = f"the sizes {list(value.shape)} of {value.name}"
                yield Change(ChangeKind.TAKEN, (label,), ())
        if self._changed:
            yield Change(ChangeKind.SIZED, (f"sizes of tensors, {self._changed}",), ())
