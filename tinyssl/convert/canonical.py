"""Canonical form: one operator where one is enough, one self-contained file, equal bytes for equal
models.

ai-edge-quantizer writes large constants behind the flatbuffer, where TensorFlow Lite Micro cannot
see them; long names, an array of zero points a tensor, and options that mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import fold_pads
from tinyssl.graph.verify import verify
from tinyssl.ops.operators import FullyConnected, Op, Reshape

Pass = Callable[[Model], Model]


def drop_idle_reshapes(model: Model) -> Model:
    """Leaves out RESHAPEs that keep the shape, and those whose readers only see the elements.

    Exact: FULLY_CONNECTED flattens its input whatever its shape.
    """
    reshapes = [op for op in model.ops if isinstance(op, Reshape)]
    idle = {op.output: op.input for op in reshapes if _idle(model, op)}
    ops = tuple(_rewired(op, idle) for op in model.ops if op.output not in idle)
    return replace(model, ops=ops)


def _idle(model: Model, op: Reshape) -> bool:
    source, target = model.tensor(op.input), model.tensor(op.output)
    if op.output in model.outputs or source.quant != target.quant:
        return False
    readers = [other for other in model.ops if op.output in other.inputs]
    dense = all(isinstance(reader, FullyConnected) for reader in readers)
    keeps = any(isinstance(reader, FullyConnected) and reader.keep_num_dims for reader in readers)
    return source.shape == target.shape or (bool(readers) and dense and not keeps)


def _rewired(op: Op, sources: dict[int, int]) -> Op:
    names = [name for name in ("input", "left", "right") if hasattr(op, name)]
    changes = {name: _source(getattr(op, name), sources) for name in names}
    return replace(op, **changes)


def _source(index: int, sources: dict[int, int]) -> int:
    while index in sources:
        index = sources[index]
    return index


def plain_options(model: Model) -> Model:
    """Clears `keep_num_dims` where the input has two dimensions: it changes nothing there."""

    def plain(op: Op) -> Op:
        flat = isinstance(op, FullyConnected) and len(model.tensor(op.input).shape) == 2
        return replace(op, keep_num_dims=False) if isinstance(op, FullyConnected) and flat else op

    return replace(model, ops=tuple(plain(op) for op in model.ops))


def renumber(model: Model) -> Model:
    """Numbers operators by position, as the written file will."""
    return replace(model, ops=tuple(replace(op, index=index) for index, op in enumerate(model.ops)))


CANONICAL_PASSES: tuple[Pass, ...] = (fold_pads, plain_options, drop_idle_reshapes, renumber)
"""In the order in which they run; each computes the same bytes as before"""


def canonicalise(data: bytes) -> bytes:
    """Rewrites an INT8 .tflite in canonical form. Running it again changes nothing.

    Args:
        data: A .tflite file, also with constants behind the flatbuffer.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: It holds something that tinyssl does not do.
    """
    model = read_model(data)
    verify(model)
    for run in CANONICAL_PASSES:
        model = run(model)
    verify(model)
    return write_model(model)
