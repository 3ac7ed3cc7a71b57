"""ADD and pooling for Armv7E-M: the proofs against the definition, and the kernels against TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.ops import cases
from tests.ops.oracle import compare
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.graph.passes import run_passes
from tinyssl.ops.add import Add
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.fixed_point import quantise_multiplier, requantise
from tinyssl.ops.common.reduce import mean_multiplier
from tinyssl.ops.mean import Mean
from tinyssl.targets import dsp_elementwise as elementwise
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for
from tinyssl.targets.requantise import channel_fits

M7 = Isa.CORTEX_M7


def scales_of(left, right, out, zeros, low=-128, high=127):
    twice = 2 * max(left, right)
    left_zero, right_zero, out_zero = zeros
    return elementwise.AddScales(
        quantise_multiplier(left / twice),
        quantise_multiplier(right / twice),
        quantise_multiplier(twice / (2**20 * out)),
        left_zero,
        right_zero,
        out_zero,
        low,
        high,
    )


def sum_as_defined(x, y, scales):
    """One ADD as TFLM writes it, in whole numbers."""
    left = requantise((x - scales.left_zero) << 20, scales.left)
    right = requantise((y - scales.right_zero) << 20, scales.right)
    value = requantise(left + right, scales.output) + scales.out_zero
    return min(max(value, scales.low), scales.high)


scale = st.floats(0.001, 1.0).map(lambda value: float(np.float32(value)))
zero = st.integers(-128, 127)
byte = st.integers(-128, 127)


@settings(max_examples=60, deadline=None)
@given(scale, scale, scale, st.tuples(zero, zero, zero), st.lists(st.tuples(byte, byte)))
def test_factors_of_add_give_what_is_defined(left, right, out, zeros, pairs):
    scales = scales_of(left, right, max(out, max(left, right) / 200), zeros)
    factors = elementwise.add_factors(scales)
    outputs = elementwise.add_outputs(scales)
    for x, y in [*pairs, (-128, -128), (-128, 127), (127, -128), (127, 127)]:
        expected = sum_as_defined(x, y, scales)
        assert outputs[x + 128, y + 128] == expected
        if factors is not None:
            total = (factors.left * x >> 8) + (factors.right * y >> 8) + factors.start
            assert -(2**31) <= total < 2**31
            assert min(max(total >> factors.shift, scales.low), scales.high) == expected


def test_factors_are_found_for_scales_as_training_gives_them() -> None:
    source = np.random.default_rng(0)
    for _ in range(30):
        left, right, out = (float(np.float32(x)) for x in source.uniform(0.02, 0.1, 3))
        zeros = source.integers(-128, 128, 3).tolist()
        factors = elementwise.add_factors(scales_of(left, right, out, zeros))
        assert factors is not None
        assert factors.shift == elementwise.ADD_SHIFTS[0]


def test_sums_on_halves_keep_the_reference() -> None:
    """Equal input scales and twice that for the output: every odd sum lies between two outputs."""
    assert elementwise.add_factors(scales_of(0.05, 0.05, 0.1, (3, -4, 5))) is None


@pytest.mark.parametrize(
    ("name", "kind", "kernel"),
    [
        ("add", Add, "add_s8_dsp"),
        ("add relu", Add, "add_s8_dsp"),
        ("add far scales", Add, "add_s8"),
        ("average", AveragePool2D, "average_pool2d_s8_dsp"),
    ],
)
def test_kernel_is_chosen_by_the_operator(name, kind, kernel):
    model = run_passes(read_model(cases.CASES[name](), name))
    op = next(op for op in model.ops if isinstance(op, kind))
    assert kernel_for(model, op, M7).name == kernel
    assert kernel_for(model, op, Isa.HOST).name == kernel.removesuffix("_dsp")


@pytest.mark.parametrize("side", [1, 3, 7])
@pytest.mark.parametrize("activation", [cases.NONE, cases.RELU])
def test_add_of_any_size(side, activation):
    compare(cases.add(side=side, activation=activation), isa=M7)


@pytest.mark.parametrize("channels", [3, 4, 5, 7, 8])
@pytest.mark.parametrize("padding", [cases.SAME, cases.VALID])
def test_average_of_any_channels(channels, padding):
    compare(cases.pool(channels=channels, padding=padding, size=(6, 5), window=(3, 2)), isa=M7)


@pytest.mark.parametrize("size", [(16, 16), (1, 256)])
def test_average_of_256_places_is_exact(size):
    data = cases.pool(size=size, window=size, stride=size, padding=cases.VALID)
    model = read_model(data)
    assert kernel_for(model, model.ops[0], M7).name == "average_pool2d_s8_dsp"
    compare(data, isa=M7)


@pytest.mark.parametrize(
    ("size", "channels", "kernel"),
    [
        ((3, 3), 1280, "mean_s8_dsp"),
        ((16, 16), 5, "mean_s8_dsp"),
        ((33, 17), 7, "mean_s8_dsp"),
        ((3, 3), 3, "mean_s8"),
        ((1, 1), 8, "mean_s8"),  # a factor of one does not shift to the right
    ],
)
def test_mean_of_any_size(size, channels, kernel):
    data = cases.mean(size=size, channels=channels, zeros=(-128, 4))
    model = read_model(data)
    assert kernel_for(model, model.ops[0], M7).name == kernel
    compare(data, isa=M7)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 2000), st.floats(0.01, 3.0), zero, zero, st.floats(-1, 1), st.integers(-2, 2))
def test_mean_as_the_kernel_computes_it(places, ratio, in_zero, out_zero, level, near):
    """Any sum of so many places: doubled, times the multiplier, the zero point before the shift."""
    multiplier = mean_of(places, ratio)
    reach = places * max(in_zero + 128, 127 - in_zero)
    assume(channel_fits(reach, multiplier, out_zero))
    total = max(-reach, min(reach, round(level * reach) + near))
    expected = requantise(total, multiplier) + out_zero
    shift = -multiplier.shift - 1
    high = (2 * total * multiplier.value + 2**31) >> 32
    found = (high - (total < 0) + ((2 * out_zero + 1) << shift)) >> shift >> 1
    assert min(max(found, -128), 127) == min(max(expected, -128), 127)


def mean_of(places, ratio):
    """`ops.fixed_point.mean_multiplier` for one row of places."""
    source, target = Quant((ratio,), (0,)), Quant((1.0,), (0,))
    tensors = (
        Value("in", (1, 1, places, 4), DType.INT8, source, None),
        Value("out", (1, 4), DType.INT8, target, None),
    )
    op = Mean(index=0, input=0, output=1)
    return mean_multiplier(Model("mean", tensors, (op,), (0,), (1,)), op)
