"""Instructions of a training step, and of layers that learn, before anything was built.

An operator's cost is the sum of its features, each times a constant of its kernel; `python -m
tools.fit_training_cost` fits the constants to measured operators and writes
`training_cost_table.py`, which says of what, and how far off the sums are for models that it did
not see.
"""

from __future__ import annotations

from collections import Counter

from tinyssl.graph.model import Model, Op, ValueKind
from tinyssl.ops import macs
from tinyssl.ops.common.gradient import Sgd
from tinyssl.targets.boards import Isa
from tinyssl.targets.training_cost_table import CONSTANTS, ERRORS

HARD, SOFT = "with a floating-point unit", "without one"
"""Cores that have the same constants"""
WITH_FPU = (
    Isa.CORTEX_M4, Isa.CORTEX_M7, Isa.CORTEX_M55, Isa.XTENSA_LX6, Isa.XTENSA_LX7
)  # fmt: skip
CORES = dict.fromkeys(WITH_FPU, HARD)
"""All others compute floats by subroutines"""
PLAIN = Sgd()
CLAMPS = ("CLAMP_ERROR", "MASK_ERROR", "QUANTISED_CLAMP_ERROR")
WEIGHTS = (ValueKind.CONSTANT, ValueKind.PARAMETER)


def training_features(model: Model, op: Op) -> Counter[str]:
    """What a kernel does so many times: a call, multiply-accumulates, elements read and written."""
    read = [index for index in op.inputs if model.tensor(index).kind not in WEIGHTS]
    return Counter(
        {
            "call": 1,
            _products(model, op): macs(model, op),
            "input": sum(model.tensor(index).elements for index in read),
            "output": sum(model.tensor(index).elements for index in op.outputs),
        }
    )


def _products(model: Model, op: Op) -> str:
    """How an operator's multiply-accumulates are called: some kinds take more of the same kernel.

    Behind a clamp about half of the errors are 0, and their products are left out.
    """
    words = ["mac"]
    layer, error = getattr(op, "layer", None), getattr(op, "error", None)
    if layer is not None and layer.groups > 1:
        words.append("of groups")
    if getattr(op, "sgd", PLAIN) != PLAIN:
        words.append("with momentum")
    source = next((each for each in model.ops if error in each.outputs), None)
    if source is not None and source.kind in CLAMPS:
        words.append("behind a clamp")
    return " ".join(words)


def held_out(isa: Isa) -> tuple[int, float, float]:
    """Models that no constant was fitted to; median and largest relative error of their steps."""
    return ERRORS[CORES.get(isa, SOFT)]


def training_op_cost(model: Model, op: Op, kernel: str, isa: Isa) -> float | None:
    """Instructions of an operator by a kernel; None where nothing is known of it."""
    constants = CONSTANTS.get(CORES.get(isa, SOFT), {}).get(kernel)
    if constants is None:
        return None
    features = training_features(model, op)
    return sum(constants.get(name, 0.0) * count for name, count in features.items())
