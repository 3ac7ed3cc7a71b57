"""The collapse monitor: what it takes for a collapse, and what it then says."""

from __future__ import annotations

import math

import pytest
import torch

from tinyssl.core.errors import EXIT_GATE, Collapsed
from tinyssl.learn.methods.monitor import COLLAPSED, CollapseMonitor, embedding_std


def test_spread_is_the_standard_deviation_of_the_normalised_rows() -> None:
    """Healthy: near 1/sqrt(dim) in each dimension; collapsed: below 0.01/sqrt(dim)."""
    torch.manual_seed(0)
    z = torch.randn(512, 64)
    deviation = torch.nn.functional.normalize(z, dim=1).std(dim=0).mean().item()
    assert deviation == pytest.approx(1 / math.sqrt(64), rel=0.02)
    assert embedding_std(z).item() == pytest.approx(deviation * math.sqrt(64))
    assert embedding_std(5 + 1e-4 * z).item() < COLLAPSED


def test_low_values_in_a_row_are_a_collapse() -> None:
    monitor = CollapseMonitor(patience=3)
    fed = [monitor.feed(value) for value in (0.9, 0.001, 0.002, 0.5, 0.001, 0.001, 0.009)]
    assert fed == [False] * 6 + [True]


def test_the_limit_itself_is_healthy() -> None:
    monitor = CollapseMonitor(threshold=0.01, patience=1)
    assert not monitor.feed(0.01)
    assert monitor.feed(0.0099)


def test_it_goes_on_from_its_state() -> None:
    before = CollapseMonitor(patience=3)
    before.feed(0.0)
    before.feed(0.0)
    assert CollapseMonitor(patience=3, low=before.low).feed(0.0)


def test_it_explains_with_value_limit_and_what_to_try() -> None:
    monitor = CollapseMonitor(patience=2)
    monitor.feed(0.004)
    monitor.feed(0.0032)
    error = monitor.error()
    assert isinstance(error, Collapsed)
    assert error.exit_code == EXIT_GATE
    for part in ("0.0032", "0.01", "2 figures"):
        assert part in error.message
    for part in ("--lr", "--batch-size", "--no-stop-on-collapse"):
        assert part in error.hint
