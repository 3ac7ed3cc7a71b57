"""Operators that compute each element on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.convert.gradients.forward import Builder, Forward, activated
from tinyssl.graph.model import Model

Function = Callable[..., Tensor]


def _plain(function: Function) -> Builder:
    return lambda _model, _op: function


def _pair(function: Function) -> Builder:
    """Of two inputs, with a fused activation."""

    def build(_model: Model, op: Any) -> Forward:
        return lambda left, right: activated(op.activation, function(left, right))

    return build


def _quotient(left: Tensor, right: Tensor) -> Tensor:
    return torch.div(left, right, rounding_mode=None if left.is_floating_point() else "trunc")


def _cast(model: Model, op: Any) -> Forward:
    dtype = getattr(torch, model.tensor(op.output).dtype.value)
    return lambda values: values.to(dtype)


def _leaky(_model: Model, op: Any) -> Forward:
    return lambda values: F.leaky_relu(values, op.alpha)


def _prelu(values: Tensor, alpha: Tensor) -> Tensor:
    return torch.where(values >= 0, values, values * alpha)


def _sum(*parts: Tensor) -> Tensor:
    return torch.stack(parts).sum(0)


ELEMENTS: dict[str, Builder] = {
    "ABS": _plain(torch.abs),
    "ADD": _pair(torch.add),
    "ADD_N": _plain(_sum),
    "CAST": _cast,
    "CEIL": _plain(torch.ceil),
    "COS": _plain(torch.cos),
    "DIV": _pair(_quotient),
    "ELU": _plain(F.elu),
    "EQUAL": _plain(torch.eq),
    "EXP": _plain(torch.exp),
    "FLOOR": _plain(torch.floor),
    "FLOOR_DIV": _plain(torch.floor_divide),
    "FLOOR_MOD": _plain(torch.remainder),
    "GREATER": _plain(torch.gt),
    "GREATER_EQUAL": _plain(torch.ge),
    "HARD_SWISH": _plain(F.hardswish),
    "LEAKY_RELU": _leaky,
    "LESS": _plain(torch.lt),
    "LESS_EQUAL": _plain(torch.le),
    "LOG": _plain(torch.log),
    "LOGICAL_AND": _plain(torch.logical_and),
    "LOGICAL_NOT": _plain(torch.logical_not),
    "LOGICAL_OR": _plain(torch.logical_or),
    "LOGISTIC": _plain(torch.sigmoid),
    "MAXIMUM": _plain(torch.maximum),
    "MINIMUM": _plain(torch.minimum),
    "MUL": _pair(torch.mul),
    "NEG": _plain(torch.neg),
    "NOT_EQUAL": _plain(torch.ne),
    "PRELU": _plain(_prelu),
    "RELU": _plain(F.relu),
    "RELU6": _plain(F.relu6),
    "ROUND": _plain(torch.round),
    "RSQRT": _plain(torch.rsqrt),
    "SELECT_V2": _plain(torch.where),
    "SIN": _plain(torch.sin),
    "SQRT": _plain(torch.sqrt),
    "SQUARE": _plain(torch.square),
    "SQUARED_DIFFERENCE": _plain(lambda left, right: torch.square(left - right)),
    "SUB": _pair(torch.sub),
    "TANH": _plain(torch.tanh),
    "ZEROS_LIKE": _plain(torch.zeros_like),
}
