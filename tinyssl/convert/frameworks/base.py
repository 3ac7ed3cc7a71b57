"""A float model of another framework, as the conversion sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class FloatInput:
    """An input of the model, as the TFLite file will have it."""

    name: str
    shape: Shape
    """With the batch of 1; images channels last"""


class FloatSource(ABC):
    """An open model. Inputs and outputs are as in the TFLite file: batch 1, channels last.

    The constructor opens the file; what the framework's own reader raises there, the child process
    tells as the reason.
    """

    packages: tuple[str, ...]
    """What it needs, for the message where one is missing"""

    inputs: tuple[FloatInput, ...]

    @abstractmethod
    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        """Outputs of the framework itself for one inference; `arrays` in the order of `inputs`."""

    @abstractmethod
    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        """The float .tflite.

        Args:
            samples: What it may try the model with, in the form of `run`'s.
            folder: Empty, for its own files.
        """


def channels_last(array: Any) -> Any:
    """(n, c, …) to (n, …, c), of 3 dimensions and more."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


def channels_first(array: Any) -> Any:
    """(n, …, c) to (n, c, …), of 3 dimensions and more."""
    return np.moveaxis(array, -1, 1) if array.ndim > 2 else array


def last_shape(shape: Shape) -> Shape:
    """Of an array of `shape`, after `channels_last`."""
    return (shape[0], *shape[2:], shape[1]) if len(shape) > 2 else shape


def with_batch_one(shape: Sequence[Any], name: str) -> Shape:
    """The shape with a batch of 1.

    Raises:
        ValueError: Another dimension is free.
    """
    sizes = (1, *shape[1:])
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise ValueError(
            f"the input {name} has the free shape {list(shape)}: give it with --input-shape"
        )
    return tuple(int(size) for size in sizes)
