"""Depthwise kernels for Armv7E-M: which is chosen for what, their memory, and their bytes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.image import TARGETS, make_program, require, run_program
from tests.ops.oracle import compare
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.common.params import Array, Constants
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets import dsp_depthwise
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for

M7 = Isa.CORTEX_M7


def layer(size, channels=8, stride=1, **options):
    options.setdefault("zeros", (-5, 9))
    return cases.depthwise(
        size=size, channels=(channels, channels), stride=(stride, stride), **options
    )


def first(data: bytes) -> tuple[Model, DepthwiseConv2D]:
    model = read_model(data)
    op = model.ops[0]
    assert isinstance(op, DepthwiseConv2D)
    return model, op


def kernel_of(data: bytes) -> str:
    """Name of the kernel of the first operator."""
    return kernel_for(*first(data), M7).name


SIZES = [(1, 1), (1, 7), (2, 2), (2, 3), (3, 3), (4, 4), (5, 2), (6, 6), (7, 5), (9, 8), (3, 13),
         (2, 14), (4, 15), (1, 17), (8, 21), (21, 8)]  # fmt: skip
"""Heights and widths on both sides of every choice"""


def sweep():
    """Every size with stride, padding, activation and channels that take turns."""
    graphs = {}
    choices = itertools.cycle(
        itertools.product(
            (1, 2), (cases.SAME, cases.VALID), (cases.RELU, cases.NONE, cases.RELU6), (4, 5, 7, 8)
        )
    )
    for number, size in enumerate(SIZES * 2):
        stride, padding, activation, channels = next(itertools.islice(choices, 4, None))
        if padding == cases.VALID and min(size) < 3:
            padding = cases.SAME
        zeros = ((-128, -128), (127, 5), (-7, -100), (0, 20))[number % 4]
        graphs[f"{size}-{stride}-{padding}-{activation}-{channels}-{number}".replace(" ", "")] = (
            layer(
                size, channels, stride,
                padding=padding, activation=activation, zeros=zeros, seed=number,
            )
        )  # fmt: skip
    return graphs


def test_the_sweep_takes_every_kernel() -> None:
    kinds = {kernel_of(data) for data in sweep().values()}
    assert kinds >= {"depthwise_s8_dsp", "depthwise_image_s8_dsp", "depthwise_3x3_s8_dsp"}


def test_all_sizes_are_byte_equal_to_tflm(tmp_path):
    name = next(n for n, target in TARGETS.items() if not target.emulator and target.isa is M7)
    require(TARGETS[name])
    program = make_program(sweep(), M7)
    assert run_program(program, TARGETS[name], tmp_path) == []


@pytest.mark.emulator
@pytest.mark.parametrize("isa", [Isa.CORTEX_M4, M7])
def test_all_sizes_are_byte_equal_to_tflm_on_a_core(isa, tmp_path):
    name = next(n for n, target in TARGETS.items() if target.emulator and target.isa is isa)
    require(TARGETS[name])
    assert run_program(make_program(sweep(), isa), TARGETS[name], tmp_path) == []


@pytest.mark.parametrize(
    ("size", "channels", "stride", "kernel"),
    [
        ((48, 48), 8, 1, "depthwise_3x3_s8_dsp"),
        ((14, 14), 8, 1, "depthwise_image_s8_dsp"),
        ((15, 15), 8, 1, "depthwise_3x3_s8_dsp"),
        ((14, 14), 8, 2, "depthwise_image_s8_dsp"),
        ((16, 16), 8, 2, "depthwise_3x3_s8_dsp"),
        ((2, 2), 8, 1, "depthwise_s8_dsp"),
        ((4, 4), 8, 2, "depthwise_s8_dsp"),
        ((3, 3), 8, 1, "depthwise_image_s8_dsp"),
        ((6, 6), 3, 1, "conv2d_s8_dsp"),
    ],
)
def test_kernel_is_chosen_by_the_size_of_the_image(size, channels, stride, kernel):
    assert kernel_of(layer(size, channels, stride)) == kernel


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((1, 1), 1, cases.SAME), ((2, 3), 2, cases.VALID), ((5, 3), 1, cases.SAME)],
)
def test_windows_of_few_columns_need_no_reference(kernel, stride, padding):
    data = layer((6, 5), 5, stride, kernel=kernel, padding=padding)
    assert kernel_of(data) == "depthwise_s8_dsp"
    compare(data, isa=M7)


@pytest.mark.parametrize("size", [(6, 6), (20, 20)])
@pytest.mark.parametrize("stride", [1, 2])
def test_output_may_take_the_place_of_the_input_where_channels_come_in_fours(size, stride):
    model, op = first(layer(size, 8, stride))
    kernel = kernel_for(model, op, M7)
    assert kernel.overlaps(model, op) == (Overlap(op.input, exact=True),)
    model, op = first(layer(size, 7, stride))
    assert kernel_for(model, op, M7).overlaps(model, op) == ()


@pytest.mark.parametrize("size", [(6, 6), (5, 20)])
@pytest.mark.parametrize("stride", [1, 2])
def test_bytes_are_the_same_in_the_input_s_place(size, stride):
    data = layer(size, 8, stride)
    model = read_model(data)
    plan = plan_arena(model, choose_calls(model, M7))
    assert plan.offset(model.inputs[0]) == plan.offset(model.outputs[0])
    compare(data, isa=M7)


def test_planes_hold_what_a_line_reads() -> None:
    """The last pair of outputs begins two columns before the end; a word more is read."""
    for stride in (1, 2):
        for count in range(1, 40):
            columns = dsp_depthwise.plane_columns(count, stride)
            pairs = count // 2
            last = (2 * pairs - 2) * stride + (4 if stride == 1 else 6) if pairs else 0
            single = 2 * pairs * stride + 4 if count % 2 else 0
            assert columns >= max(last, single)
            assert columns % 2 == 0


def test_weights_are_the_file_s_with_one_byte_more() -> None:
    model, op = first(layer((4, 4), 8))
    constants = Constants(model)
    name = dsp_depthwise.taps(model, op, constants)
    weight = np.asarray(model.tensor(op.weight).array(), np.int8)
    expected = np.append(weight.reshape(9, 8).T.ravel(), 0)
    np.testing.assert_array_equal(constants.arrays[name].values, expected)


def test_two_arrays_cannot_share_a_name() -> None:
    """Else a layer would silently compute with another's weights."""
    model, _ = first(layer((4, 4), 8))
    constants = Constants(model)
    ones, twos = (Array("taps_1", "int8_t", np.full(3, n), (3,), "w") for n in (1, 2))
    assert constants.intern(ones) == constants.intern(replace(ones)) == "taps_1"
    with pytest.raises(ValueError, match="two arrays are called taps_1"):
        constants.intern(twos)
