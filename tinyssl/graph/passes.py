"""Rewrites of a graph: each takes a model and returns a new one that computes the same bytes.

The patterns name the operators they are about; elsewhere only `ops/` and `targets/` do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyssl.graph.model import DType, Model, Op
from tinyssl.graph.moves import join_moves
from tinyssl.graph.states import settle_variables
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.pads import PadOp
from tinyssl.ops.common.params import zero_point
from tinyssl.ops.common.pool import Pool2D
from tinyssl.ops.common.window import NO_PADDING
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.pad import Pad
from tinyssl.ops.padv2 import PadV2
from tinyssl.ops.relu import Relu
from tinyssl.ops.relu6 import Relu6
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


CLAMPS: dict[type[Op], Activation] = {Relu: Activation.RELU, Relu6: Activation.RELU6}
"""Operators that are a fused activation of the operator before, where the quantisation stays"""
CLAMPED = (Convolution, FullyConnected, Pool2D, BinaryOp)
"""Operators whose fused activations clamp what they would give without"""
CLAMPED_TYPES = (DType.INT8, DType.INT16)


def fuse_activations(model: Model) -> Model:
    """RELU and RELU6 become the fused activation of what they read.

    Exact where input and output have one quantisation: both are a clamp then, at the same numbers.
    Nobody else may read the value between.
    """
    ops = list(model.ops)
    for clamp in (op for op in model.ops if type(op) in CLAMPS):
        at = next((i for i, op in enumerate(ops) if _feeds(model, op, clamp)), None)
        if at is not None:
            activation, output = CLAMPS[type(clamp)], clamp.outputs[0]
            ops[at] = replace(ops[at], activation=activation, output=output)  # type: ignore[call-arg]
            ops.remove(clamp)
    return replace(model, ops=tuple(ops))


def _feeds(model: Model, op: Op, clamp: Op) -> bool:
    """Whether `clamp` may become the activation of `op`."""
    if not isinstance(op, CLAMPED):
        return False
    between, after = model.tensor(op.output), model.tensor(clamp.outputs[0])
    readers = [other for other in model.ops if op.output in other.inputs]
    return (
        op.activation is Activation.NONE
        and readers == [clamp]
        and op.output not in model.outputs
        and between.dtype in CLAMPED_TYPES
        and between.quant == after.quant
    )


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


PASSES: tuple[Callable[[Model], Model], ...] = (
    fold_pads,
    fuse_activations,
    settle_variables,
    join_moves,
)
"""In the order in which they run"""


def run_passes(model: Model) -> Model:
    """All passes of `PASSES`, in order."""
    for run in PASSES:
        model = run(model)
    return model
