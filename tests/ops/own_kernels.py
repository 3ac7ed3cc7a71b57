"""Which graphs an instruction set has C of its own for; the others are compared on the host."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tinyssl.frontends.tflite import operator_kinds
from tinyssl.ops import OPS
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import OPTIMISED
from tinyssl.targets.twins import TWINS


def _own(isa: Isa) -> set[str]:
    twins = TWINS.get(isa, {})
    looked_up = {
        kind
        for kind, spec in OPS.items()
        if twins and (spec.codes or any(kernel.name in twins for kernel in spec.kernels))
    }
    return looked_up | {op.kind for op in OPTIMISED.get(isa, {})}


OWN = {isa: _own(isa) for isa in Isa}
"""Instruction set -> operators that have kernels of its own, or may become a table that has"""


def has_own_kernels(isa: Isa, make: Callable[[], bytes]) -> bool:
    """Whether the C of what `make` gives may differ from that for this computer."""
    return isa is Isa.HOST or not OWN[isa].isdisjoint(_kinds(make))


@cache
def _kinds(make: Callable[[], bytes]) -> frozenset[str]:
    return frozenset(operator_kinds(make()))
