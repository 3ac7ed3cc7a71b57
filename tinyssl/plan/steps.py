"""What the planner must know of a kernel call: its operators, working memory, permitted overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tinyssl.ir.model import Model

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


@dataclass(frozen=True)
class Step:
    """One or more consecutive operators that one kernel call computes.

    Tensors that only its own operators read have no storage.
    """

    first: int
    """Position of its first operator"""
    last: int
    """Position of its last operator, whose output is the step's"""
    scratch: int = 0
    """Bytes of working memory"""
    overlaps: tuple[Overlap, ...] = ()

    @property
    def positions(self) -> range:
        return range(self.first, self.last + 1)


def single_steps(model: Model) -> tuple[Step, ...]:
    """One operator a step, no working memory, nothing overlaps: right for any kernels."""
    return tuple(Step(position, position) for position in range(len(model.ops)))


def check_steps(model: Model, steps: Sequence[Step]) -> None:
    """Steps must cover the operators in order, and hide no tensor that others read.

    Raises:
        ValueError: They do not.
    """
    covered = [position for step in steps for position in step.positions]
    if covered != list(range(len(model.ops))):
        raise ValueError(f"steps cover operators {covered} of {len(model.ops)}")
    for step in steps:
        for tensor in sorted(hidden(model, step)):
            readers = [at for at, op in enumerate(model.ops) if tensor in op.inputs]
            if tensor in model.outputs or not set(readers) <= set(step.positions):
                name = model.tensor(tensor).name
                raise ValueError(f"{name} is inside a step, but is read by others: {readers}")


def hidden(model: Model, step: Step) -> set[int]:
    """Tensors inside a step: written and read there alone."""
    return {model.ops[position].output for position in range(step.first, step.last)}


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
