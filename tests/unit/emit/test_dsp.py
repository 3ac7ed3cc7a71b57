"""Kernels for Armv7E-M: when they are chosen, what they are given, and that they stay in bounds."""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.oracle import Tflm, compare
from tinyssl.boards import Isa
from tinyssl.emit import dsp, render_aot, render_c_folder, scratch_bytes, write_sources
from tinyssl.emit.kernels import kernel_for
from tinyssl.ir.fixed_point import Multiplier, requantise
from tinyssl.ir.model import Model
from tinyssl.ir.passes import run_passes
from tinyssl.plan import plan_arena
from tinyssl.tflite import read_model

M7 = Isa.CORTEX_M7


def read(name: str) -> Model:
    return run_passes(read_model(cases.CASES[name](), name))


def with_bias(model: Model, value: int, channel: int = 0) -> Model:
    """The first operator with one bias replaced."""
    index = model.ops[0].inputs[2]
    values = np.array(model.tensor(index).array(), np.int32)
    values[channel] = value
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], data=values.tobytes())
    return replace(model, tensors=tuple(tensors))


@pytest.mark.parametrize(
    ("name", "isa", "kernel"),
    [
        ("conv 1x1", M7, "conv2d_1x1_s8_dsp"),
        ("conv 1x1", Isa.CORTEX_M4, "conv2d_1x1_s8_dsp"),
        ("conv 1x1", Isa.CORTEX_M3, "conv2d_s8"),
        ("conv 1x1", Isa.RV32IMC, "conv2d_s8"),
        ("conv 1x1", Isa.HOST, "conv2d_s8"),
        ("conv", M7, "conv2d_s8_dsp"),
        ("conv dilated", M7, "conv2d_s8"),
        ("conv multiplier above one", M7, "conv2d_s8"),
        ("depthwise", M7, "depthwise_3x3_s8_dsp"),
        ("depthwise valid stride 2", M7, "depthwise_3x3_s8_dsp"),
        ("depthwise multiplier", M7, "depthwise_conv2d_s8"),
        ("depthwise dilated", M7, "depthwise_conv2d_s8"),
        ("dense", M7, "fully_connected_s8_dsp"),
        ("mean", M7, "mean_s8"),
    ],
)
def test_kernel_is_chosen_by_instruction_set_and_operator(name, isa, kernel):
    model = read(name)
    assert kernel_for(model, model.ops[0], isa).name == kernel


@pytest.mark.parametrize(
    ("reach", "shift", "zero", "fits"),
    [
        (2**30 - 1, -1, 127, True),
        (2**30, -1, 127, False),  # the doubled sum leaves int32
        (1000, 0, 0, False),  # no rounding shift: nothing to add the half to
        (1000, 1, 0, False),
        (2**30 - 1, -31, 0, False),  # product and half leave int32
        (1000, -31, 0, True),
        (1000, -24, 127, True),
        (1000, -25, 127, False),  # the zero point leaves int32
        (1000, -32, 0, False),
    ],
)
def test_ranges_in_which_requantisation_is_exact(reach, shift, zero, fits):
    assert dsp.channel_fits(reach, Multiplier(2**31 - 1, shift), zero) is fits


def test_sum_bounds_are_reached():
    rows = np.array([[3, -5, 127], [-128, 0, 1]], np.int8)
    extremes = np.array(np.meshgrid(*[[-128, 127]] * 3)).reshape(3, -1)
    sums = rows.astype(int) @ extremes + np.array([[7], [-9]])
    assert dsp.sum_bounds([7, -9], rows) == list(zip(sums.min(1), sums.max(1), strict=True))


def test_channel_that_no_input_changes_becomes_its_value():
    """A bias that saturates the output: weights 0, and a start that gives 127 again."""
    model = with_bias(read("conv 1x1"), 2**30)
    layer = dsp.channels(model, model.ops[0])
    zero = model.output.quant.zero_point[0] if model.output.quant else 0
    assert layer.constant
    assert not layer.rows[0].any()
    assert layer.rows[1:].any(axis=1).all()
    assert requantise(layer.starts[0], layer.multipliers[0]) + zero == 127


def test_requantisation_in_python_follows_the_definition():
    source = random.Random(0)
    for _ in range(2000):
        x = source.randrange(-(2**30), 2**30)
        multiplier = Multiplier(source.randrange(2**30, 2**31), -source.randrange(0, 32))
        first = (x * multiplier.value * 2 + 2**31) >> 32
        size = 2**-multiplier.shift
        nearest = (abs(first) * 2 + size) // (2 * size)  # halves away from zero
        assert requantise(x, multiplier) == (nearest if first >= 0 else -nearest)


