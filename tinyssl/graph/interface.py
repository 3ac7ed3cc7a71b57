"""The named tensors of a model: what a program around it can write and read.

One list, in one order, for the generated header, the serial protocol and every runtime.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import DType, Model, Quant, Value, ValueKind

Feeds = Mapping[str, NDArray[Any]]
"""Name of an input -> its elements"""
Outputs = dict[str, NDArray[Any]]
"""Name of an output -> its elements, in its own type and shape"""

NAMED_KINDS = (
    *(ValueKind.INPUT, ValueKind.OUTPUT, ValueKind.PARAMETER),
    *(ValueKind.STATE, ValueKind.TARGET),
)
"""In the order of their ids"""
REAL = (DType.FLOAT32, DType.BOOL)
"""Types whose elements are the values themselves, whatever scale a file gives them"""


@dataclass(frozen=True)
class ValueInfo:
    """A named tensor, without what computes it."""

    id: int
    """From 0: inputs in the model's order, then outputs, parameters, states and targets"""
    name: str
    """Unique in the model"""
    kind: ValueKind
    dtype: DType
    shape: tuple[int, ...]
    quant: Quant | None = None
    """None where the elements are the real values"""
    index: int = -1
    """Of the value in the `Model`; -1 where the model is not at hand"""

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.bytes

    @property
    def is_picture(self) -> bool:
        """Whether it has the shape of one grey or RGB picture."""
        return len(self.shape) == 4 and self.shape[0] == 1 and self.shape[3] in (1, 3)

    @property
    def text(self) -> str:
        """`int8 [1, 96, 96, 3]`, for messages."""
        return f"{self.dtype.value} {list(self.shape)}"


def named_values(model: Model) -> tuple[ValueInfo, ...]:
    """All named tensors of a model; the id of each is its position."""
    return number_values(
        (replace(model.tensor(index), kind=kind), index)
        for kind in NAMED_KINDS
        for index in model.of_kind(kind)
    )


def number_values(values: Iterable[tuple[Value, int]]) -> tuple[ValueInfo, ...]:
    """Named tensors of values in the order of their ids, each with its number in the file.

    Names are those of the file. A name that is taken gets the number of its tensor: `x`, `x#5`.
    """
    names: set[str] = set()
    found = []
    for number, (value, index) in enumerate(values):
        name = value.name
        while name in names:
            name = f"{name}#{index}"
        names.add(name)
        quant = None if value.dtype in REAL else value.quant
        found.append(ValueInfo(number, name, value.kind, value.dtype, value.shape, quant, index))
    return tuple(found)


def of_kind(values: Sequence[ValueInfo], kind: ValueKind) -> tuple[ValueInfo, ...]:
    """Those of one kind, in order."""
    return tuple(value for value in values if value.kind is kind)


def check_feeds(inputs: Sequence[ValueInfo], feeds: Feeds) -> list[NDArray[Any]]:
    """The arrays of `feeds` in the order of the inputs, contiguous and of each input's shape.

    Raises:
        ValueError: An input is missing or unknown, or an array has another type or size.
    """
    names = [value.name for value in inputs]
    if set(names) != set(feeds):
        raise ValueError(f"inputs {sorted(feeds)} were given; the model has {names}")
    found = []
    for value in inputs:
        array = np.asarray(feeds[value.name])
        if array.dtype != value.dtype.value or array.size != value.elements:
            raise ValueError(
                f"input {value.name} is {array.dtype} {list(array.shape)}; "
                f"the model takes {value.text}"
            )
        found.append(np.ascontiguousarray(array).reshape(value.shape))
    return found


def chosen_feeds(values: Sequence[ValueInfo], feeds: Feeds) -> list[tuple[ValueInfo, NDArray[Any]]]:
    """Those of `values` that `feeds` names, in their order, each with its array.

    Raises:
        ValueError: A name is unknown, or an array has another type or size.
    """
    chosen = [value for value in values if value.name in feeds]
    unknown = sorted(feeds.keys() - {value.name for value in chosen})
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {[value.name for value in values]}")
    return list(zip(chosen, check_feeds(chosen, feeds), strict=True))
