"""Where each tensor lies in the arena: steps, lifetimes, offsets, picture."""

from tinyssl.plan.arena import Placement, Plan, overlaps, plan_arena, step_bytes
from tinyssl.plan.picture import picture
from tinyssl.plan.steps import Overlap, Step, single_steps

__all__ = [
    "Overlap",
    "Placement",
    "Plan",
    "Step",
    "overlaps",
    "picture",
    "plan_arena",
    "single_steps",
    "step_bytes",
]
