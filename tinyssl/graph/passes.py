"""Passes over the IR: each takes a model and returns a new one that computes the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyssl.graph.model import Model
from tinyssl.ops.operators import Conv2D, DepthwiseConv2D, Op, Pad, Padding


def fold_pads(model: Model) -> Model:
    """Moves a PAD into the convolutions that read it.

    Exact, because both fill with the zero point of the same quantisation. A PAD stays where its
    output is the model's or is read by anything but a convolution (poolings leave padded places
    out of their window, so there the two differ).
    """
    foldable = {
        op.output: op for op in model.ops if isinstance(op, Pad) and _only_convolutions(model, op)
    }
    ops = tuple(_folded(op, foldable) for op in model.ops if op.output not in foldable)
    return replace(model, ops=ops)


def _only_convolutions(model: Model, pad: Pad) -> bool:
    readers = [op for op in model.ops if pad.output in op.inputs]
    same_quant = model.tensor(pad.input).quant == model.tensor(pad.output).quant
    convolutions = all(isinstance(op, Conv2D | DepthwiseConv2D) for op in readers)
    return bool(readers) and convolutions and same_quant and pad.output not in model.outputs


def _folded(op: Op, pads: dict[int, Pad]) -> Op:
    if not isinstance(op, Conv2D | DepthwiseConv2D) or op.input not in pads:
        return op
    pad = pads[op.input]
    return replace(op, input=pad.input, padding=_sum(op.padding, pad.padding))


def _sum(a: Padding, b: Padding) -> Padding:
    return Padding(a.top + b.top, a.bottom + b.bottom, a.left + b.left, a.right + b.right)


PASSES: tuple[Callable[[Model], Model], ...] = (fold_pads,)
"""In the order in which they run"""


def run_passes(model: Model) -> Model:
    """All passes of `PASSES`, in order."""
    for run in PASSES:
        model = run(model)
    return model
