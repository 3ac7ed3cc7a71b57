"""Which operators one kernel call computes, and what the planner must know of the call."""

from __future__ import annotations

from tinyssl.boards import Isa
from tinyssl.emit.describe import has_code
from tinyssl.emit.kernels import Kernel, kernel_for
from tinyssl.ir.model import Model
from tinyssl.plan import Step


def kernel_of(model: Model, step: Step, isa: Isa) -> Kernel | None:
    """The kernel that computes a step on `isa`; None where nothing is to be done (RESHAPE).

    Raises:
        UnsupportedModel: There is none.
    """
    op = model.ops[step.first]
    return kernel_for(model, op, isa) if has_code(op) else None


def choose_steps(model: Model, isa: Isa) -> tuple[Step, ...]:
    """The steps of a model on an instruction set, in execution order, for `plan_arena`."""
    return tuple(_single(model, position, isa) for position in range(len(model.ops)))


def _single(model: Model, position: int, isa: Isa) -> Step:
    op = model.ops[position]
    kernel = kernel_of(model, Step(position, position), isa)
    if kernel is None:
        return Step(position, position)
    scratch = kernel.scratch(model, op) if kernel.scratch else 0
    return Step(position, position, scratch, kernel.overlaps(model, op))
