"""Float graphs in torch, with gradients: every operator that a graph of float32 may hold.

`FORWARDS` has a builder for each. Operators that only move elements need none of their own: the
numbers of the elements, folded as a constant is, say where each one comes from (`moves`).
"""

from __future__ import annotations

from tinyssl.convert.gradients.elements import ELEMENTS
from tinyssl.convert.gradients.forward import Builder
from tinyssl.convert.gradients.layers import LAYERS
from tinyssl.convert.gradients.moves import MOVES
from tinyssl.convert.gradients.reductions import REDUCTIONS

FORWARDS: dict[str, Builder] = {**ELEMENTS, **LAYERS, **MOVES, **REDUCTIONS}
"""TFLite's name -> what computes it"""
