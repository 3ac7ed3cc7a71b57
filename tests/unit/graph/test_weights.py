"""Layers with weights: bounds of their sums, and what follows from these."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops import cases
from tests.unit.graph.test_verify import with_bias, with_op, with_quant, with_tensor
from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Quant
from tinyssl.graph.verify import verify
from tinyssl.ops import spec_of
from tinyssl.ops.common.weights import accumulator_bounds, input_range
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for


@pytest.mark.parametrize("name", ["conv", "depthwise", "dense per channel"])
def test_scale_of_a_bias_counts_where_tflm_reads_it_alone(name: str) -> None:
    model = read_model(cases.CASES[name]())
    verify(with_tensor(model, 2, quant=Quant((50.0,), (0,))))


def test_accumulator_bounds_hold_and_are_reached() -> None:
    """Against brute force over the inputs that make each channel largest and smallest."""
    model = read_model(cases.conv(zeros=(-5, 9)))
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    assert op.bias is not None
    low, high = accumulator_bounds(model, op)
    weights = model.tensor(op.weight).array().astype(np.int64).reshape(5, -1)
    bias = model.tensor(op.bias).array().astype(np.int64)
    best = np.where(weights > 0, 127, -128) + 5
    worst = np.where(weights > 0, -128, 127) + 5
    reached_high, reached_low = (weights * best).sum(1) + bias, (weights * worst).sum(1) + bias
    assert (reached_high <= high).all()
    assert (reached_low >= low).all()
    assert (reached_high[bias >= 0] == high[bias >= 0]).all()
    assert (reached_low[bias <= 0] == low[bias <= 0]).all()


BROKEN = {
    "channels": (
        lambda m: with_tensor(m, m.inputs[0], shape=(1, 4, 3, 6)),
        r"#0 TRANSPOSE_CONV: weights have shape \[4, 3, 2, 5\], the input 6 channels",
    ),
    "shape": (
        lambda m: with_tensor(m, m.outputs[0], shape=(1, 192)),
        r"#0 TRANSPOSE_CONV: the output has shape \[1, 192\]; four dimensions",
    ),
    "outputs": (
        lambda m: with_tensor(m, m.outputs[0], shape=(1, 8, 6, 3)),
        "#0 TRANSPOSE_CONV: output has shape",
    ),
    "stride": (lambda m: with_op(m, stride=(2, 0)), "#0 TRANSPOSE_CONV: strides"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_of_a_transposed_convolution_is_named(name: str) -> None:
    change, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        verify(change(read_model(cases.CASES["transposed"]())))


BROKEN_PRODUCTS = {
    "depth": (
        lambda m: with_tensor(m, 1, shape=(2, 4, 5)),
        r"#0 BATCH_MATMUL: shapes \[2, 3, 5\] and \[2, 4, 5\] do not fit each other",
    ),
    "batches": (lambda m: with_tensor(m, 1, shape=(3, 5, 4)), "do not fit each other"),
    "rank": (lambda m: with_tensor(m, 1, shape=(5,)), "2 to 5 dimensions are supported"),
    "types": (lambda m: with_tensor(m, 1, dtype=DType.FLOAT32), "one type is needed"),
    "scale": (
        lambda m: with_quant(m, m.outputs[0], scale=(1e-13,)),
        r"sums are multiplied by 2\^\d+; the limit is 2\^30",
    ),
}


@pytest.mark.parametrize("name", BROKEN_PRODUCTS)
def test_broken_rule_of_a_product_of_matrices_is_named(name: str) -> None:
    change, message = BROKEN_PRODUCTS[name]
    with pytest.raises(ModelError, match=message):
        verify(change(read_model(cases.CASES["matmul"]())))


@pytest.mark.parametrize("bias", [2**31 - 1, -(2**31), 2**31 - 10000])
def test_sums_that_may_pass_int32_get_the_kernel_that_wraps(bias: int) -> None:
    model = with_bias(read_model(cases.conv()), bias)
    verify(model)
    assert kernel_for(model, model.ops[0], Isa.HOST).name == "convolution_s8"
    assert "sums wrap" in spec_of(model.ops[0]).text(model, model.ops[0])


def test_a_fused_activation_bounds_the_sums_of_the_next_layer() -> None:
    """A ReLU with its zero point in the middle halves what the next layer can add up."""
    model = read_model(cases.CASES["conv relu, zero in the middle"]())
    assert input_range(model, model.outputs[0]) == (20, 127)
    assert input_range(model, model.inputs[0]) == (-128, 127)
