"""Families of random single-operator models, by seed."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.cases import NONE, RELU, RELU6, add, boundary, conv, dense, mean, pool, softmax
from tests.ops.operators import OPERATOR_RANDOM


def _random_conv(seed, depthwise):
    source = np.random.default_rng([seed, depthwise])
    kernel = tuple(source.integers(1, 6, 2).tolist())
    dilated = source.random() < 0.3
    dilation = tuple(source.integers(1, 4, 2).tolist()) if dilated else (1, 1)
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    in_c = int(source.integers(1, 13))
    out_c = in_c * int(source.integers(1, 4)) if depthwise else int(source.integers(1, 20))
    return conv(
        seed=seed,
        size=tuple(int(e + source.integers(0, 9)) for e in extent),
        channels=(in_c, out_c),
        kernel=kernel,
        stride=tuple(source.integers(1, 4, 2).tolist()),
        dilation=dilation,
        padding=int(source.integers(0, 2)),
        activation=int(source.choice([NONE, RELU, RELU6])),
        per_channel=bool(source.integers(0, 2)),
        bias=bool(source.integers(0, 2)),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        depthwise=depthwise,
    )


def _random_dense(seed):
    source = np.random.default_rng(seed)
    depth = int(source.integers(1, 200))
    return dense(
        seed=seed,
        shape=(int(source.choice([1, 1, 2, 5])), depth),
        depth=depth,
        outputs=int(source.integers(1, 60)),
        activation=int(source.choice([NONE, RELU, RELU6])),
        per_channel=bool(source.integers(0, 2)),
        bias=bool(source.integers(0, 2)),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
    )


def _random_add(seed):
    source = np.random.default_rng(seed)
    return add(
        seed=seed,
        scales=tuple(np.exp(source.uniform(-6, 1, 3)).tolist()),
        zeros=tuple(source.integers(-128, 128, 3).tolist()),
        activation=int(source.choice([NONE, RELU, RELU6])),
    )


def _random_mean(seed):
    source = np.random.default_rng(seed)
    return mean(
        size=tuple(source.integers(1, 12, 2).tolist()),
        scales=tuple(np.exp(source.uniform(-5, 0, 2)).tolist()),
        zeros=tuple(source.integers(-128, 128, 2).tolist()),
        keep_dims=bool(source.integers(0, 2)),
    )


def _random_pool(seed):
    source = np.random.default_rng(seed)
    window = source.integers(1, 6, 2)
    return pool(
        kind=str(source.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        size=tuple((window + source.integers(0, 9, 2)).tolist()),
        window=tuple(window.tolist()),
        stride=tuple(source.integers(1, 4, 2).tolist()),
        padding=int(source.integers(0, 2)),
        activation=int(source.choice([NONE, RELU, RELU6])),
        quant=(float(source.uniform(0.01, 0.2)), int(source.integers(-128, 128))),
    )


def _random_softmax(seed):
    source = np.random.default_rng(seed)
    return softmax(
        shape=(1, int(source.integers(1, 400))),
        scale=float(np.exp(source.uniform(-8, 2))),
        zero=int(source.integers(-128, 128)),
        beta=float(source.uniform(0.2, 2.0)),
    )


RANDOM = {
    "conv": partial(_random_conv, depthwise=False),
    "depthwise": partial(_random_conv, depthwise=True),
    "dense": _random_dense,
    "boundary": lambda seed: boundary(seed, per_channel=bool(seed % 2)),
    "add": _random_add,
    "mean": _random_mean,
    "pool": _random_pool,
    "softmax": _random_softmax,
    **OPERATOR_RANDOM,
}
"""Family -> function of a seed that makes the .tflite"""
