"""Kernels for MVE: when they are chosen, what they are given, and what makes them exact."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.oracle import compare
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.common.fixed_point import Multiplier, requantise
from tinyssl.ops.common.params import Constants
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets import mve, rv32
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for
from tinyssl.targets.requantise import channels, requantise_fits

M55 = Isa.CORTEX_M55


def read(name: str) -> Model:
    return run_passes(read_model(cases.CASES[name](), name))


@pytest.mark.parametrize(
    ("name", "kernel", "rv32"),
    [
        ("conv 1x1", "conv2d_1x1_s8_mve", "conv2d_s8_rv32"),
        ("conv", "conv2d_s8_mve", "conv2d_s8_rv32"),
        ("conv dilated", "convolution_s8_dsp", "conv2d_s8"),
        ("conv multiplier above one", "convolution_s8_dsp", "conv2d_s8"),
        ("depthwise multiplier", "conv2d_s8_mve", "depthwise_conv2d_s8"),
        ("dense", "fully_connected_s8_mve", "fully_connected_s8_rv32"),
        ("add", "add_s8_mve", "add_s8_rv32"),
        ("mean", "mean_s8_mve", "mean_s8"),
        ("average", "average_pool2d_s8_mve", "average_pool2d_s8"),
        ("softmax", "softmax_s8", "softmax_s8"),
    ],
)
def test_kernel_is_chosen_by_operator(name, kernel, rv32):
    model = read(name)
    assert kernel_for(model, model.ops[-1], M55).name == kernel
    assert kernel_for(model, model.ops[-1], Isa.RV32IMC).name == rv32


def half_up(x: int, right: int) -> int:
    """VRSHL."""
    return (x + (1 << right >> 1)) >> right


def test_two_rounding_instructions_and_a_sign_are_tflms_rounding() -> None:
    """VQRDMULH, one less where that is negative, VRSHL; around every half that there is."""
    source = random.Random(0)
    for _ in range(3000):
        multiplier = Multiplier(source.randrange(2**30, 2**31), -source.randrange(1, 32))
        right = -multiplier.shift
        half = ((2 * source.randrange(-200, 200) + 1) << right) // 2  # of the product
        for near in range(-3, 4):
            x = (half << 31) // multiplier.value + near
            if abs(x) < 2**30:
                product = (x * multiplier.value + 2**30) >> 31
                assert half_up(product - (product < 0), right) == requantise(x, multiplier)


def test_without_the_sign_what_is_not_negative_is_the_same_and_the_rest_stays_below_one() -> None:
    source = random.Random(1)
    for _ in range(3000):
        multiplier = Multiplier(source.randrange(2**30, 2**31), -source.randrange(1, 32))
        x = source.randrange(-(2**30), 2**30)
        product = (x * multiplier.value + 2**30) >> 31
        plain, exact = half_up(product, -multiplier.shift), requantise(x, multiplier)
        assert plain == exact if product >= 0 else exact <= plain <= 0


def test_words_hold_the_start_and_the_shift_as_vrshl_takes_it() -> None:
    starts = np.array([[5, -7, 2**23 - 1, -(2**23) + 1]])
    multipliers = np.array([[[2**30, -1], [2**31 - 1, -31], [2**30, -8], [2**30, -9]]])
    words, values = mve.table_words(starts, multipliers)[0]
    assert [int(word) >> 8 for word in words] == starts[0].tolist()
    assert [np.uint8(int(word) & 0xFF).view(np.int8) for word in words] == [-1, -31, -8, -9]
    assert values.tolist() == [2**30, 2**31 - 1, 2**30, 2**30]


def test_depthwise_blocks_hold_their_channels_in_the_order_of_the_sums() -> None:
    data = cases.conv(depthwise=True, channels=(20, 20))
    model = read_model(data)
    constants = Constants(model)
    (op,) = model.ops
    assert isinstance(op, DepthwiseConv2D)
    fields = mve.depthwise(model, op, constants)
    layer = channels(model, op)
    table = constants.arrays[str(fields["channel"])].values.reshape(2, 4, 2, 4)
    starts = (table[:, :, 0] >> 8).tolist()
    assert starts[0][0] == [layer.starts[c] for c in (0, 4, 8, 12)]
    assert starts[0][1] == [layer.starts[c] for c in (2, 6, 10, 14)]
    assert starts[0][2] == [layer.starts[c] for c in (1, 5, 9, 13)]
    assert starts[1][3] == [layer.starts[19], 0, 0, 0]
    taps = constants.arrays[str(fields["weight"])].values.reshape(2, 9, 16)
    assert taps[1, 3, :4].tolist() == layer.rows[16:, 3].tolist()
    assert not taps[1, :, 4:].any()


def test_a_pair_of_the_smallest_weights_does_not_fit_int16() -> None:
    worst = np.full((1, 9), -127, np.int8)
    worst[0, [1, 2]] = -128  # of two pairs
    assert mve.pairs_fit(worst)
    worst[0, 3] = -128
    assert not mve.pairs_fit(worst)
    assert -128 * -128 + -128 * -127 <= 2**15 - 1 < 2 * 128 * 128


SHAPES = [
    (1, 1, (1, 1), (1, 1)),
    (3, 5, (1, 1), (3, 5)),
    (17, 9, (1, 1), (3, 3)),
    (16, 4, (1, 1), (2, 5)),
    (40, 7, (3, 3), (3, 2)),
    (4, 0, (3, 3), (1, 1)),
    (8, 0, (3, 3), (4, 5)),
    (20, 0, (3, 3), (3, 4)),
    (48, 0, (3, 3), (2, 3)),
    (5, 0, (3, 3), (3, 4)),
]
"""Input channels, output channels (0: depthwise), window, image"""


@pytest.mark.parametrize("isa", [M55, Isa.RV32IMC])
@pytest.mark.parametrize(("in_c", "out_c", "kernel", "size"), SHAPES)
def test_tails_are_byte_equal_to_tflm(isa, in_c, out_c, kernel, size):
    data = cases.conv(
        kernel=kernel,
        channels=(in_c, out_c or in_c),
        depthwise=out_c == 0,
        size=size,
        stride=(1 + in_c % 2, 1),
        zeros=(-128, 127) if in_c % 2 else (127, -128),
    )
    model = read_model(data)
    own = kernel_for(model, model.ops[0], isa).name.endswith(("_mve", "_rv32"))
    assert own
    compare(data, isa=isa)


def test_what_is_not_proved_gets_the_reference_kernel() -> None:
    model = read("conv multiplier above one")
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    assert not requantise_fits(model, op)
    assert not rv32.conv_fits(model, op)


@pytest.mark.parametrize(("depth", "out_c"), [(3, 4), (8, 9), (16, 8)])
def test_shallow_product_without_sign_and_clamp_is_byte_equal_to_tflm(depth, out_c):
    data = cases.conv(
        kernel=(1, 1),
        channels=(depth, out_c),
        size=(3, 5),
        activation=cases.RELU,
        zeros=(-128, -128),
    )
    model = read_model(data)
    op = model.ops[0]
    assert isinstance(op, Conv2D)
    fields = mve.pointwise(model, op, Constants(model))
    assert [fields[f"product.{name}"] for name in ("sign", "out_min", "out_max")] == [0, -128, 127]
    compare(data, isa=M55)
