"""What a pixel means to a model: declared by whoever knows how it was trained, never guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import Samples, to_unit

HINT = (
    "give LOW:HIGH, the numbers that pixels 0 and 255 became in training (0:1, -1:1, 0:255), "
    "or one LOW:HIGH for each of red, green and blue, as `(x / 255 - mean) / std` gives them; or "
    "`codes` for the bytes as they are"
)
CODES = "codes"
"""The declaration that a pixel is the model's byte: u for uint8, u - 128 for int8"""


@dataclass(frozen=True)
class PixelScale:
    """Real values of the least and the greatest pixel, in between linear."""

    low: tuple[float, ...]
    """Of pixel 0: one value, or one a channel"""
    high: tuple[float, ...]
    """Of pixel 255, as many"""

    @classmethod
    def parse(cls, text: str, channels: int) -> Self:
        """`-1:1`, or one such pair a channel with commas between.

        Raises:
            UsageError: It says something else, or has another number of channels.
        """
        try:
            pairs = [tuple(map(float, pair.split(":"))) for pair in text.split(",")]
            low, high = zip(*pairs, strict=True)
        except ValueError as error:
            raise UsageError(f"--pixels {text} is no LOW:HIGH", hint=HINT) from error
        if not all(map(math.isfinite, (*low, *high))) or any(a == b for a, b in pairs):
            raise UsageError(f"--pixels {text}: LOW and HIGH must be two numbers", hint=HINT)
        if len(pairs) not in (1, channels):
            raise UsageError(
                f"--pixels {text} scales {len(pairs)} channels; the model takes {channels}",
                hint=HINT,
            )
        return cls(low, high)

    def reals(self, samples: Samples) -> NDArray[np.float32]:
        """What the network saw in training of samples (…, channels), as float32."""
        low = np.array(self.low, np.float64)
        span = np.array(self.high, np.float64) - low
        return (low + span * to_unit(samples).astype(np.float64)).astype(np.float32)
