"""When outputs count as equal: to the bit, or float32 within units in the last place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyssl.runtimes.base import Array


def differs(found: Array, expected: Array, ulps: int) -> NDArray[np.bool_]:
    """Which elements differ, flat, in C order.

    Args:
        found: What was computed.
        expected: Of the same type and size.
        ulps: Units in the last place that float32 elements may lie apart; other types are exact.
    """
    far: NDArray[np.bool_]
    if ulps and expected.dtype == np.float32:
        far = np.abs(_places(found) - _places(expected)) > ulps
    else:
        kind = f"u{expected.itemsize}"
        far = np.frombuffer(found.tobytes(), kind) != np.frombuffer(expected.tobytes(), kind)
    return far


def _places(values: Array) -> NDArray[np.int64]:
    """Place of each float32 in the order of all of them: neighbours are 1 apart, both zeros 0."""
    bits = np.frombuffer(values.tobytes(), np.int32).astype(np.int64)
    return np.where(bits < 0, np.iinfo(np.int32).min - bits, bits)
