"""Running mean and variance of features (Welford, Technometrics 4(3), 1962), kept on the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.graph.model import Model
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Fields, float_literal

EPSILON = 1e-12
"""Joins each variance before its root: standard deviations far above 1e-6 do not notice"""
MEAN, VARIANCE, COUNT = "statistics/mean", "statistics/variance", "statistics/count"
STATISTICS = (MEAN, VARIANCE, COUNT)
"""Names of the parameters that hold them: float32 of the features' shape, and [1]"""


def welford_kernel(name: str) -> Kernel[Any]:
    """`tinyssl_<name>_f32` in `welford_f32.c`, of an operator that reads `input`."""

    def params(model: Model, op: Any, _constants: object) -> Fields:
        return {"size": model.tensor(op.input).elements, "epsilon": float_literal(EPSILON)}

    headers = ("product_f32.h", "sgd_f32.h")
    return Kernel(
        f"{name}_f32", "tinyssl_welford", headers, source="welford_f32", make_params=params
    )


def normalised(x: NDArray[Any], statistics: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Features as the device normalises them, in float64.

    Args:
        x: (…) as the means.
        statistics: By the names in `STATISTICS`.
    """
    mean, variance = (statistics[name].astype(np.float64) for name in (MEAN, VARIANCE))
    number = float(statistics[COUNT][0]) + 1
    before = x.astype(np.float64) - mean
    after = before - before / number
    spread = variance + (before * after - variance) / number
    return np.asarray(after / np.sqrt(spread + EPSILON))
