"""LiteRT on this computer: beside the oracle, and for the float model."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.errors import ModelError
from tinyssl.verify.capture import captured


class Kernels(StrEnum):
    """Which kernels LiteRT uses."""

    REFERENCE = "ref"
    """BUILTIN_REF: equal to TFLM except FULLY_CONNECTED, where it rounds once and TFLM twice"""
    XNNPACK = "xnnpack"
    """What LiteRT does by default; rounds in float"""
    OPTIMISED = "builtin"
    """LiteRT's own fast kernels without XNNPACK: for float models"""


class LitertInterpreter:
    """A model in LiteRT, on one thread.

    Args:
        data: The .tflite file, float or int8.
        kernels: Which kernels.
        keep_tensors: Keep the output of every operator for `tensor`.

    Raises:
        ModelError: LiteRT refuses the file.
    """

    def __init__(self, data: bytes, kernels: Kernels, *, keep_tensors: bool = False) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        resolvers = {
            Kernels.REFERENCE: OpResolverType.BUILTIN_REF,
            Kernels.XNNPACK: OpResolverType.BUILTIN,
            Kernels.OPTIMISED: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        }
        with captured() as printed:
            try:
                self._interpreter: Any = Interpreter(
                    model_content=data,
                    num_threads=1,
                    experimental_op_resolver_type=resolvers[kernels],
                    experimental_preserve_all_tensors=keep_tensors,
                )
                self._interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise ModelError(
                    f"LiteRT refuses the model: {error} {printed.text.strip()}",
                    hint="convert or copy it again",
                ) from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def invoke(self, x: NDArray[Any]) -> NDArray[Any]:
        """One inference on an array of the input's type and shape."""
        self._interpreter.set_tensor(self._input, x)
        self._interpreter.invoke()
        return self.tensor(self._output)

    def tensor(self, index: int) -> NDArray[Any]:
        """A tensor of the last inference, by its index in the file."""
        return np.array(self._interpreter.get_tensor(index))
