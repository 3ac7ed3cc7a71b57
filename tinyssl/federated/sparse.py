"""Selective communication: the largest changes alone, as index and value (TinyMetaFed, spec a3).

A change costs 2 bytes of index and 4 of value; 4 bytes of index from 65,536 parameters on. So a
sparse message is shorter than a dense one below a share of 4 / 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flwr.app import ArrayRecord
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.federated.records import Arrays, check_same, to_arrays

Floats = NDArray[np.float32]

INDEX, VALUE = "index", "value"
"""Names of the two arrays in a message"""


@dataclass(frozen=True)
class Sparse:
    """Some elements of a vector; the others are 0."""

    indices: NDArray[Any]
    """Of uint16, or uint32 where the vector is long; ascending"""
    values: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of a message's payload."""
        return self.indices.nbytes + self.values.nbytes

    def dense(self, size: int) -> Floats:
        """The vector of `size` elements.

        Raises:
            ValueError: An index lies behind it, or there are not as many indices as values.
        """
        if self.indices.shape != self.values.shape:
            raise ValueError(f"{self.indices.size} indices for {self.values.size} values")
        if self.indices.size and int(self.indices.max()) >= size:
            raise ValueError(f"index {self.indices.max()} of {size} parameters")
        found = np.zeros(size, np.float32)
        found[self.indices] = self.values
        return found

    def record(self) -> ArrayRecord:
        """As a message carries it."""
        return to_arrays({INDEX: self.indices, VALUE: self.values})


def change(sent: Arrays, found: Arrays) -> Floats:
    """What a device changed, whether it sent parameters or changes of them.

    Raises:
        DataError: It sent neither.
    """
    if {*found} != {INDEX, VALUE}:
        check_same(sent, found)
        return flat(found) - flat(sent)
    indices, values = found[INDEX], found[VALUE]
    if indices.dtype.kind != "u" or values.dtype != np.float32:
        raise DataError(f"the reply has {indices.dtype} indices, {values.dtype} values")
    try:
        return Sparse(indices, values).dense(sum(each.size for each in sent.values()))
    except ValueError as error:
        raise DataError(f"the reply's changes fit no parameters: {error}") from error


def check_change(sent: Arrays, found: Arrays) -> None:
    """For `GuardedGrid`: parameters as they were sent, or changes of them.

    Raises:
        DataError: The reply holds neither.
    """
    change(sent, found)


def largest(change: Floats, share: float) -> Sparse:
    """The ceil(share * n) elements of largest size; of equals, the first.

    Args:
        change: A vector of n elements.
        share: In (0, 1]; 1 keeps all.
    """
    count = math.ceil(share * change.size)
    order = np.argsort(-np.abs(change), kind="stable")
    chosen = np.sort(order[:count])
    width = np.uint16 if change.size < 2**16 else np.uint32
    return Sparse(chosen.astype(width), change[chosen])


def flat(weights: Mapping[str, NDArray[Any]]) -> Floats:
    """All parameters one behind the other, in the mapping's order."""
    return np.concatenate([np.ravel(each).astype(np.float32) for each in weights.values()])


def unflat(values: Floats, like: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """Parameters with the names and shapes of others, from `flat`."""
    ends = np.cumsum([each.size for each in like.values()])[:-1]
    parts = np.split(values, ends)
    return {
        name: part.reshape(each.shape)
        for (name, each), part in zip(like.items(), parts, strict=True)
    }
