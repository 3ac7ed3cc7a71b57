"""MLPerf Tiny's autoencoder for anomaly detection, trained on this computer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.ops.common.activation import Activation

WIDTHS = (128, 128, 128, 128, 8, 128, 128, 128, 128)
"""Of the hidden layers: ad01's reference"""
BATCH, EPOCHS, LEARNING_RATE = 64, 30, 3e-3
Rows = NDArray[np.float32]
"""(n, numbers)"""
Layers = list[tuple[Rows, Rows]]
"""Weights and biases"""


def trained(rows: Rows, seed: int, epochs: int = EPOCHS) -> Layers:
    """Layers after training with Adam in PyTorch; batch normalisation is folded into them."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    sizes = (rows.shape[1], *WIDTHS, rows.shape[1])
    parts: list[nn.Module] = []
    for width, next_width in pairwise(sizes[:-1]):
        parts += [nn.Linear(width, next_width), nn.BatchNorm1d(next_width), nn.ReLU()]
    net = nn.Sequential(*parts, nn.Linear(sizes[-2], sizes[-1]))
    samples, adam = torch.tensor(rows), torch.optim.Adam(net.parameters(), LEARNING_RATE)
    for _ in range(epochs):
        order = torch.randperm(len(samples))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            batch = samples[order[at : at + BATCH]]
            adam.zero_grad()
            loss: Any = nn.functional.mse_loss(net(batch), batch)
            loss.backward()
            adam.step()
    return _folded(net)


def _folded(net: Any) -> Layers:
    import torch
    from torch import nn

    found: Layers = []
    for part in net.children():
        if isinstance(part, nn.Linear):
            found.append((part.weight.detach().numpy(), part.bias.detach().numpy()))
        elif isinstance(part, nn.BatchNorm1d):
            assert part.running_var is not None
            assert part.running_mean is not None
            scale = (part.weight / torch.sqrt(part.running_var + part.eps)).detach().numpy()
            weight, bias = found.pop()
            mean, shift = part.running_mean.numpy(), part.bias.detach().numpy()
            found.append((weight * scale[:, None], (bias - mean) * scale + shift))
    return found


def as_model(layers: Layers) -> Model:
    """The network as a graph in float32."""
    stack = LayerStack((1, layers[0][0].shape[1]))
    for weight, _ in layers[:-1]:
        stack.dense(len(weight), Activation.RELU)
    stack.dense(len(layers[-1][0]))
    for at, array in zip(stack.parameters, (each for pair in layers for each in pair), strict=True):
        data = np.ascontiguousarray(array, "<f4").tobytes()
        stack.values[at] = replace(stack.values[at], data=data)
    return stack.model("autoencoder")


def errors(layers: Layers, rows: Rows) -> NDArray[np.float64]:
    """Mean squared error of each row, (n,)."""
    found = _hidden(layers, rows)
    weight, bias = layers[-1]
    difference = found @ weight.T + bias - rows
    return np.asarray(np.mean(np.square(difference, dtype=np.float64), axis=1))


def _hidden(layers: Layers, rows: Rows) -> Rows:
    for weight, bias in layers[:-1]:
        rows = np.maximum(rows @ weight.T + bias, 0)
    return rows


def adapted(layers: Layers, rows: Rows, rate: float) -> Layers:
    """After one pass in which the last layer learns to give back what it was made from."""
    weight, bias = (array.copy() for array in layers[-1])
    hidden = _hidden(layers, rows)
    for x, right in zip(hidden, rows, strict=True):
        error = 2 / len(right) * (weight @ x + bias - right)
        weight -= rate * np.outer(error, x)
        bias -= rate * error
    return [*layers[:-1], (weight, bias)]
