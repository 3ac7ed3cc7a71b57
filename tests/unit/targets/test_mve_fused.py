"""Blocks on the Cortex-M55: where they are chosen, what they cost, and what RAM they leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ops.blocks import BLOCKS, block
from tests.ops.cases import NONE
from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import compile
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.add import Add
from tinyssl.ops.common.params import Constants
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets import fused, mve, mve_fused
from tinyssl.targets.boards import Isa
from tinyssl.targets.cost_mve import block_cost, op_cost
from tools.bench_engines.models import shipped

ROOT = Path(__file__).parents[3]
M55 = Isa.CORTEX_M55


def read(data, name="model"):
    return run_passes(read_model(data, name))


def found(model):
    return fused.candidates(model, mve_fused.fits)


@pytest.mark.parametrize("name", [name for name in BLOCKS if "odd" not in name])
def test_every_block_is_found_whole_where_channels_come_in_fours(name):
    model = read(BLOCKS[name](), name)
    channels = model.tensor(next(o for o in model.ops if isinstance(o, DepthwiseConv2D)).input)
    whole = [one for one in found(model) if len(fused.block_ops(model, one)) == len(model.ops)]
    assert len(whole) == (channels.shape[-1] % 4 == 0)


def test_a_block_needs_no_relu() -> None:
    assert found(read(block(activation=NONE)))


def test_steps_fuse_where_the_arena_shrinks_and_nowhere_else() -> None:
    large = read(block(size=(24, 24), channels=(8, 48, 8), add="left"))
    calls = choose_calls(large, M55)
    assert [(call.first, call.last) for call in calls] == [(0, 3)]
    rows = 3 * 24 * 48 + 48 + 24 * 48 + 24 * 8
    assert calls[0].scratch == rows
    plan = plan_arena(large, calls)
    assert plan.peak == plan.lower_bound == 24 * 24 * 8 + rows  # the output in the input's place
    sources = render_aot(compile(large, M55))
    assert "tinyssl_fused_block_s8_mve(" in sources["model.c"]
    assert {"kernels/add_s8_mve.c", "kernels/product_s8_mve.c"} <= set(sources)


def test_operands_of_an_addition_are_the_blocks_input_and_the_projection() -> None:
    left, right = (read(block(add=side)) for side in ("left", "right"))
    fields = [
        mve_fused.fields(model, next(one for one in found(model) if one.add), Constants(model))
        for model in (left, right)
    ]
    names = [f"add.{side}_{what}" for side in ("left", "right") for what in ("zero", "shift")]
    assert [fields[0][name] for name in names] == [fields[1][name] for name in names]
    assert fields[0]["add.left_zero"] == left.quant(left.inputs[0]).zero_point[0]
    assert fields[0]["add.size"] == 6 * 4


@pytest.mark.parametrize(
    ("name", "limit"),
    [("vww_96_int8", 50_710), ("pretrainedResnet_quant", 41_781), ("kws_ref_model", 14_119)],
)
def test_arenas_of_the_reference_models(name, limit):
    """Shares of what TFLM needs on the same core: 0.50, 0.75 and 0.60."""
    path = ROOT.parent / "shared" / "models" / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"needs ../shared/models/{name}.tflite")
    model = read(path.read_bytes(), name)
    assert plan_arena(model, choose_calls(model, M55)).peak < limit


def test_costs_are_those_measured() -> None:
    """The model that is shipped, call by call, against docs/engines.json."""
    content = json.loads((ROOT / "docs" / "engines.json").read_text())
    (row,) = [
        row
        for row in content["rows"]
        if (row["model"], row["board"], row["engine"]) == ("zoo 32x32", "mps3_an547", "aot")
    ]
    model = read(shipped().data)
    blocks = {(one.first, len(fused.block_ops(model, one))): one for one in found(model)}
    calls = choose_calls(model, M55)
    assert len(calls) == len(row["operators"])
    expected, measured = 0.0, 0
    for call, instructions in zip(calls, row["operators"], strict=True):
        op = model.ops[call.first]
        if call.first < call.last:
            cost = block_cost(model, blocks[call.first, len(call.positions)])
        elif isinstance(op, Add | DepthwiseConv2D) or (
            isinstance(op, Conv2D) and mve.pointwise_fits(model, op)
        ):
            cost = op_cost(model, op)
        else:
            continue
        expected, measured = expected + cost, measured + instructions
    assert expected == pytest.approx(measured, rel=0.05)
