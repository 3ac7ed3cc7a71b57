"""Errors of an autoencoder, and how well they tell anomalies apart."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tinyssl.bench.reconstruction import Reconstruction, area_under_curve


def test_errors_of_what_is_normal() -> None:
    found = Reconstruction()
    assert found.add(np.array([1.0, 2.0]), np.array([[1.0, 4.0]])) == 2.0
    assert found.results() == {"mse": 2.0}
    found.add(np.zeros(2), np.zeros(2))
    found.add(np.zeros(2), np.full(2, 3.0), anomaly=True)
    assert found.results() == {"mse": 1.0, "auc": 1.0}
    assert Reconstruction().results() == {}


@pytest.mark.parametrize("levels", [3, 1000])
def test_area_under_the_curve(levels: int) -> None:
    random = np.random.default_rng(levels)
    scores = random.integers(0, levels, 200).astype(np.float64)
    positive = random.random(200) < 0.3
    expected = roc_auc_score(positive, scores)
    assert area_under_curve(scores, positive) == pytest.approx(expected, abs=1e-12)
