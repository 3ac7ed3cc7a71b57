"""How a rate falls over the rounds."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]
"""Round, from 1 -> rate"""


def linear(first: float, rounds: int) -> Schedule:
    """From `first` in round 1 towards 0, which round `rounds` + 1 would have."""
    return lambda number: first * (1 - (number - 1) / rounds)


def cosine(first: float, rounds: int) -> Schedule:
    """Half a period of a cosine, from `first` in round 1 to 0 (Loshchilov and Hutter 2017)."""
    return lambda number: first * (1 + math.cos(math.pi * (number - 1) / rounds)) / 2


def step_down(first: float, rounds: int) -> Schedule:
    """`first` for the first half, a tenth of it up to three quarters, a hundredth to the end."""
    return lambda number: first * 0.1 ** ((number > rounds / 2) + (number > rounds * 3 / 4))


def constant(rate: float) -> Schedule:
    """Always the same."""
    return lambda _number: rate
