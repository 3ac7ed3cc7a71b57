"""A float .tflite as a graph whose weights may change, and what its activations look like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import UnsupportedModel
from tinyssl.core.progress import Progress, Silent
from tinyssl.frontends.tflite import has_control, read_model, read_skeleton, write_model
from tinyssl.frontends.tflite.packing import pack
from tinyssl.frontends.tflite.skeleton import SkeletonTensor
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import DType, Model, Quant
from tinyssl.graph.passes.float_weights import ChannelStatistics
from tinyssl.runtimes.litert import Kernels, LitertInterpreter

Batches = Callable[[NDArray[np.int64]], list[NDArray[np.float32]]]
"""Positions of samples to the model's inputs for them, in order: (n, *shape), shapes with the batch
of 1"""


def stacked(feeds: Sequence[Feeds]) -> Batches:
    """Of feeds that lie in memory, in the file's order."""
    names = list(feeds[0])
    return lambda chosen: [np.stack([feeds[at][name] for at in chosen]) for name in names]


def read_float(data: bytes) -> Model:
    """The graph of a float .tflite.

    Raises:
        UnsupportedModel: It has operators whose weights tinyssl cannot follow.
    """
    try:
        return read_model(data)
    except UnsupportedModel as error:
        raise UnsupportedModel(
            f"the float graph cannot be changed: {error.message}",
            hint="convert without --equalise, --bias-correction and --finetune-epochs",
        ) from error


@dataclass(frozen=True)
class Unrolled:
    """A float .tflite without IF and WHILE."""

    data: bytes
    changes: tuple[str, ...] = ()
    """What was done for that, a line each"""


def unroll(data: bytes) -> Unrolled:
    """The file with what its IF and WHILE run in their place: the quantiser does not take them.

    Raises:
        UnsupportedModel: The input decides their course, or tinyssl does not do what they hold.
    """
    if not has_control(data):
        return Unrolled(data)
    model = read_model(data)
    return Unrolled(write_float(model), tuple(map(str, model.changes)))


def write_float(model: Model) -> bytes:
    """The .tflite of a float graph; every activation has its own name, as ranges need it."""
    from ai_edge_litert import schema_py_generated as schema

    file = schema.ModelT.InitFromPackedBuf(write_model(model), 0)
    (graph,) = file.subgraphs
    ends = {*graph.inputs, *graph.outputs}
    for index, tensor in enumerate(graph.tensors):
        if index not in ends:
            tensor.name = f"t{index}"
    return pack(file)


def channel_statistics(
    model: Model, feeds: Sequence[Feeds], progress: Progress | None = None
) -> dict[int, ChannelStatistics]:
    """Of every float activation of the graph, by its index in it.

    Args:
        model: Float graph.
        feeds: Inputs by name, one an inference.
        progress: Told of every inference.
    """
    data = write_float(model)
    interpreter = LitertInterpreter(data, Kernels.OPTIMISED, keep_tensors=True)
    pairs = [
        (index, each.index)
        for index, each in _activations(model, data)
        if model.tensor(index).dtype is DType.FLOAT32 and each.shape
    ]
    places = [place for _, place in pairs]
    largest: list[Any] = [0.0] * len(pairs)
    mean: list[Any] = [0.0] * len(pairs)
    with (progress or Silent()).track("channels", len(feeds), "sample") as task:
        for feed in feeds:
            _, arrays = interpreter.run_keeping(interpreter.named(feed), places)
            for at, array in enumerate(arrays):
                rows = array.reshape(-1, array.shape[-1]).astype(np.float64)
                largest[at] = np.maximum(largest[at], np.abs(rows).max(axis=0))
                mean[at] = mean[at] + rows.mean(axis=0) / len(feeds)
            task.advance()
    return {index: ChannelStatistics(largest[at], mean[at]) for at, (index, _) in enumerate(pairs)}


def int8_quants(model: Model, int8: bytes) -> dict[int, Quant]:
    """Quantisation of a float graph's values in its INT8 form, by index; of those that have one.

    Args:
        model: As `read_float` gives it, of `write_float`'s file.
        int8: What `quantise` made of that file: tensors keep their names.
    """
    found = {
        value.name: value.quant for value in read_model(int8).tensors if value.dtype is DType.INT8
    }
    quants = ((index, found.get(value.name)) for index, value in enumerate(model.tensors))
    return {index: quant for index, quant in quants if quant is not None}


def _activations(model: Model, data: bytes) -> Iterator[tuple[int, SkeletonTensor]]:
    """Those of the graph by index, each with the tensor of its file."""
    ours = [*model.inputs, *(index for op in model.ops for index in op.outputs)]
    return zip(ours, read_skeleton(data).activations, strict=True)
