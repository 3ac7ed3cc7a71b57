"""Fused blocks: which graphs have them, what they may overlap, and their bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.ops.blocks import BLOCKS, block, stem
from tests.ops.cases import NONE
from tests.ops.fusing import fused_calls, fused_plan
from tests.ops.image import TARGETS, make_program, require, run_program
from tests.ops.random_graphs import family_of, random_graph
from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import compile
from tinyssl.compiler.arena import overlaps, plan_arena
from tinyssl.compiler.describe import describe_calls
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.targets import fused
from tinyssl.targets.boards import Isa

M7 = Isa.CORTEX_M7


def read(name):
    return run_passes(read_model(BLOCKS[name](), name))


@pytest.mark.parametrize(
    ("name", "cache_taps"), [("host-dsp", True), ("host-dsp", False), ("host-mve", False)]
)
def test_blocks_are_byte_equal_to_tflm(name, cache_taps, tmp_path: Path) -> None:
    """All of them under the sanitizers, with outputs over inputs as far as is allowed."""
    target = TARGETS[name]
    require(target)
    graphs = {case.replace(" ", "_"): make() for case, make in BLOCKS.items()}
    program = make_program(graphs, target.isa, planner=partial(fused_plan, cache_taps=cache_taps))
    assert run_program(program, target, tmp_path) == []


@pytest.mark.parametrize("name", ["host-dsp", "host-mve"])
def test_random_stems_are_byte_equal_to_tflm(name, tmp_path: Path) -> None:
    """Stem, depthwise and pointwise of any sizes and ranges in one call."""
    target = TARGETS[name]
    require(target)
    numbers = [number for number in range(600) if family_of(number) == "stem"]
    graphs = {f"stem_{number}": random_graph(number) for number in numbers}
    graphs = {
        number: data
        for number, data in graphs.items()
        if len(fused_calls(run_passes(read_model(data)), target.isa, cache_taps=False)) == 1
    }
    assert len(graphs) > 5
    program = make_program(graphs, target.isa, planner=partial(fused_plan, cache_taps=False))
    assert run_program(program, target, tmp_path) == []


@pytest.mark.parametrize("name", [name for name in BLOCKS if "signed" not in name])
def test_every_block_is_found_whole(name):
    model = read(name)
    (call,) = fused_calls(model, M7, cache_taps=True)
    assert (call.first, call.last) == (0, len(model.ops) - 1)
    assert overlaps(plan_arena(model, [call])) == []


def test_a_depthwise_without_relu_is_not_fused() -> None:
    assert fused.candidates(read("block signed"), fused.fits) == []


def test_a_tensor_that_others_read_is_not_hidden() -> None:
    """The projection's output goes to ADD and is fused with it or stays; it is never both."""
    model = read("block added")
    spans = [
        (found.first, fused.block_ops(model, found))
        for found in fused.candidates(model, fused.fits)
    ]
    assert [(first, len(ops)) for first, ops in spans] == [(0, 3), (0, 4), (1, 2)]
    shared = run_passes(read_model(block(add="left"), "shared"))
    outputs = (shared.ops[0].outputs[0], *shared.outputs)
    shared = replace(shared, outputs=outputs)
    assert all(found.first == 1 for found in fused.candidates(shared, fused.fits))


def test_steps_fuse_where_the_arena_shrinks() -> None:
    model = run_passes(read_model(block(size=(24, 24), channels=(8, 48, 8), add="left")))
    calls = choose_calls(model, M7)
    assert [(call.first, call.last) for call in calls] == [(0, 3)]
    alone = plan_arena(model, choose_calls(model, Isa.HOST))
    assert plan_arena(model, calls).peak < alone.peak / 2
    assert choose_calls(model, M7) == calls


def test_a_stem_is_fused_with_the_first_block() -> None:
    """Its output, 48x48x16, is the largest tensor, and never exists."""
    model = run_passes(read_model(stem(size=(96, 96), channels=(3, 16, 8))))
    calls = choose_calls(model, M7)
    assert [(call.first, call.last) for call in calls] == [(0, 2)]
    assert plan_arena(model, calls).peak < 48 * 48 * 16  # the output over the image
    (row,) = describe_calls(model, calls)
    assert row["name"] == "#0-#2 CONV_2D+DEPTHWISE_CONV_2D+CONV_2D"
    assert row["macs"] == 48 * 48 * 16 * (27 + 9 + 8)
    sources = render_aot(compile(model, M7))
    assert sources["model.c"].count("tinyssl_stem_block_s8_dsp(") == 1


def test_a_stem_that_others_read_is_not_hidden() -> None:
    model = run_passes(read_model(stem()))
    shared = replace(model, outputs=(model.ops[0].outputs[0], *model.outputs))
    assert [found.stem for found in fused.candidates(shared, fused.fits)] == [None]


def test_the_convolution_is_linked_where_a_stem_needs_it() -> None:
    model = read("block")
    sources = render_aot(compile(model, M7, fused_calls(model, M7, cache_taps=True)))
    assert not {"kernels/conv2d_s8_dsp.c", "kernels/stem_block_s8_dsp.c"} & set(sources)


def test_a_fused_step_is_one_row_and_one_call() -> None:
    model = run_passes(read_model(block(size=(24, 24), channels=(8, 48, 8), add="left")))
    calls = choose_calls(model, M7)
    (row,) = describe_calls(model, calls)
    assert row["name"] == "#0-#3 CONV_2D+DEPTHWISE_CONV_2D+CONV_2D+ADD"
    assert row["macs"] == 24 * 24 * 48 * (8 + 9 + 8)
    sources = render_aot(compile(model, M7))
    assert sources["model.c"].count("tinyssl_fused_block_s8_dsp(") == 1
    assert "#define TINYSSL_MODEL_OP_COUNT 1\n" in sources["model.h"]
    assert "#define TINYSSL_MODEL_OP_LAST {3}\n" in sources["model.h"]


def test_activation_none_keeps_the_steps_single() -> None:
    model = run_passes(read_model(block(activation=NONE)))
    assert len(choose_calls(model, M7)) == 3
