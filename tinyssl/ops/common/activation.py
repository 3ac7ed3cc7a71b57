"""Fused activations: a clamp of the output."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from tinyssl.graph.model import DType, Quant

INTEGERS = {
    DType.INT8: (-(2**7), 2**7 - 1),
    DType.UINT8: (0, 2**8 - 1),
    DType.INT16: (-(2**15), 2**15 - 1),
    DType.INT32: (-(2**31), 2**31 - 1),
}
"""Smallest and largest number of the quantised types"""


class Activation(StrEnum):
    """Fused activations; the clamp follows from the output's quantisation."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"
    RELU_N1_TO_1 = "relu_n1_to_1"


REAL_RANGES: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}
"""Smallest and largest real output; None: all that the type holds"""


def activation_range(
    activation: Activation, quant: Quant, dtype: DType = DType.INT8
) -> tuple[int, int]:
    """Smallest and largest output of a fused activation (`CalculateActivationRangeQuantized`)."""
    scale, zero = np.float32(quant.scale[0]), quant.zero_point[0]
    least, most = INTEGERS[dtype]

    def quantise(real: float) -> int:
        """The quotient is taken in float32, halves are rounded away from zero."""
        steps = math.floor(abs(float(np.float32(real) / scale)) + 0.5)
        return int(zero + math.copysign(steps, real))

    low, high = REAL_RANGES[activation]
    return (
        least if low is None else max(least, quantise(low)),
        most if high is None else min(most, quantise(high)),
    )


FLOAT_MAX = float(np.finfo(np.float32).max)


def float_range(activation: Activation) -> tuple[float, float]:
    """Smallest and largest output of a fused activation of floats (`CalculateActivationRange`)."""
    low, high = REAL_RANGES[activation]
    return -FLOAT_MAX if low is None else low, FLOAT_MAX if high is None else high


def activation_words(activation: Activation) -> list[str]:
    """`relu`, for the comment of a kernel call; nothing where there is none."""
    return [] if activation is Activation.NONE else [activation.value]
