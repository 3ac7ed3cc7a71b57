"""Wilson's interval against its definition and known values."""

from __future__ import annotations

import math

import pytest

from tinyssl.core.intervals import Z_95, wilson


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_known_values(right, n, low, high):
    assert wilson(right / n, n) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("share", "n"), [(0.0, 1), (0.3, 7), (0.9889, 359), (1.0, 5), (0.5, 10**6)]
)
def test_limits_are_those_shares_that_are_just_compatible(share, n):
    """A limit p solves |share - p| = z sqrt(p (1 - p) / n)."""
    low, high = wilson(share, n)
    assert 0 <= low <= share <= high <= 1
    for limit in (low, high):
        if 1e-9 < limit < 1 - 1e-9:
            assert abs(share - limit) == pytest.approx(Z_95 * math.sqrt(limit * (1 - limit) / n))
