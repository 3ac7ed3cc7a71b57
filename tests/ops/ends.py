"""Models with several inputs and outputs: what MLPerf's commands and a picture never need."""

from __future__ import annotations

import numpy as np

from tests.ops.cases import NONE, VALID
from tests.ops.flatfile import Flatfile

STEP = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def convolution(file: Flatfile, source: int, channels: tuple[int, int], seed: int) -> int:
    """A 1x1 convolution of `source`; returns its output, of 5 x 6."""
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (channels[1], 1, 1, channels[0])).astype(np.int8)
    weight = file.constant(weights, [0.005 + 0.001 * row for row in range(channels[1])])
    output = file.activation((1, 5, 6, channels[1]), 0.04, -9)
    file.operator("CONV_2D", [source, weight], [output], 3, padding=VALID, **STEP)
    return output


def added(file: Flatfile, left: int, right: int, channels: int) -> int:
    """The sum of two activations of 5 x 6."""
    output = file.activation((1, 5, 6, channels), 0.11, 6)
    file.operator("ADD", [left, right], [output], 2, fusedActivationFunction=NONE)
    return output


def two_inputs() -> bytes:
    """A convolution of one input, added to the other."""
    file = Flatfile()
    picture = file.activation((1, 5, 6, 3), 0.05, -128, name="picture")
    map_ = file.activation((1, 5, 6, 4), 0.07, 3, name="map")
    branch = convolution(file, picture, (3, 4), 1)
    added(file, branch, map_, 4)
    return file.data(inputs=(picture, map_))


def two_outputs() -> bytes:
    """Both ends of a branch: a feature map, and its mean."""
    file = Flatfile()
    picture = file.activation((1, 5, 6, 3), 0.05, 11, name="picture")
    features = convolution(file, picture, (3, 4), 2)
    mean = file.activation((1, 4), 0.04, -9, name="mean")
    axes = file.constant(np.array([1, 2], np.int32))
    file.operator("MEAN", [features, axes], [mean], 2, keepDims=False)
    return file.data(inputs=(picture,), outputs=(mean, features))


def inner_output() -> bytes:
    """Two inputs, of which the second is read twice; the first output is read inside as well."""
    file = Flatfile()
    left = file.activation((1, 5, 6, 4), 0.05, 0, name="left")
    right = file.activation((1, 5, 6, 4), 0.07, 3, name="right")
    inner = added(file, left, right, 4)
    outer = added(file, inner, right, 4)
    last = convolution(file, outer, (4, 2), 3)
    return file.data(inputs=(left, right), outputs=(last, inner))


ENDS = {"two inputs": two_inputs, "two outputs": two_outputs, "inner output": inner_output}
"""Name -> what makes its .tflite"""
