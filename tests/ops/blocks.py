"""Blocks of several operators that one kernel may compute: [1x1] + depthwise 3x3 + 1x1 [+ ADD], and
such a pair behind any other convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tests.ops.cases import NONE, RELU6, SAME, VALID, _places, _scaled, _weights
from tests.ops.flatfile import Flatfile


@dataclass
class Chain:
    """Convolutions one after another."""

    seed: int
    file: Flatfile = field(default_factory=Flatfile)

    def __post_init__(self):
        self.source = np.random.default_rng(self.seed)

    def start(self, shape, zero):
        self.shape, self.zero = shape, zero
        self.scale = np.float32(self.source.uniform(0.01, 0.1))
        self.index = self.file.activation(shape, self.scale, zero)
        return self.index

    def conv(
        self, channels, *, kernel=1, stride=1, padding=SAME, activation=NONE, zero=-128, gain=1
    ):
        """CONV_2D to so many channels; DEPTHWISE_CONV_2D where `channels` is 0.

        `gain` makes the output scale smaller.
        """
        depthwise, count = channels == 0, channels or self.shape[3]
        square = (kernel, kernel)
        shape = (1, *square, count) if depthwise else (count, *square, self.shape[3])
        axis = 3 if depthwise else 0
        values, scales = _weights(self.source, shape, axis, True)
        bias = self.source.integers(-20000, 20000, count, np.int32)
        inputs = [
            self.index,
            self.file.constant(values, scales, axis=axis),
            self.file.constant(bias, self.scale * scales),
        ]
        taps = kernel**2 * (1 if depthwise else self.shape[3])
        scale = np.float32(_scaled(self.source, taps, self.scale * scales.mean()))
        if activation == RELU6:  # so that 6 is sometimes inside int8 and sometimes its end
            scale = np.float32(6 / 255) if self.source.integers(2) else np.float32(6 / 150)
        scale = np.float32(scale / gain)
        places = _places(self.shape[1:3], square, (stride, stride), padding)
        self.scale, self.zero, self.shape = scale, zero, (1, *places, count)
        self.index = self.file.activation(self.shape, scale, zero)
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        options = {"depthMultiplier": 1} if depthwise else {}
        self.file.operator(
            kind, inputs, [self.index], 3,
            padding=padding, strideH=stride, strideW=stride, dilationHFactor=1, dilationWFactor=1,
            fusedActivationFunction=activation, **options,
        )  # fmt: skip
        return self.index

    def add(self, left, right, activation=NONE):
        self.scale = np.float32(self.scale * self.source.uniform(0.8, 2.0))
        self.index = self.file.activation(self.shape, self.scale, 4)
        self.file.operator(
            "ADD", [left, right], [self.index], 2, fusedActivationFunction=activation
        )
        return self.index


def block(
    seed=0,
    *,
    size=(6, 6),
    channels=(4, 8, 4),
    stride=1,
    padding=SAME,
    expand=True,
    add="",
    activation=RELU6,
    gain=1,
):
    """Input, middle and output channels; `add`: the input on that side; `gain` of the middle."""
    chain = Chain(seed)
    zero = -128 if activation == RELU6 else 7
    start = chain.start((1, *size, channels[0] if expand else channels[1]), -9 if expand else zero)
    if expand:
        chain.conv(channels[1], activation=activation, zero=zero)
    middle = {"kernel": 3, "stride": stride, "padding": padding, "gain": gain}
    chain.conv(0, **middle, activation=activation, zero=zero)
    result = chain.conv(channels[2], zero=3)
    if add:
        chain.add(*((start, result) if add == "left" else (result, start)))
    return chain.file.data()


def stem(
    seed=0,
    *,
    size=(8, 8),
    channels=(3, 8, 4),
    kernel=3,
    strides=(2, 1),
    padding=SAME,
    activation=RELU6,
):
    """A convolution, a depthwise one and a pointwise one; `strides` of the first two."""
    chain = Chain(seed)
    chain.start((1, *size, channels[0]), -128)
    chain.conv(
        channels[1],
        kernel=kernel,
        stride=strides[0],
        padding=padding,
        activation=activation,
        zero=-128 if activation == RELU6 else 7,
    )
    chain.conv(0, kernel=3, stride=strides[1], activation=RELU6)
    chain.conv(channels[2], zero=3)
    return chain.file.data()


BLOCKS: dict[str, Callable[[], bytes]] = {
    "block": block,
    "block stride 2": partial(block, stride=2),
    "block added": partial(block, add="left"),
    "block added on the right": partial(block, add="right", channels=(5, 7, 5), size=(5, 7)),
    "block odd": partial(block, channels=(3, 13, 5), size=(7, 5), seed=2),
    "block odd stride 2": partial(block, channels=(5, 9, 3), size=(9, 7), stride=2, seed=3),
    "block valid": partial(block, padding=VALID, size=(5, 8), channels=(8, 10, 6)),
    "block valid stride 2": partial(block, padding=VALID, stride=2, size=(9, 8)),
    "block signed": partial(block, activation=NONE, channels=(6, 12, 7), size=(4, 9), seed=5),
    "block signed stride 2": partial(block, activation=NONE, stride=2, size=(8, 11), seed=6),
    "block of a column": partial(block, size=(6, 1), channels=(4, 6, 4), add="left"),
    "block of a row": partial(block, size=(1, 5), stride=2),
    "block of one pixel": partial(block, size=(1, 1), channels=(9, 18, 9), add="left"),
    "block deep": partial(block, channels=(20, 36, 20), size=(5, 7), add="right", seed=7),
    "block deep stride 2": partial(block, channels=(24, 68, 10), size=(7, 6), stride=2, seed=8),
    "block shallow signed": partial(
        block, channels=(12, 16, 6), size=(6, 9), activation=NONE, seed=9
    ),
    "block steep": partial(block, gain=40),
    "pair": partial(block, expand=False, channels=(0, 8, 12)),
    "pair stride 2": partial(block, expand=False, channels=(0, 16, 8), stride=2, size=(9, 10)),
    "pair odd": partial(block, expand=False, channels=(0, 7, 5), size=(5, 7), seed=4),
    "pair odd stride 2": partial(block, expand=False, channels=(0, 5, 9), size=(7, 9), stride=2),
    "pair valid": partial(block, expand=False, channels=(0, 6, 3), padding=VALID, size=(6, 5)),
    "pair signed": partial(block, expand=False, channels=(0, 9, 4), activation=NONE, size=(3, 6)),
    "pair deep": partial(block, expand=False, channels=(0, 40, 21), size=(6, 7), seed=10),
    "pair added": partial(block, expand=False, channels=(0, 6, 6), add="left", size=(5, 4)),
    "stem": partial(stem, size=(12, 16)),
    "stem odd": partial(stem, size=(13, 11), channels=(3, 13, 5), seed=2),
    "stem odd stride 1": partial(stem, size=(7, 9), strides=(1, 1), channels=(1, 7, 6), seed=3),
    "stem stride 1 and 2": partial(stem, size=(10, 9), strides=(1, 2), channels=(4, 8, 4)),
    "stem stride 2 and 2": partial(stem, size=(15, 14), strides=(2, 2), channels=(4, 9, 7), seed=4),
    "stem valid": partial(stem, size=(11, 14), padding=VALID, seed=5),
    "stem valid stride 1": partial(stem, size=(5, 7), strides=(1, 1), padding=VALID),
    "stem signed": partial(stem, size=(9, 15), activation=NONE, seed=6),
    "stem of 5x5": partial(stem, size=(9, 12), kernel=5, channels=(2, 6, 4), seed=7),
    "stem of 1x1 stride 2": partial(stem, size=(9, 7), kernel=1, channels=(5, 6, 4)),
    "stem of a column": partial(stem, size=(8, 1), channels=(3, 5, 4), seed=8),
    "stem of a row": partial(stem, size=(1, 7), seed=9),
    "stem of two columns": partial(stem, size=(6, 4), channels=(3, 10, 3), seed=10),
    "stem larger than input": partial(stem, size=(2, 3), kernel=5, strides=(1, 1), seed=11),
    "stem stride 3": partial(stem, size=(11, 13), strides=(3, 1), seed=12),
    "stem narrow": partial(stem, size=(8, 12), strides=(1, 1), channels=(3, 12, 9), seed=13),
}
