"""Gradients of every backward pass against PyTorch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.training.networks import Builder, moving, normalised, varied
from tests.training.test_steps import pictures
from tinyssl.compiler import compile
from tinyssl.graph.training import Loss
from tinyssl.ops.common.activation import float_range
from tinyssl.runtimes.host import HostModel

torch = pytest.importorskip("torch")
F = torch.nn.functional


def _conv(op: Any, x: Any, weight: Any, bias: Any) -> Any:
    pad = (op.padding.left, op.padding.right, op.padding.top, op.padding.bottom)
    rows = F.pad(x.permute(0, 3, 1, 2), pad)
    found = F.conv2d(rows, weight.permute(0, 3, 1, 2), bias, op.stride).permute(0, 2, 3, 1)
    return _clamp(op, found)


def _clamp(op: Any, x: Any) -> Any:
    low, high = float_range(op.activation)
    return x.clamp(max(low, -1e30), min(high, 1e30))


def _pool(op: Any, x: Any) -> Any:
    rows = x.permute(0, 3, 1, 2)
    if op.kind == "MAX_POOL_2D":
        found = F.max_pool2d(rows, op.size, op.stride, op.padding.top)
    else:
        found = F.avg_pool2d(
            rows, op.size, op.stride, op.padding.top, ceil_mode=False, count_include_pad=False
        )
    return _clamp(op, found.permute(0, 2, 3, 1))


def _pad(op: Any, x: Any) -> Any:
    flat = [number for pair in reversed(op.amounts) for number in pair]
    return F.pad(x, flat, value=getattr(op, "value", 0))


def _strided(op: Any, x: Any) -> Any:
    for axis, cut in enumerate(op.axes):
        places = torch.arange(cut.count) * cut.stride + cut.begin
        x = x.index_select(axis, places)
    return x.reshape([cut.count for cut in op.axes if not cut.dropped])


def _space_to_depth(op: Any, x: Any) -> Any:
    _, height, width, depth = x.shape
    b = op.block
    cut = x.reshape(1, height // b, b, width // b, b, depth).permute(0, 1, 3, 2, 4, 5)
    return cut.reshape(1, height // b, width // b, b * b * depth)


def _depth_to_space(op: Any, x: Any) -> Any:
    _, height, width, depth = x.shape
    b = op.block
    cut = x.reshape(1, height, width, b, b, depth // b // b).permute(0, 1, 3, 2, 4, 5)
    return cut.reshape(1, height * b, width * b, depth // b // b)


def _slice(op: Any, x: Any) -> Any:
    return x[tuple(slice(at, at + n) for at, n in zip(op.begin, op.size, strict=True))]


FORWARD: dict[str, Callable[..., Any]] = {
    "CONV_2D": _conv,
    "FULLY_CONNECTED": lambda op, x, w, b: _clamp(op, F.linear(x.reshape(-1, w.shape[1]), w, b)),
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    "PAD": _pad,
    "PADV2": _pad,
    "CONCATENATION": lambda op, *parts: torch.cat(parts, op.axis),
    "PACK": lambda op, *parts: torch.stack(parts, op.axis),
    "SPLIT": lambda op, x: torch.chunk(x, len(op.parts), op.axis),
    "UNPACK": lambda op, x: torch.unbind(x, op.axis),
    "RESHAPE": lambda _, x: x,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided,
    "TRANSPOSE": lambda op, x: x.permute(op.order),
    "REVERSE_V2": lambda op, x: x.flip(op.axes),
    "TILE": lambda op, x: x.tile(op.times),
    "BROADCAST_TO": lambda op, x: x.expand(op.shape),
    "SPACE_TO_DEPTH": _space_to_depth,
    "DEPTH_TO_SPACE": _depth_to_space,
    "ADD": lambda op, a, b: _clamp(op, a + b),
    "SUB": lambda op, a, b: _clamp(op, a - b),
    "MUL": lambda op, a, b: _clamp(op, a * b),
    "DIV": lambda op, a, b: _clamp(op, a / b),
    "SQUARED_DIFFERENCE": lambda _, a, b: (a - b) ** 2,
    "MAXIMUM": lambda _, a, b: torch.maximum(a, b),
    "MINIMUM": lambda _, a, b: torch.minimum(a, b),
    "MEAN": lambda op, x: x.mean(op.axes, op.keep_dims),
    "SUM": lambda op, x: x.sum(op.axes, op.keep_dims),
    "ABS": lambda _, x: x.abs(),
    "SQUARE": lambda _, x: x.square(),
    "SQRT": lambda _, x: x.sqrt(),
    "RSQRT": lambda _, x: x.rsqrt(),
    "RELU": lambda _, x: x.relu(),
    "RELU6": lambda _, x: F.relu6(x),
    "LEAKY_RELU": lambda op, x: F.leaky_relu(x, op.alpha),
    "HARD_SWISH": lambda _, x: F.hardswish(x),
    "SOFTMAX": lambda _, x: x.softmax(-1),
}
"""Operator -> what it computes of its inputs"""


def _gradients(graph: Builder, x: Any, label: int) -> dict[str, Any]:
    model = graph.model()
    values = {
        index: torch.tensor(value.array().copy(), requires_grad=index in graph.parameters)
        for index, value in enumerate(model.tensors)
        if value.data is not None
    }
    values[0] = torch.tensor(x)
    for op in model.ops:
        found = FORWARD[op.kind](op, *(values[index] for index in op.inputs))
        parts = found if isinstance(found, tuple) else (found,)
        for index, part in zip(op.outputs, parts, strict=True):
            values[index] = part.reshape(model.tensor(index).shape)
    last = model.ops[-1]
    scores = values[last.inputs[0] if last.kind == "SOFTMAX" else model.outputs[0]]
    F.cross_entropy(scores, torch.tensor([label])).backward()
    return {model.tensor(index).name: values[index].grad.numpy() for index in graph.parameters}


@pytest.mark.parametrize("make", [varied, moving, normalised])
def test_one_step_is_autograds(make: Callable[[], Builder]) -> None:
    graph = make()
    model = graph.trained(Loss.CROSS_ENTROPY, 1.0)
    with HostModel(compile(model)) as host:
        before = host.snapshot()
        for x, label in pictures(3):
            host.restore(before)
            assert host.train(host.feed(x), {"target": label})
            after = host.snapshot()
            for name, expected in _gradients(graph, x, int(label[0])).items():
                found = before[name] - after[name]
                limit = 1e-5 * max(np.abs(before[name]).max(), np.abs(expected).max())
                assert np.abs(found - expected).max() <= limit, name
                assert np.abs(expected).max() > 1e-4, name
