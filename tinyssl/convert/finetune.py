"""Quantisation-aware fine-tuning: the float graph learns to live with the rounding of INT8.

Every weight and every activation is rounded in the forward pass with the scales that the INT8 model
will have; the gradient passes straight through (Jacob et al., 2018, section 3). The target is what
the graph computes without rounding, so no labels are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.convert.float_graph import Batches
from tinyssl.convert.ranges import LEVELS, Range, with_zero
from tinyssl.core.errors import TrainingError, UnsupportedModel
from tinyssl.core.progress import Progress
from tinyssl.graph.model import DType, Model
from tinyssl.graph.passes.float_weights import with_constants

BATCH = 64
CHECKED = 256
"""Samples over which the loss is measured before and after"""
CODE_MIN, WEIGHT_MAX = -128, 127


@dataclass(frozen=True)
class FinetuneSchedule:
    """How long and how fast."""

    epochs: int
    rate: float = 1e-4
    """Of Adam at the start; falls to 0 along a cosine"""


@dataclass(frozen=True)
class FinetunedGraph:
    """What came of it."""

    model: Model
    before: float
    """Loss of the rounded model against the exact one, over the first `CHECKED` samples"""
    after: float


class RoundedGraph(nn.Module):
    """A float graph in torch; rounds as INT8 does where `rounding` is on.

    Args:
        model: Float graph with one input and one output.
        ranges: Of its activations, by index; those without one are not rounded.

    Raises:
        UnsupportedModel: It has an operator that is not in `CALLS`.
    """

    def __init__(self, model: Model, ranges: Mapping[int, Range]) -> None:
        super().__init__()
        unknown = sorted({op.kind for op in model.ops} - set(CALLS))
        if unknown or len(model.inputs) != 1 or len(model.outputs) != 1:
            what = ", ".join(unknown) or "several inputs or outputs"
            raise UnsupportedModel(
                f"fine-tuning does not know {what}", hint="convert without --finetune-epochs"
            )
        self.graph = model
        self.ranges = {index: with_zero(found) for index, found in ranges.items()}
        self.weights = nn.ParameterDict(
            {
                str(index): nn.Parameter(torch.from_numpy(value.array().astype(np.float32)))
                for index, value in enumerate(model.tensors)
                if value.constant and value.dtype is DType.FLOAT32
            }
        )
        self.rounding = True

    def forward(self, samples: Tensor) -> Tensor:
        """Inputs (b, …), channels last, to the output; logits where that is a SOFTMAX."""
        values = {self.graph.inputs[0]: self.rounded(self.graph.inputs[0], samples)}
        last = self.graph.ops[-1]
        for op in self.graph.ops:
            if op is last and op.kind == "SOFTMAX":
                return values[op.inputs[0]]
            found = CALLS[op.kind](self, op, values)
            values[op.outputs[0]] = self.rounded(op.outputs[0], found)
        return values[self.graph.outputs[0]]

    def rounded(self, index: int, values: Tensor) -> Tensor:
        """An activation as its int8 codes show it."""
        if not self.rounding or index not in self.ranges:
            return values
        low, high = self.ranges[index]
        scale = (high - low) / LEVELS
        least = round(CODE_MIN - low / scale) - CODE_MIN  # its zero point, from the lowest code
        codes = torch.clamp(torch.round(values / scale), -least, LEVELS - least)
        clamped = values.clamp(-least * scale, (LEVELS - least) * scale)
        return clamped + (codes * scale - clamped).detach()

    def weight(self, index: int, axis: int) -> Tensor:
        """Weights as int8 codes with a scale for each channel of `axis` show them."""
        weights = self.constant(index)
        if not self.rounding:
            return weights
        others = [each for each in range(weights.ndim) if each != axis]
        scale = weights.detach().abs().amax(dim=others, keepdim=True) / WEIGHT_MAX
        scale = torch.where(scale > 0, scale, 1.0)
        return weights + (torch.round(weights / scale) * scale - weights).detach()

    def bias(self, index: int | None) -> Tensor | None:
        """A bias: its 32 bits are fine enough."""
        return None if index is None else self.constant(index)

    def constant(self, index: int) -> Tensor:
        """A constant of the graph, as it is."""
        found: Tensor = self.weights[str(index)]
        return found

    def operand(self, index: int, values: Mapping[int, Tensor]) -> Tensor:
        """An activation, or a constant."""
        return values[index] if index in values else self.constant(index)


def _activated(op: Any, values: Tensor) -> Tensor:
    if op.activation == "relu":
        return F.relu(values)
    if op.activation == "relu6":
        return F.relu6(values)
    if op.activation != "none":
        raise UnsupportedModel(f"{op.label}: fine-tuning does not know {op.activation}")
    return values


def _first(values: Tensor) -> Tensor:
    return values.permute(0, 3, 1, 2)


def _convolution(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    weights = graph.weight(op.weight, op.channel_axis)
    pad = op.padding
    padded = F.pad(_first(values[op.input]), (pad.left, pad.right, pad.top, pad.bottom))
    depthwise = op.channel_axis == 3
    filters = weights.permute(3, 0, 1, 2) if depthwise else weights.permute(0, 3, 1, 2)
    groups = padded.shape[1] // filters.shape[1]
    found = F.conv2d(padded, filters, graph.bias(op.bias), op.stride, 0, tuple(op.dilation), groups)
    return _activated(op, found.permute(0, 2, 3, 1))


def _dense(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    weights = graph.weight(op.weight, 0)
    rows = values[op.input].reshape(len(values[op.input]), weights.shape[1])
    return _activated(op, F.linear(rows, weights, graph.bias(op.bias)))


def _add(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    return _activated(op, graph.operand(op.left, values) + graph.operand(op.right, values))


def _mean(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    shape = graph.graph.tensor(op.output).shape
    found = values[op.input].mean(dim=tuple(op.axes))
    return found.reshape(len(found), *shape[1:])


def _reshape(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    source = values[op.inputs[0]]
    return source.reshape(len(source), *graph.graph.tensor(op.outputs[0]).shape[1:])


def _max_pool(graph: RoundedGraph, op: Any, values: dict[int, Tensor]) -> Tensor:
    pad = op.padding
    edges = (pad.left, pad.right, pad.top, pad.bottom)
    padded = F.pad(_first(values[op.input]), edges, value=-torch.inf)
    return _activated(op, F.max_pool2d(padded, op.size, op.stride).permute(0, 2, 3, 1))


CALLS: dict[str, Callable[[RoundedGraph, Any, dict[int, Tensor]], Tensor]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "ADD": _add,
    "MEAN": _mean,
    "RESHAPE": _reshape,
    "MAX_POOL_2D": _max_pool,
    "SOFTMAX": lambda graph, op, values: F.softmax(values[op.input], dim=-1),
}
"""Operators that fine-tuning computes"""


def finetune(
    model: Model,
    ranges: Mapping[int, Range],
    batches: Batches,
    count: int,
    schedule: FinetuneSchedule,
    progress: Progress,
) -> FinetunedGraph:
    """The graph with weights that lose less to rounding; the given one, if none are found.

    Args:
        model: Float graph.
        ranges: Of its activations, by index; they stay as they are.
        batches: The samples.
        count: How many there are.
        schedule: How long and how fast.
        progress: Told of every batch.

    Raises:
        TrainingError: The loss is no number any more.
        UnsupportedModel: The graph has an operator that is not in `CALLS`.
    """
    torch.manual_seed(0)
    student, exact = RoundedGraph(model, ranges), RoundedGraph(model, {})
    checked = np.arange(min(count, CHECKED))
    before = _loss(student, exact, batches(checked)).item()
    optimiser = torch.optim.Adam(student.parameters(), schedule.rate)
    steps = schedule.epochs * -(-count // BATCH)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    rng = np.random.default_rng(0)
    with progress.track("fine-tuning", steps, "batch") as task:
        for _ in range(schedule.epochs):
            for chosen in np.array_split(rng.permutation(count), -(-count // BATCH)):
                loss = _loss(student, exact, batches(np.sort(chosen)))
                if not torch.isfinite(loss):
                    raise TrainingError("the loss of fine-tuning is no number any more")
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                cosine.step()
                task.advance(loss=loss.item())
    after = _loss(student, exact, batches(checked)).item()
    if after >= before:
        return FinetunedGraph(model, before, before)
    weights = {int(name): each.detach().numpy() for name, each in student.weights.items()}
    return FinetunedGraph(with_constants(model, weights), before, after)


def _loss(student: RoundedGraph, exact: RoundedGraph, samples: NDArray[np.float32]) -> Tensor:
    """Divergence of the classes where the graph ends in SOFTMAX, else relative squared error."""
    x = torch.from_numpy(samples)
    with torch.no_grad():
        target = exact(x)
    found = student(x)
    if student.graph.ops[-1].kind == "SOFTMAX":
        mine, right = (F.log_softmax(each, dim=-1) for each in (found, target))
        loss = F.kl_div(mine, right, reduction="batchmean", log_target=True)
    else:
        loss = F.mse_loss(found, target) / target.var().clamp_min(1e-12)
    return loss
