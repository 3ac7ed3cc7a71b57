"""Kernels for Armv7E-M: when they are chosen, what they are given, and that they stay in bounds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.oracle import Tflm, compare
from tinyssl.codegen.aot import render_aot, render_c_folder
from tinyssl.compiler import compile
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.core.sources import write_sources
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.targets import dsp
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import kernel_for

M7 = Isa.CORTEX_M7


def read(name: str) -> Model:
    return run_passes(read_model(cases.CASES[name](), name))


@pytest.mark.parametrize(
    ("name", "isa", "kernel"),
    [
        ("conv 1x1", M7, "conv2d_1x1_s8_dsp"),
        ("conv 1x1 of one pixel", M7, "fully_connected_s8_dsp"),
        ("conv 1x1", Isa.CORTEX_M4, "conv2d_1x1_s8_dsp"),
        ("conv 1x1", Isa.CORTEX_M3, "conv2d_s8"),
        ("conv 1x1", Isa.RV32IMC, "conv2d_s8_rv32"),
        ("conv 1x1", Isa.HOST, "conv2d_s8"),
        ("conv", M7, "conv2d_s8_dsp"),
        ("conv dilated", M7, "convolution_s8_dsp"),
        ("conv multiplier above one", M7, "convolution_s8_dsp"),
        ("depthwise", M7, "depthwise_image_s8_dsp"),
        ("depthwise valid stride 2", M7, "depthwise_image_s8_dsp"),
        ("depthwise multiplier", M7, "conv2d_s8_dsp"),
        ("depthwise dilated", M7, "depthwise_any_s8_dsp"),
        ("depthwise row", M7, "depthwise_any_s8_dsp"),
        ("depthwise row", Isa.CORTEX_M55, "depthwise_any_s8_mve"),
        ("depthwise of one channel", M7, "conv2d_s8_dsp"),
        ("depthwise of one channel", Isa.CORTEX_M55, "conv2d_s8_mve"),
        ("depthwise of one channel", Isa.RV32IMC, "conv2d_s8_rv32"),
        ("dense", M7, "fully_connected_s8_dsp"),
        ("dense rows", M7, "conv2d_1x1_s8_dsp"),
        ("dense rows", Isa.CORTEX_M55, "conv2d_1x1_s8_mve"),
        ("dense rows", Isa.RV32IMC, "conv2d_s8_rv32"),
        ("dense rows", Isa.HOST, "conv2d_s8"),
        ("mean", M7, "mean_s8_dsp"),
        ("mul constant", Isa.CORTEX_M55, "mul_constant_s8_mve"),
        ("add constant", M7, "add_any_s8_dsp"),
        ("add constant", Isa.CORTEX_M55, "scaled_add_s8_mve"),
        ("max", M7, "max_pool2d_s8_dsp"),
        ("max", Isa.CORTEX_M55, "max_pool2d_s8_mve"),
    ],
)
def test_kernel_is_chosen_by_instruction_set_and_operator(name, isa, kernel):
    model = read(name)
    assert kernel_for(model, model.ops[0], isa).name == kernel


def test_weights_of_one_pixel_lie_by_pairs_of_channels() -> None:
    rows = np.arange(1, 31, dtype=np.int8).reshape(3, 10)
    assert dsp.pairs_layout(rows).reshape(-1, 16).tolist() == [
        [*range(1, 9), *range(11, 19)],
        [9, 10, *[0] * 6, 19, 20, *[0] * 6],
        [*range(21, 29), *[0] * 8],
        [29, 30, *[0] * 14],
    ]


def test_taps_lie_by_whole_words_of_rows_and_then_their_rest() -> None:
    taps = np.arange(1, 19, dtype=np.int8).reshape(1, 3, 2, 3)
    assert dsp.taps_layout(taps).tolist() == [
        [1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15, 16, 5, 6, 11, 12, 17, 18]
    ]


def test_weights_are_stored_once() -> None:
    model = read("conv 1x1")
    text = render_aot(compile(model, M7))["weights.c"]
    assert len(re.findall(r"static const .*int8_t", text)) == 1
    assert "TINYSSL_ALIGNED(4) static const int8_t rows_1[128]" in text


def test_scratch_memory_lies_in_the_arena_beside_input_and_output() -> None:
    model = read("conv 1x1")
    plan = plan_arena(model, choose_calls(model, M7))
    assert [step.scratch for step in choose_calls(model, M7)] == [128]
    assert [step.scratch for step in choose_calls(model, Isa.HOST)] == [0]
    assert plan.scratch(0) + 128 <= plan.peak
    assert plan.as_json()["tensors"][-1]["name"] == "scratch of #0 CONV_2D"
    with pytest.raises(KeyError, match="without scratch"):
        plan_arena(model).scratch(0)


TAILS = [
    (1, 1, (1, 1), (1, 1)),
    (3, 5, (1, 1), (3, 5)),
    (5, 2, (1, 1), (2, 2)),
    (8, 7, (3, 3), (1, 1)),
    (3, 1, (3, 3), (3, 5)),
    (4, 0, (3, 3), (2, 3)),
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


CALL = re.compile(r"(\w+)\(at1, (\(const struct \w+ \*\)call->params), at0(?:, at2)?\);")


@pytest.mark.parametrize(
    "name",
    [
        *("conv", "conv 1x1", "conv valid stride 2", "depthwise", "depthwise valid stride 2"),
        *("depthwise wide", "depthwise wide stride 2", "dense"),
    ],
)
def test_kernels_stay_inside_their_tensors(name, tmp_path):
    """Input, output and scratch on the heap, each of its exact size, under the sanitizers."""
    data = cases.CASES[name]()
    model = read(name)
    program = compile(model, M7)
    x = cases.inputs_for(model.input.shape, 0)[2]
    sources = render_c_folder(
        program, {"tensor0": x}, {program.graph.output.name: Tflm(data).invoke(x)}
    )
    sizes = (model.input.bytes, model.output.bytes, program.calls[0].scratch)
    text, count = CALL.subn(
        lambda call: (
            f"""
{{
    int8_t *i = malloc({sizes[0]}), *o = malloc({sizes[1]}), *scratch = malloc({sizes[2]});
    memcpy(i, at1, {sizes[0]});
    {call[1]}(i, {call[2]}, o, scratch);
    memcpy(at0, o, {sizes[1]});
    free(i), free(o), free(scratch);
}}"""
        ),
        sources["model.c"],
    )
    assert count == 1
    sources["model.c"] = "#include <stdlib.h>\n#include <string.h>\n" + text
    write_sources(sources, tmp_path)
    self_test(tmp_path)


@pytest.mark.parametrize("pixels", range(1, 50))
def test_a_row_finds_all_the_functions_it_takes(pixels: int) -> None:
    """By fours, then two, then one, as tinyssl_product_row does; functions left out are NULL."""
    suffix = dsp.row_form("", pixels)
    have = {"": {1, 2, 4}, "_fours": {4}, "_fours_two": {4, 2}, "_fours_one": {4, 1}}[suffix]
    taken = {count for count, some in ((4, pixels >= 4), (2, pixels & 2), (1, pixels & 1)) if some}
    assert taken <= have
    assert have == taken or pixels < 4, "more than the row needs is linked"


def self_test(folder: Path) -> None:
    flags = "CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    done = subprocess.run(
        ["make", "-s", "test", flags], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
