"""A float graph as a module of torch, which rounds as its INT8 form does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tinyssl.convert.gradients import FORWARDS
from tinyssl.convert.gradients.forward import Forward
from tinyssl.core.errors import Blocker
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import DType, Model, Op, Quant, ValueKind
from tinyssl.graph.passes import split_borders

CODE_MIN, CODE_MAX = -128, 127


@dataclass(frozen=True)
class _Call:
    op: Op
    forward: Forward


class TorchGraph(nn.Module):
    """Some values of a float graph, for many samples at once.

    Each sample is an inference of its own, of the graph's own shapes: operators are mapped over
    them, so the first axis of a value need not be a batch.

    Args:
        model: Float graph.
        wanted: Values that it computes, by index.
        quants: Of activations and constants in int8, by index; the others are not rounded.

    Raises:
        UnsupportedModel: They need operators that torch does not compute here: all of them.
    """

    def __init__(
        self, model: Model, wanted: Sequence[int], quants: Mapping[int, Quant] | None = None
    ) -> None:
        super().__init__()
        self.graph = split_borders(model)
        self.wanted = tuple(wanted)
        self.quants = dict(quants or {})
        ops = _needed(self.graph, self.wanted)
        _require_known(self.graph, ops)
        self.calls = [_Call(op, FORWARDS[op.kind](self.graph, op)) for op in ops]
        self.weights = nn.ParameterDict()
        """Constants of float32, by index"""
        self.numbers: dict[int, Tensor] = {}
        """Other constants"""
        for index in sorted({index for op in ops for index in op.inputs}):
            value = self.graph.tensor(index)
            if value.constant and value.dtype is DType.FLOAT32:
                self.weights[str(index)] = nn.Parameter(torch.from_numpy(value.array().copy()))
            elif value.constant:
                self.numbers[index] = torch.from_numpy(value.array().copy())

    def forward(self, samples: Sequence[Tensor]) -> list[Tensor]:
        """Arrays (n, *shape) of all inputs in order to those of the wanted values."""
        count = len(samples[0])
        values = {
            index: self._rounded(index, array)
            for index, array in zip(self.graph.inputs, samples, strict=True)
        }
        constants = self.numbers | {int(name): self._weight(int(name)) for name in self.weights}
        for call in self.calls:
            known = [index in values for index in call.op.inputs]
            inputs = [values[i] if i in values else constants[i] for i in call.op.inputs]
            found = _mapped(call.forward, inputs, known)
            results = found if isinstance(found, tuple) else (found,)
            for index, result in zip(call.op.outputs, results, strict=True):
                shape = self.graph.tensor(index).shape
                whole = result if any(known) else result.expand(count, *result.shape)
                values[index] = self._rounded(index, whole.reshape(count, *shape))
        return [values[index] for index in self.wanted]

    def _rounded(self, index: int, values: Tensor) -> Tensor:
        """An activation as its codes show it."""
        quant = self.quants.get(index)
        if quant is None:
            return values
        (scale,), (zero,) = quant.scale, quant.zero_point
        return _shown(values, scale, zero)

    def _weight(self, index: int) -> Tensor:
        """A constant as its codes show it, with the scales that it has by now."""
        values: Tensor = self.weights[str(index)]
        quant = self.quants.get(index)
        if quant is None:
            return values
        if quant.per_channel:
            return _shown_by_channel(values, quant.axis)
        low, high = min(values.min().item(), 0.0), max(values.max().item(), 0.0)
        if not quant.zero_point[0]:
            return _shown(values, max(-low, high) / CODE_MAX or 1.0, 0)
        scale = (high - low) / (CODE_MAX - CODE_MIN)
        return _shown(values, scale, round(CODE_MIN - low / scale)) if scale else values


def _shown(values: Tensor, scale: float, zero: int) -> Tensor:
    """Numbers as int8 codes of one scale show them."""
    found: Tensor = torch.fake_quantize_per_tensor_affine(values, scale, zero, CODE_MIN, CODE_MAX)
    return found


def _shown_by_channel(weights: Tensor, axis: int) -> Tensor:
    """Weights as int8 codes with a scale for each channel show them."""
    channels = weights.detach().movedim(axis, 0)
    scales = channels.reshape(len(channels), -1).abs().amax(1) / CODE_MAX
    scales = torch.where(scales > 0, scales, 1.0)
    zeros = torch.zeros(len(scales), dtype=torch.int32)
    found: Tensor = torch.fake_quantize_per_channel_affine(
        weights, scales, zeros, axis, -CODE_MAX, CODE_MAX
    )
    return found


def _mapped(forward: Forward, inputs: Sequence[Tensor], known: Sequence[bool]) -> object:
    """Over the first axis of those inputs that are values of samples."""
    if not any(known):
        return forward(*inputs)
    return torch.vmap(forward, in_dims=tuple(0 if each else None for each in known))(*inputs)


def _needed(model: Model, wanted: Sequence[int]) -> list[Op]:
    """Operators that the wanted values come from, in order."""
    values, found = set(wanted), []
    for op in reversed(model.ops):
        if not values.isdisjoint(op.outputs):
            values.update(op.inputs)
            found.append(op)
    return found[::-1]


def _require_known(model: Model, ops: Sequence[Op]) -> None:
    hint = "convert without --finetune-epochs"
    found = []
    for op in ops:
        if any(model.tensor(index).kind is ValueKind.STATE for index in op.inputs):
            text = "it reads what the inference before left; fine-tuning takes samples one by one"
            found.append(Blocker(op.label, text, hint))
        elif op.kind not in FORWARDS:
            found.append(Blocker(op.label, "fine-tuning does not compute it", hint))
    if found:
        raise blocked(found)
