"""How exact a share is that was counted on n images."""

from __future__ import annotations

import math

Z_95 = 1.959964
"""The standard normal distribution has 95 % of its mass within ± this"""


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score method, also right near 0 and 1.

    Args:
        share: What was measured, in [0, 1]: right answers divided by `n`.
        n: Images it was measured on, at least 1.

    Returns:
        Lower and upper limit, in [0, 1].
    """
    square = Z_95**2 / n
    middle = (share + square / 2) / (1 + square)
    half = Z_95 / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def interval_text(share: float, n: int) -> str:
    """The same in percent: 0.9611 of 360 is `93.6 – 97.7`."""
    low, high = wilson(share, n)
    return f"{100 * low:.1f} – {100 * high:.1f}"
