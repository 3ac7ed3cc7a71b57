"""LiteRT on this computer: beside the oracle, and for the float model."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from numpy.typing import NDArray

from tinyssl.runtimes.process import InterpreterProcess

Array = NDArray[Any]


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


class LitertInterpreter:
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
        self._process.open(MODEL, data, options)

    def invoke(self, x: Array) -> Array:
        """One inference on an array of the input's type and shape."""
        return self.invoke_keeping(x, ())[0]

    def invoke_keeping(self, x: Array, keep: Sequence[int]) -> list[Array]:
        """One inference: the output, then tensors by their index in the file."""
        return self._process.invoke(MODEL, x, keep)
