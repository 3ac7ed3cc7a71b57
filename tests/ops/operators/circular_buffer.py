"""CIRCULAR_BUFFER: the window over time in front of a layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.ops.flatfile import NONE, Flatfile

PERIODIC: dict[str, int] = {"cycles_max": 1}


def circular(
    slots: int = 4, shape: tuple[int, int] = (1, 3), zero: int = -7, options: Any = None
) -> bytes:
    """The last inputs, and a dense layer of all of them.

    Args:
        slots: How many inputs are kept.
        shape: Of one of them, without two dimensions of 1.
        zero: Zero point of all.
        options: Of the operator; none where it is None.
    """
    file = Flatfile()
    start = file.activation((1, 1, *shape), 0.05, zero)
    kept = file.activation((1, slots, *shape), 0.05, zero, name="kept")
    file.tensors[kept].isVariable = True
    file.operator("CUSTOM CIRCULAR_BUFFER", [start], [kept], **options or {})
    flat = file.activation((1, slots * shape[0] * shape[1]), 0.05, zero)
    file.operator("RESHAPE", [kept], [flat])
    count = slots * shape[0] * shape[1]
    values = np.random.default_rng(slots).integers(-127, 128, (4, count)).astype(np.int8)
    output = file.activation((1, 4), 0.3, 2)
    weight = file.constant(values, [0.01])
    file.operator("FULLY_CONNECTED", [flat, weight], [output], 4, fusedActivationFunction=NONE)
    return file.data()


CASES: dict[str, Callable[[], bytes]] = {
    "circular buffer": partial(circular, options=PERIODIC),
    "circular buffer of one": partial(circular, 1, options=PERIODIC),
    "circular buffer wide": partial(circular, 3, (2, 5), 127, options=PERIODIC),
    "circular buffer of five": partial(circular, 5, zero=-128),
}


def _random_circular(seed: int) -> bytes:
    source = np.random.default_rng(seed)
    sizes = source.integers(1, 6, 3).tolist()
    return circular(sizes[0], (sizes[1], sizes[2]), int(source.integers(-128, 128)), PERIODIC)


RANDOM = {"circular buffer": _random_circular}
