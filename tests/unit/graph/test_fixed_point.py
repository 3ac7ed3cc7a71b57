"""Integer parameters against the real numbers they stand for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ops import cases
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Quant
from tinyssl.ops.add import Add
from tinyssl.ops.common.activation import Activation, activation_range
from tinyssl.ops.common.fixed_point import Multiplier, quantise_multiplier
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.common.scaled import sum_scaling
from tinyssl.ops.common.weights import channel_multipliers
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.mean import Mean
from tinyssl.ops.softmax import exponent


@given(st.floats(2.0**-31, 2.0**30))
def test_multiplier_is_within_half_a_unit(real):
    found = quantise_multiplier(real)
    assert 2**30 <= found.value < 2**31
    assert math.ldexp(found.value, found.shift - 31) == pytest.approx(real, rel=2.0**-31)


def test_mantissa_that_rounds_up_to_one_moves_into_the_shift() -> None:
    assert quantise_multiplier(1.0 - 2.0**-40) == Multiplier(2**30, 1)


@pytest.mark.parametrize(("units", "expected"), [(0.495, 0), (0.5, 1), (0.505, 1)])
def test_halves_of_the_mantissa_are_rounded_up(units, expected):
    assert quantise_multiplier((2**30 + units) / 2**31) == Multiplier(2**30 + expected, 0)


@pytest.mark.parametrize("real", [0.0, 2.0**-33, 1e-30])
def test_tiny_factors_become_zero(real):
    assert quantise_multiplier(real) == Multiplier(0, 0)


@pytest.mark.parametrize(
    ("activation", "quant", "expected"),
    [
        (Activation.NONE, (0.1, 7), (-128, 127)),
        (Activation.RELU, (0.1, 7), (7, 127)),
        (Activation.RELU, (0.1, -128), (-128, 127)),
        (Activation.RELU6, (0.1, 7), (7, 67)),
        (Activation.RELU6, (0.01, 7), (7, 127)),
        (Activation.RELU6, (6 / 255, -128), (-128, 127)),
        (Activation.RELU6, (4.0, 0), (0, 2)),  # 1.5 rounds up
    ],
)
def test_activation_range(activation, quant, expected):
    scale, zero = quant
    assert activation_range(activation, Quant((scale,), (zero,))) == expected


def value(multiplier: Multiplier) -> float:
    return math.ldexp(multiplier.value, multiplier.shift - 31)


def test_channel_multipliers_are_in_times_weight_over_out() -> None:
    model = read_model(cases.conv())
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    source, weight, target = (model.quant(index) for index in (0, 1, op.output))
    expected = [source.scale[0] * scale / target.scale[0] for scale in weight.scale]
    found = [value(multiplier) for multiplier in channel_multipliers(model, op)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_add_parameters_bring_both_sides_to_one_scale() -> None:
    model = read_model(cases.add(scales=(0.04, 0.07, 0.09)))
    op = model.ops[2]
    assert isinstance(op, Add)
    found = sum_scaling(model, op)
    assert value(found.left) == pytest.approx(0.04 / 0.14)
    assert value(found.right) == pytest.approx(0.5)
    assert value(found.output) == pytest.approx(0.14 / 0.09 / 2**20)


@given(st.integers(1, 64), st.integers(1, 64))
def test_mean_multiplier_divides_by_the_places(height, width):
    model = read_model(cases.mean(size=(height, width), scales=(0.05, 0.04)))
    op = model.ops[0]
    assert isinstance(op, Mean)
    expected = 0.05 / 0.04 / (height * width)
    assert value(mean_multiplier(model, op)) == pytest.approx(expected, rel=1e-7)


def test_softmax_leaves_out_what_exp_cannot_hold() -> None:
    model = read_model(cases.softmax(scale=0.1))
    found = exponent(model.quant(0).scale[0])
    assert value(found.multiplier) == pytest.approx(0.1 * 2**26, rel=1e-6)
    # Differences below diff_min would be shifted beyond 31 bits.
    assert -found.diff_min * 2**found.multiplier.shift <= 31 * 2**26
    assert (1 - found.diff_min) * 2**found.multiplier.shift > 31 * 2**26
