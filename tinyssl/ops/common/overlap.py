"""How far a kernel's output may lie over an input that nobody reads afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinyssl.graph.model import Model, Op

NOTHING_LEFT = 2**31 - 1
"""Slack of a kernel that has read all its input before it writes: any overlap is allowed"""


@dataclass(frozen=True)
class Overlap:
    """Permission to place a step's output over an input that nobody reads afterwards."""

    tensor: int
    """Index of the input"""
    slack: int = 0
    """Offset of the output less offset of the input may be this many bytes, or less"""
    exact: bool = False
    """Only equal offsets are allowed"""

    def allows(self, difference: int) -> bool:
        """Whether the output may lie `difference` bytes behind the start of the input."""
        return difference == 0 if self.exact else difference <= self.slack


def streaming_slack(writes: Iterable[tuple[int, int]]) -> int:
    """Slack of a kernel that reads its input and writes its output in the order of addresses.

    Args:
        writes: For each piece of output, in order: its end in bytes from the start of the output,
            and bytes from the start of the input that are never read again when it is written;
            `NOTHING_LEFT` where that is all of it.
    """
    return min(
        (unread - end for end, unread in writes if unread != NOTHING_LEFT), default=NOTHING_LEFT
    )


def elementwise(model: Model, op: Op) -> tuple[Overlap, ...]:
    """Element after element from the front: the output may start where an input starts.

    An input smaller than the output, which is read again and again, must stay clear of it.
    """
    output = model.tensor(op.outputs[0])
    inputs = (i for i in dict.fromkeys(op.inputs) if not model.tensor(i).constant)
    same = (i for i in inputs if model.tensor(i).bytes == output.bytes)
    return tuple(Overlap(i) for i in same)
