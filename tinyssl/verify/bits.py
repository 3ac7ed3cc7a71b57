"""Equality to the bit."""

from __future__ import annotations

import numpy as np

from tinyssl.runtimes.base import Array


def bits(values: Array) -> Array:
    """Elements as unsigned numbers of their bits: a NaN equals itself, and 0.0 is not -0.0."""
    return np.ascontiguousarray(values).view(f"u{values.itemsize}")
