"""Quantisation-aware fine-tuning: the float graph learns to live with the rounding of INT8.

Every weight and every activation is rounded in the forward pass with the scales that the INT8 model
has; the gradient passes straight through (Jacob et al., 2018, section 3). The target is what the
graph computes without rounding, so no labels are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tinyssl.convert.float_graph import Batches
from tinyssl.convert.gradients import FORWARDS
from tinyssl.convert.gradients.graph import TorchGraph
from tinyssl.core.errors import TrainingError, UnsupportedModel
from tinyssl.core.progress import Progress
from tinyssl.graph.model import DType, Model, Quant
from tinyssl.graph.passes.float_weights import with_constants

BATCH = 64
CHECKED = 256
"""Samples over which the loss is measured before and after"""
CLASSES = ("LOG_SOFTMAX", "SOFTMAX")


@dataclass(frozen=True)
class FinetuneSchedule:
    """How long and how fast."""

    epochs: int
    rate: float = 1e-5
    """Of Adam at the start; falls to 0 along a cosine. Ten times as much gained nothing
    on the digits' MobileNetV2 and on EfficientNet-Lite0, in ten epochs of 100 samples"""


@dataclass(frozen=True)
class FinetunedGraph:
    """What came of it."""

    model: Model
    before: float
    """Loss of the rounded model against the exact one, over the first `CHECKED` samples"""
    after: float


@dataclass(frozen=True)
class ComparedValue:
    """A value in which the rounded graph should be like the exact one."""

    index: int
    classes: bool
    """It holds logits of classes along the last axis"""


def compared_values(model: Model) -> list[ComparedValue]:
    """The outputs; where one has no gradient, or is a SOFTMAX, what it is computed from.

    Raises:
        UnsupportedModel: There is none.
    """
    producers = {index: op for op in model.ops for index in op.outputs}
    found: dict[int, ComparedValue] = {}
    waiting, seen = list(model.outputs), set[int]()
    while waiting:
        index = waiting.pop(0)
        op = producers.get(index)
        if op is None or index in seen:
            continue
        seen.add(index)
        if op.kind in CLASSES and getattr(op, "beta", 1.0) == 1.0:
            found[op.inputs[0]] = ComparedValue(op.inputs[0], classes=True)
        elif model.tensor(index).dtype is DType.FLOAT32 and op.kind in FORWARDS:
            found.setdefault(index, ComparedValue(index, classes=False))
        else:
            waiting += op.inputs
    if not found:
        raise UnsupportedModel(
            "no output follows from float numbers that fine-tuning could compare",
            hint="convert without --finetune-epochs",
        )
    return list(found.values())


def finetune(
    model: Model,
    quants: Mapping[int, Quant],
    batches: Batches,
    count: int,
    schedule: FinetuneSchedule,
    progress: Progress,
) -> FinetunedGraph:
    """The graph with weights that lose less to rounding; the given one, if none are found.

    Which codes the weights round to changes by leaps, so the best epoch counts, not the last.

    Args:
        model: Float graph.
        quants: Of its activations and constants in INT8, by index; those of activations stay.
        batches: The samples.
        count: How many there are.
        schedule: How long and how fast.
        progress: Told of every batch.

    Raises:
        TrainingError: The loss is no number any more.
        UnsupportedModel: The graph has operators that fine-tuning cannot compute.
    """
    torch.manual_seed(0)
    pupil = _Pupil(model, quants, batches, count)
    checked = np.arange(min(count, CHECKED))
    before = least = pupil.mean_loss(checked)
    best = model
    optimiser = torch.optim.Adam(pupil.graph.parameters(), schedule.rate)
    steps = schedule.epochs * len(_split(np.arange(count)))
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    rng = np.random.default_rng(0)
    with progress.track("fine-tuning", steps, "batch") as task:
        for _ in range(schedule.epochs):
            for chosen in _split(rng.permutation(count)):
                loss = pupil.loss(np.sort(chosen))
                if not torch.isfinite(loss):
                    raise TrainingError("the loss of fine-tuning is no number any more")
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                _cut_poles(pupil.graph)
                optimiser.step()
                cosine.step()
                task.advance(loss=loss.item())
            reached = pupil.mean_loss(checked)
            if reached < least:
                least, best = reached, with_constants(model, pupil.weights())
    return FinetunedGraph(best, before, least)


class _Pupil:
    """The rounded graph, and what the exact one says of all samples."""

    def __init__(
        self, model: Model, quants: Mapping[int, Quant], batches: Batches, count: int
    ) -> None:
        self.compared = compared_values(model)
        wanted = [each.index for each in self.compared]
        self.graph = TorchGraph(model, wanted, quants)
        self.batches = batches
        exact = TorchGraph(model, wanted)
        with torch.no_grad():
            rows = [exact(self._samples(chosen)) for chosen in _split(np.arange(count))]
        self.targets = [torch.cat(column) for column in zip(*rows, strict=True)]

    def _samples(self, chosen: np.ndarray) -> list[Tensor]:
        return [torch.from_numpy(array) for array in self.batches(chosen)]

    def loss(self, chosen: np.ndarray) -> Tensor:
        """Over some samples, the sum over the compared values."""
        found = self.graph(self._samples(chosen))
        terms = [
            _loss(mine, target[chosen], each.classes)
            for mine, target, each in zip(found, self.targets, self.compared, strict=True)
        ]
        return torch.stack(terms).sum()

    def weights(self) -> dict[int, NDArray[np.float32]]:
        """Of the rounded graph, by index; they are not rounded."""
        return {int(name): each.detach().numpy() for name, each in self.graph.weights.items()}

    def mean_loss(self, chosen: np.ndarray) -> float:
        """Over some samples, without gradients."""
        with torch.no_grad():
            losses = [self.loss(part).item() * len(part) for part in _split(chosen)]
        return sum(losses) / len(chosen)


def _loss(found: Tensor, target: Tensor, classes: bool) -> Tensor:
    """Divergence of the classes, else the squared error over the variance of the target."""
    if not classes:
        return F.mse_loss(found, target) / target.var().clamp_min(1e-12)
    mine, right = (
        F.log_softmax(each.reshape(-1, each.shape[-1]), dim=-1) for each in (found, target)
    )
    return F.kl_div(mine, right, reduction="batchmean", log_target=True)


def _split(chosen: np.ndarray) -> Sequence[np.ndarray]:
    return np.array_split(chosen, -(-len(chosen) // BATCH))


def _cut_poles(graph: TorchGraph) -> None:
    """Rounded numbers are often exactly 0, where a root or a logarithm has no gradient."""
    for weight in graph.parameters():
        if weight.grad is not None:
            weight.grad.nan_to_num_(0.0, 0.0, 0.0)
