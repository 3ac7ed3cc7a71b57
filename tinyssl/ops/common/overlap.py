"""How values may share storage: an output over an input that dies, a part inside a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinyssl.graph.model import Model, Op

INPUT_CONSUMED = 2**31 - 1
"""Maximum offset of a kernel that has read all its input before it writes: all overlaps are allowed
"""


@dataclass(frozen=True)
class Overlap:
    """Permission to place a call's output over an input that nobody reads afterwards."""

    tensor: int
    """Index of the input"""
    max_offset: int = 0
    """Maximum of output offset minus input offset, in bytes"""
    exact: bool = False
    """Only equal offsets are allowed"""

    def allows(self, difference: int) -> bool:
        """Whether the output may lie `difference` bytes behind the start of the input."""
        return difference == 0 if self.exact else difference <= self.max_offset


@dataclass(frozen=True)
class SubValue:
    """A value that may lie inside another: then the operator between them moves nothing."""

    value: int
    whole: int
    offset: int
    """Bytes from the start of the whole"""
    pitch: int = 0
    """Bytes from one pixel to the next, where a value's channels lie between those of others; 0: it
    is in one piece"""


def streaming_max_offset(writes: Iterable[tuple[int, int]]) -> int:
    """Maximum offset of a kernel that reads and writes in the order of addresses.

    Args:
        writes: For each piece of output, in order: its end in bytes from the start of the output,
            and bytes from the start of the input that are never read again when it is written;
            `INPUT_CONSUMED` where that is all of it.
    """
    return min(
        (unread - end for end, unread in writes if unread != INPUT_CONSUMED), default=INPUT_CONSUMED
    )


def elementwise(model: Model, op: Op) -> tuple[Overlap, ...]:
    """Element after element from the front: the output may start where an input starts.

    An input smaller than the output, which is read again and again, must stay clear of it.
    """
    output = model.tensor(op.outputs[0])
    inputs = (i for i in dict.fromkeys(op.inputs) if not model.tensor(i).constant)
    same = (i for i in inputs if model.tensor(i).bytes == output.bytes)
    return tuple(Overlap(i) for i in same)
