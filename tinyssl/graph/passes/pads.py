"""PAD in front of convolutions."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import Model, Op
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.pads import PadOp
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.window import NO_PADDING
from tinyssl.ops.pad import Pad
from tinyssl.ops.padv2 import PadV2


def fold_pads(model: Model) -> Model:
    """Moves a PAD of rows and columns into the convolutions that read it.

    Exact, because both fill with the zero point of the same quantisation. A PAD stays where its
    output is the model's or is read by anything but a convolution (poolings leave padded places
    out of their window, so there the two differ).
    """
    pads = [
        op
        for op in model.ops
        if isinstance(op, PadOp)
        and op.padding is not None
        and _fills_with_zero(model, op)
        and _only_convolutions(model, op)
    ]
    foldable = {op.output: op for op in pads}
    ops = tuple(_folded(op, foldable) for op in model.ops if op not in pads)
    return replace(model, ops=ops, changes=(*model.changes, *changed(ChangeKind.PADDED, pads)))


def _fills_with_zero(model: Model, pad: PadOp) -> bool:
    zero = 0 if model.tensor(pad.output).quant is None else zero_point(model, pad.output)
    given = isinstance(pad, PadV2) and pad.value == zero
    return isinstance(pad, Pad) or given


def _only_convolutions(model: Model, pad: PadOp) -> bool:
    readers = [op for op in model.ops if pad.output in op.inputs]
    same_quant = model.tensor(pad.input).quant == model.tensor(pad.output).quant
    convolutions = all(isinstance(op, Convolution) for op in readers)
    return bool(readers) and convolutions and same_quant and pad.output not in model.outputs


def _folded(op: Op, pads: dict[int, PadOp]) -> Op:
    if not isinstance(op, Convolution) or op.input not in pads:
        return op
    pad = pads[op.input]
    return replace(op, input=pad.input, padding=op.padding + (pad.padding or NO_PADDING))
