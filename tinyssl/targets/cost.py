"""Instructions of the Armv7E-M kernels: to choose between ways to compute the same.

A call's cost is the sum of its features (`targets/features.py`), each times a constant of its
kernel. `python -m tools.fit_cost` fits the constants to measured steps and writes `cost_table.py`,
which says when, of what, and how far off it is.
"""

from __future__ import annotations

from tinyssl.graph.model import Model, Op
from tinyssl.ops import spec_of
from tinyssl.targets.boards import Isa
from tinyssl.targets.cost_table import CONSTANTS
from tinyssl.targets.features import CONV, FUSED, STEM, Features, block_features, op_features
from tinyssl.targets.fused import FusedBlock
from tinyssl.targets.kernels import kernel_for

ISA = Isa.CORTEX_M7
"""The Cortex-M4 has the same kernels, and the compiler orders their C a little differently"""


def op_cost(model: Model, op: Op) -> float:
    """An operator by itself; 0 where nothing is known of its kernel, which no block has then."""
    if spec_of(op).is_view:
        return 0.0
    kernel = kernel_for(model, op, ISA)
    return cost(kernel.name, op_features(model, op, kernel))


def block_cost(model: Model, block: FusedBlock, cache_taps: bool) -> float:
    """A block in one call; `cache_taps`: taps are prepared once, not for each row."""
    return cost(_kernel(block), block_features(model, block, cache_taps))


def _kernel(block: FusedBlock) -> str:
    return FUSED if block.stem is None else STEM


def cost(kernel: str, features: Features) -> float:
    """Constants times features; those of a block with a stem are its parts'."""
    constants = CONSTANTS.get(kernel, {})
    if kernel == STEM:
        stem = {f"stem {name}": value for name, value in CONSTANTS[CONV].items()}
        constants = CONSTANTS[FUSED] | stem
    return sum(constants.get(name, 0.0) * count for name, count in features.items())


def block_cost_features(model: Model, block: FusedBlock, cache_taps: bool) -> tuple[str, Features]:
    """Name of the kernel of a block, and its features."""
    return _kernel(block), block_features(model, block, cache_taps)
