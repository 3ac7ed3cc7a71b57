"""What every runtime can do: named tensors in, named tensors out, state in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import NDArray

from tinyssl.graph.interface import Feeds, Outputs, ValueInfo

Array = NDArray[Any]


class Runtime(ABC):
    """A model that runs, wherever that is."""

    inputs: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]

    @abstractmethod
    def run(self, feeds: Feeds) -> Outputs:
        """One inference.

        Args:
            feeds: By name of the input, each of its type and shape (or as many elements).

        Returns:
            By name of the output, each of its type and shape.

        Raises:
            ValueError: An input is missing, unknown, or of another type or size.
        """

    @abstractmethod
    def reset(self) -> None:
        """Gives all states their first values: a new sequence begins."""

    def feed(self, x: Array) -> Feeds:
        """`x` as the feeds of a model with one input.

        Raises:
            ValueError: The model has several.
        """
        return {self._only(self.inputs, "inputs").name: x}

    def invoke(self, x: Array) -> Array:
        """`run` for a model with one input and one output: a picture in, its scores out.

        Raises:
            ValueError: The model has more of either, or `x` has another type or size.
        """
        output = self._only(self.outputs, "outputs").name
        return self.run(self.feed(x))[output]

    @staticmethod
    def _only(values: tuple[ValueInfo, ...], what: str) -> ValueInfo:
        if len(values) != 1:
            names = ", ".join(value.name for value in values)
            raise ValueError(f"the model has {len(values)} {what} ({names}): `run` takes names")
        return values[0]
