"""FULLY_CONNECTED whose weights are computed."""

from __future__ import annotations

import pytest

from tests.ops.operators.batch_matmul import dense_product
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model


def test_a_product_of_two_activations_is_read_as_one() -> None:
    assert [op.label for op in read_model(dense_product()).ops] == ["#0 BATCH_MATMUL"]


def test_computed_weights_with_a_bias_are_named() -> None:
    with pytest.raises(UnsupportedModel, match="computed weights with a bias"):
        read_model(dense_product(bias=True))
