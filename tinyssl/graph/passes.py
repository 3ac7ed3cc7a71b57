"""Rewrites of a graph: each takes a model and returns a new one that computes the same bytes.

The patterns name the operators they are about; elsewhere only `ops/` and `targets/` do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyssl.graph.model import Model, Op
from tinyssl.graph.states import settle_variables
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.pads import PadOp
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.window import NO_PADDING
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.pad import Pad
from tinyssl.ops.padv2 import PadV2
from tinyssl.ops.reshape import Reshape


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
    return replace(model, ops=ops)


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


def drop_idle_reshapes(model: Model) -> Model:
    """Leaves out RESHAPEs that keep the shape, and those whose readers only see the elements.

    Exact: FULLY_CONNECTED flattens its input whatever its shape.
    """
    reshapes = [op for op in model.ops if isinstance(op, Reshape)]
    idle = [op for op in reshapes if _idle(model, op)]
    sources: dict[int, int] = {}
    for op in idle:  # in order of execution: what an idle one reads is resolved already
        sources[op.output] = sources.get(op.input, op.input)
    ops = tuple(op.reading(sources) for op in model.ops if op not in idle)
    return replace(model, ops=ops)


def _idle(model: Model, op: Reshape) -> bool:
    source, target = model.tensor(op.input), model.tensor(op.output)
    if op.output in model.outputs or source.quant != target.quant:
        return False
    readers = [other for other in model.ops if op.output in other.inputs]
    dense = all(isinstance(reader, FullyConnected) for reader in readers)
    keeps = any(isinstance(reader, FullyConnected) and reader.keep_num_dims for reader in readers)
    return source.shape == target.shape or (bool(readers) and dense and not keeps)


def plain_options(model: Model) -> Model:
    """Clears `keep_num_dims` where the input has two dimensions: it changes nothing there."""

    def plain(op: Op) -> Op:
        flat = isinstance(op, FullyConnected) and len(model.tensor(op.input).shape) == 2
        return replace(op, keep_num_dims=False) if isinstance(op, FullyConnected) and flat else op

    return replace(model, ops=tuple(plain(op) for op in model.ops))


def renumber(model: Model) -> Model:
    """Numbers operators by position, as the written file will."""
    return replace(model, ops=tuple(replace(op, index=index) for index, op in enumerate(model.ops)))


PASSES: tuple[Callable[[Model], Model], ...] = (fold_pads, settle_variables)
"""In the order in which they run"""


def run_passes(model: Model) -> Model:
    """All passes of `PASSES`, in order."""
    for run in PASSES:
        model = run(model)
    return model
