"""Small networks that whole devices learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model

HE = float(np.sqrt(2))
"""Gain of weights in front of a ReLU (He et al. 2015)"""


def small_cnn(
    name: str, shape: tuple[int, ...], channels: Sequence[int], outputs: int, seed: int
) -> Model:
    """Convolutions of 3x3 with stride 2 and ReLU, then a dense layer.

    Args:
        name: Of the model.
        shape: Of a sample: (height, width, channels).
        channels: Of each convolution.
        outputs: Of the dense layer, whose weights begin small.
        seed: Of the weights.
    """
    layers = LayerStack((1, *shape), seed)
    for count in channels:
        layers.conv(count, 3, gain=HE)
    layers.flatten()
    layers.dense(outputs, gain=0.1)
    return layers.model(name)
