"""How far the output of a kernel may lie over its input: what its order of reads and writes allows.

Each function speaks of one kernel; the tests run every kernel on its permission's edge.
"""

from __future__ import annotations

from tinyssl.ir.model import Model
from tinyssl.ir.ops import Op
from tinyssl.plan import Overlap


def elementwise(model: Model, op: Op) -> tuple[Overlap, ...]:
    """Element after element from the front: the output may start where an input starts."""
    return tuple(Overlap(index) for index in dict.fromkeys(op.inputs))
