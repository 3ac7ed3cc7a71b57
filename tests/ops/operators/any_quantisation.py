"""Operators that only move or compare numbers: whatever their quantisation, and without one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tests.ops.flatfile import NONE, Flatfile

SCALES = {
    "none": (),
    "apart": (0.05, 0.02, 0.3),
    "zero": (0.0,),
    "several": (0.05,),
}
"""What a file says of its values: scales, in turn"""


class _Chain:
    """Operators in a row, each on what the last one wrote."""

    def __init__(self, shape: tuple[int, ...], dtype: str, scales: str) -> None:
        self.file, self.dtype, self.scales = Flatfile(), dtype, scales
        self.last = self.value(shape, "start")

    def value(self, shape: tuple[int, ...], name: str | None = None) -> int:
        """A new value, quantised as it is its turn."""
        index = self.file.quantised(shape, 1.0, 0, self.dtype, name)
        self._quantise(index)
        return index

    def constant(self, shape: tuple[int, ...]) -> int:
        """Numbers of the values' type."""
        values = np.random.default_rng(len(self.file.tensors)).integers(-100, 100, shape)
        index = self.file.constant(values.astype(self.dtype), [1.0])
        self._quantise(index)
        return index

    def _quantise(self, index: int) -> None:
        tensor, scales = self.file.tensors[index], SCALES[self.scales]
        if not scales:
            tensor.quantization = None
            return
        scale = scales[index % len(scales)]
        several = [2 * scale, 3 * scale] if self.scales == "several" else []
        tensor.quantization.scale = [scale, *several]
        tensor.quantization.zeroPoint = [0] * (1 + len(several))

    def then(self, kind: str, shape: tuple[int, ...], *others: int, **options: object) -> None:
        """One operator more, whose output has a shape."""
        output = self.value(shape)
        self.file.operator(kind, [self.last, *others], [output], **options)
        self.last = output


def moved(dtype: str = "int8", scales: str = "none") -> bytes:
    """Transposed, cut, padded, reversed, cut in two, joined, and the larger of two."""
    chain = _Chain((1, 4, 6), dtype, scales)
    file = chain.file
    numbers = {
        name: file.constant(np.array(values, np.int32))
        for name, values in {
            "order": [0, 2, 1],
            "begin": [0, 1, 0],
            "size": [1, 4, 3],
            "amounts": [[0, 0], [0, 0], [1, 0]],
            "axes": [1],
        }.items()
    }
    axis = file.constant(np.array(2, np.int32))
    chain.then("TRANSPOSE", (1, 6, 4), numbers["order"])
    chain.then("SLICE", (1, 4, 3), numbers["begin"], numbers["size"])
    chain.then("PAD", (1, 4, 4), numbers["amounts"])
    chain.then("REVERSE_V2", (1, 4, 4), numbers["axes"])
    halves = [chain.value((1, 4, 2)) for _ in range(2)]
    file.operator("SPLIT", [axis, chain.last], halves, numSplits=2)
    chain.last = halves[1]
    chain.then(
        "CONCATENATION",
        (1, 4, 5),
        halves[0],
        chain.constant((1, 4, 1)),
        axis=2,
        fusedActivationFunction=NONE,
    )
    chain.then("MAXIMUM", (1, 4, 5), chain.constant((1, 1, 5)))
    chain.then("PACK", (1, 1, 4, 5), axis=0, valuesCount=1)
    return file.data()


def picked(scales: str = "none", dtype: str = "int8") -> bytes:
    """Rows by their indices, mirrored, and where the largest is."""
    chain = _Chain((5, 4), dtype, scales)
    file = chain.file
    rows = file.constant(np.array([3, 0, 4], np.int32))
    amounts = file.constant(np.array([[1, 0], [0, 2]], np.int32))
    chain.then("GATHER", (3, 4), rows, axis=0)
    chain.then("MIRROR_PAD", (4, 6), amounts, mode=0)
    chain.then("MINIMUM", (4, 6), chain.constant((4, 6)))
    places = file.activation((4,), dtype="int32")
    axis = file.constant(np.array(1, np.int32))
    file.operator("ARG_MAX", [chain.last, axis], [places], outputType=2)
    return file.data(outputs=[chain.last, places])


CASES = {
    "moved without a quantisation": moved,
    "moved, of scale 0": partial(moved, scales="zero"),
    "moved, of several scales": partial(moved, scales="several"),
    "moved int16 without a quantisation": partial(moved, "int16"),
    "moved int16, scales apart": partial(moved, "int16", "apart"),
    "picked without a quantisation": picked,
    "picked, scales apart": partial(picked, "apart"),
    "picked, of scale 0": partial(picked, "zero"),
}

RANDOM: dict[str, Callable[[int], bytes]] = {}
