"""Ranges that clip: which end they move, and how far."""

import numpy as np
import pytest

from tinyssl.convert.ranges import BINS, LEVELS, least_error, percentile

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=200_000)
SPAN = (-50.0, 100.0)


def histogram(values, span=SPAN):
    return np.histogram(values, BINS, span)[0].astype(float)


def squared_error(values, low, high):
    scale = (high - low) / LEVELS
    codes = np.clip(np.rint(values / scale), np.rint(low / scale), np.rint(low / scale) + LEVELS)
    return np.square(values - codes * scale).mean()


def test_percentile_keeps_all_but_one_in_ten_thousand():
    low, high = percentile(histogram(NORMAL, (-5, 5)), (-5, 5))
    outside = np.mean((low > NORMAL) | (high < NORMAL))
    assert 0.3e-4 < outside < 1.1e-4


def test_an_outlier_does_not_widen_the_percentile_range():
    values = np.append(NORMAL, [-50, 100])
    low, high = percentile(histogram(values), SPAN)
    assert -5 < low < -3.5
    assert 3.5 < high < 5


@pytest.mark.parametrize("method", [percentile, least_error])
def test_zero_stays_in_the_range(method):
    low, high = method(histogram(10 + NORMAL, (0, 20)), (0.0, 20.0))
    assert low == 0
    assert 12 < high <= 20
    low, high = method(histogram(-10 - NORMAL, (-20, 0)), (-20.0, 0.0))
    assert high == 0
    assert -20 <= low < -12


def test_the_least_error_is_less_than_that_of_the_extremes_and_of_the_percentiles():
    values = RNG.laplace(size=100_000)
    span = (float(values.min()), float(values.max()))
    found = least_error(histogram(values, span), span)
    least = squared_error(values, *found)
    assert least < 0.95 * squared_error(values, *span)
    assert least <= squared_error(values, *percentile(histogram(values, span), span))


def test_values_that_fill_their_range_are_not_clipped():
    values = RNG.uniform(-1, 3, 100_000)
    assert least_error(histogram(values, (-1.0, 3.0)), (-1.0, 3.0)) == (-1.0, 3.0)
