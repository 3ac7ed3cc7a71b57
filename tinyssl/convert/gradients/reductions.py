"""Operators that compute along axes: sums, extremes, rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.convert.gradients.forward import Builder, Forward
from tinyssl.graph.model import Model

L2_LEAST = 1e-6
"""Least root of a row's sum of squares, as in LiteRT"""


def _over_axes(function: Callable[..., Tensor]) -> Builder:
    def build(_model: Model, op: Any) -> Forward:
        return lambda values: function(values, dim=op.axes) if op.axes else values

    return build


def _all(values: Tensor, dim: tuple[int, ...]) -> Tensor:
    return ~torch.amax(~values, dim=dim)


def _place(function: Callable[..., Tensor]) -> Builder:
    def build(_model: Model, op: Any) -> Forward:
        return lambda values: function(values, dim=op.axis).to(torch.int32)

    return build


def _softmax(_model: Model, op: Any) -> Forward:
    return lambda values: F.softmax(op.beta * values, dim=-1)


def _log_softmax(values: Tensor) -> Tensor:
    return F.log_softmax(values, dim=-1)


def _normalised(values: Tensor) -> Tensor:
    return F.normalize(values, dim=-1, eps=L2_LEAST)


def _running(_model: Model, op: Any) -> Forward:
    """Of CUMSUM."""

    def forward(values: Tensor) -> Tensor:
        turned = values.flip(op.axis) if op.reverse else values
        sums = turned.cumsum(op.axis)
        sums = sums - turned if op.exclusive else sums
        return sums.flip(op.axis) if op.reverse else sums

    return forward


REDUCTIONS: dict[str, Builder] = {
    "ARG_MAX": _place(torch.argmax),
    "ARG_MIN": _place(torch.argmin),
    "CUMSUM": _running,
    "L2_NORMALIZATION": lambda _model, _op: _normalised,
    "LOG_SOFTMAX": lambda _model, _op: _log_softmax,
    "MEAN": _over_axes(torch.mean),
    "REDUCE_ALL": _over_axes(_all),
    "REDUCE_MAX": _over_axes(torch.amax),
    "REDUCE_MIN": _over_axes(torch.amin),
    "SOFTMAX": _softmax,
    "SUM": _over_axes(torch.sum),
}
