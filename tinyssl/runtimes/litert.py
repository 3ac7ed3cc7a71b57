"""LiteRT on this computer: beside the oracle, and for the float model."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from tinyssl.core.text import printable
from tinyssl.graph.interface import Feeds, Outputs, check_feeds, number_values, of_kind
from tinyssl.graph.model import DType, Quant, Value, ValueKind
from tinyssl.runtimes.base import Array, Runtime
from tinyssl.runtimes.process import InterpreterProcess


class Kernels(StrEnum):
    """Which kernels LiteRT uses."""

    REFERENCE = "ref"
    """BUILTIN_REF: equal to TFLM except FULLY_CONNECTED, where it rounds once and TFLM twice"""
    XNNPACK = "xnnpack"
    """What LiteRT does by default; rounds in float"""
    OPTIMISED = "builtin"
    """LiteRT's own fast kernels without XNNPACK: for float models"""


RESOLVERS = {
    Kernels.REFERENCE: "BUILTIN_REF",
    Kernels.XNNPACK: "BUILTIN",
    Kernels.OPTIMISED: "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
}
"""Kernels -> name in LiteRT's `OpResolverType`"""

MODEL = "model"
"""Name of the one model in the child process"""


class LitertInterpreter(Runtime):
    """A model in LiteRT, on one thread, in a child process.

    Args:
        data: The .tflite file, float or int8.
        kernels: Which kernels.
        keep_tensors: Keep the output of every operator for `invoke`'s `keep`.

    Raises:
        ModelError: LiteRT refuses the file.
        InterpreterFailed: LiteRT died of it, or took too long.
        ToolMissing: LiteRT is not installed.
    """

    def __init__(self, data: bytes, kernels: Kernels, *, keep_tensors: bool = False) -> None:
        self._process = InterpreterProcess("litert")
        options = {"resolver": RESOLVERS[kernels], "keep_tensors": keep_tensors}
        ends = self._process.open(MODEL, data, options)
        kinds = {"inputs": ValueKind.INPUT, "outputs": ValueKind.OUTPUT}
        named = number_values(_value(kinds[end], *row) for end in kinds for row in ends[end])
        self.inputs = of_kind(named, ValueKind.INPUT)
        self.outputs = of_kind(named, ValueKind.OUTPUT)

    def named(self, feeds: Feeds) -> Feeds:
        """Arrays in the order of the inputs under the names that this file has for them."""
        names = (value.name for value in self.inputs)
        return dict(zip(names, feeds.values(), strict=True))

    def run(self, feeds: Feeds) -> Outputs:
        return self.run_keeping(feeds, ())[0]

    def run_keeping(self, feeds: Feeds, keep: Sequence[int]) -> tuple[Outputs, list[Array]]:
        """`run`, and tensors by their index in the file."""
        arrays = check_feeds(self.inputs, feeds)
        count = len(self.outputs)
        found = self._process.invoke(MODEL, arrays, count, keep)
        names = (value.name for value in self.outputs)
        return dict(zip(names, found[:count], strict=True)), found[count:]

    def reset(self) -> None:
        self._process.reset(MODEL)


def _value(
    kind: ValueKind, index: int, name: str, dtype: str, shape: list[int], *quant: float
) -> tuple[Value, int]:
    """What the child says of an input or output."""
    scale, zero_point = quant
    found = Quant((scale,), (int(zero_point),)) if scale else None
    return Value(
        printable(name) or f"t{index}", tuple(shape), DType(dtype), found, kind=kind
    ), index
