"""FULLY_CONNECTED whose weights are computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.ops.flatfile import RELU
from tests.ops.operators.batch_matmul import dense_product, dense_with_zero
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.verify import verify
from tinyssl.ops.batch_matmul import BatchMatmul
from tinyssl.ops.common.activation import Activation


def test_a_product_of_two_activations_is_read_as_one() -> None:
    assert [op.label for op in read_model(dense_product()).ops] == ["#0 BATCH_MATMUL"]


@pytest.mark.parametrize("given", [{}, {"bias": True, "activation": RELU}])
def test_it_is_written_as_it_was(given: dict[str, Any]) -> None:
    (op,) = read_model(write_model(read_model(dense_product(**given)))).ops
    assert isinstance(op, BatchMatmul)
    assert op.dense
    assert (op.bias is not None) == bool(given)
    assert op.activation is (Activation.RELU if given else Activation.NONE)


def test_a_bias_that_is_computed_too_is_named() -> None:
    model = read_model(dense_product(bias=True))
    (op,) = model.ops
    assert isinstance(op, BatchMatmul)
    assert op.bias is not None
    values = list(model.tensors)
    values[op.bias] = replace(values[op.bias], data=None)
    with pytest.raises(UnsupportedModel, match="must be 4 int32 constants"):
        verify(replace(model, tensors=tuple(values), inputs=(*model.inputs, op.bias)))


def test_weights_lose_their_zero_point_where_they_fit() -> None:
    (op,) = read_model(dense_with_zero()).ops
    assert op.kind == "FULLY_CONNECTED"
    (op,) = read_model(dense_with_zero(-100)).ops
    assert op.kind == "BATCH_MATMUL"
