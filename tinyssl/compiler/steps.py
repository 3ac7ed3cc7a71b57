"""What the planner must know of a kernel call: its operators, working memory, permitted overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyssl.graph.model import Model
from tinyssl.targets.overlap import Overlap


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
