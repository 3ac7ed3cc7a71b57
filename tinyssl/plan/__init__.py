"""Where each tensor lies in the arena: lifetimes, offsets, picture."""

from tinyssl.plan.arena import Placement, Plan, overlaps, plan_arena
from tinyssl.plan.picture import picture

__all__ = ["Placement", "Plan", "overlaps", "picture", "plan_arena"]