def test_weights_lie_as_sxtb16_wants_them():
    rows = np.arange(1, 19, dtype=np.int8).reshape(3, 6)
    assert dsp.product_layout(rows).reshape(-1, 8).tolist() == [
        [1, 2, 3, 4, 7, 8, 9, 10],
        [5, 6, 0, 0, 11, 12, 0, 0],
        [13, 14, 15, 16, 0, 0, 0, 0],
        [17, 18, 0, 0, 0, 0, 0, 0],
    ]


def test_weights_are_stored_once():
    model = read("conv 1x1")
    text = render_aot(model, plan_arena(model, scratch_bytes(model, M7)), isa=M7)["weights.c"]
    assert len(re.findall(r"static const .*int8_t", text)) == 1
    assert "static const _Alignas(4) int8_t product_1[128]" in text


def test_scratch_memory_lies_in_the_arena_beside_input_and_output():
    model = read("conv 1x1")
    plan = plan_arena(model, scratch_bytes(model, M7))
    assert scratch_bytes(model, M7) == {0: 64}
    assert scratch_bytes(model, Isa.HOST) == {}
    assert plan.scratch(0) + 64 <= plan.peak
    assert plan.as_json()["tensors"][-1]["name"] == "scratch of #0 CONV_2D"
    with pytest.raises(KeyError, match="without scratch"):
        render_aot(model, plan_arena(model), isa=M7)


TAILS = [
    (1, 1, (1, 1), (1, 1)),
    (3, 5, (1, 1), (3, 5)),
    (5, 2, (1, 1), (2, 2)),
    (8, 7, (3, 3), (1, 1)),
    (3, 1, (3, 3), (3, 5)),
    (1, 0, (3, 3), (1, 3)),
    (5, 0, (3, 3), (3, 4)),
]
"""Input channels, output channels (0: depthwise), window, image"""


@pytest.mark.parametrize(("in_c", "out_c", "kernel", "size"), TAILS)
@pytest.mark.parametrize("stride", [1, 2])
def test_tails_are_byte_equal_to_tflm(in_c, out_c, kernel, size, stride):
    data = cases.conv(
        kernel=kernel,
        channels=(in_c, out_c or in_c),
        depthwise=out_c == 0,
        size=size,
        stride=(stride, stride),
        zeros=(-128, 127) if stride == 1 else (127, -128),
    )
    model = read_model(data)
    assert kernel_for(model, model.ops[0], M7).name.endswith("_dsp")
    compare(data, isa=M7)


CALL = re.compile(r"(\w+)\(a \+ (\d+), &(\w+), a \+ (\d+)(?:, a \+ (\d+))?\);")


@pytest.mark.parametrize(
    "name",
    ["conv", "conv 1x1", "conv valid stride 2", "depthwise", "depthwise valid stride 2", "dense"],
)
def test_kernels_stay_inside_their_tensors(name, tmp_path):
    """Input, output and scratch on the heap, each of its exact size, under the sanitizers."""
    data = cases.CASES[name]()
    model = read(name)
    plan = plan_arena(model, scratch_bytes(model, M7))
    x = cases.inputs_for(model.input.shape, 0)[2]
    sources = render_c_folder(model, plan, x, Tflm(data).invoke(x), isa=M7)
    sizes = (model.input.bytes, model.output.bytes, scratch_bytes(model, M7)[0])
    text, count = CALL.subn(
        lambda call: (
            f"""
    int8_t *in = malloc({sizes[0]}), *out = malloc({sizes[1]}), *scratch = malloc({sizes[2]});
    memcpy(in, a + {call[2]}, {sizes[0]});
    {call[1]}(in, &{call[3]}, out, scratch);
    memcpy(a + {call[4]}, out, {sizes[1]});
    free(in), free(out), free(scratch);"""
        ),
        sources["model.c"],
    )
    assert count == 1
    sources["model.c"] = "#include <stdlib.h>\n#include <string.h>\n" + text
    write_sources(sources, tmp_path)
    self_test(tmp_path)


def self_test(folder: Path) -> None:
    flags = "CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    done = subprocess.run(
        ["make", "-s", "test", flags], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
