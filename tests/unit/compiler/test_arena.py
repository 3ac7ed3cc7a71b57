"""The planner: sound on random graphs, optimal on the reference models, deterministic."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops import cases
from tinyssl.compiler.arena import OFFSET_MAX, Plan, overlaps, plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.layout import ALIGNMENT, rooms_of
from tinyssl.compiler.lifetimes import lifetimes
from tinyssl.compiler.picture import picture
from tinyssl.compiler.search import place, usual_orders
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Model, Op, Value
from tinyssl.graph.passes import run_passes
from tinyssl.ops.add import Add
from tinyssl.ops.common.overlap import Overlap
from tinyssl.ops.max_pool_2d import MaxPool2D
from tinyssl.ops.reshape import Reshape

SHARED = Path(__file__).parents[3].parent / "shared" / "models"


@st.composite
def graphs(draw: st.DrawFn) -> Model:
    """Random graphs; each operator reads one or two earlier tensors. Shapes need not make sense."""
    count = draw(st.integers(1, 12))
    sizes = draw(st.lists(st.integers(1, 500), min_size=count + 1, max_size=count + 1))
    tensors = [Value(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes)]
    ops: list[Op] = []
    for index in range(count):
        first = draw(st.integers(0, index))
        second = draw(st.integers(0, index))
        if first == second and draw(st.booleans()):
            tensors[index + 1] = replace(tensors[index + 1], shape=tensors[first].shape)
            ops.append(Reshape(index=index, input=first, output=index + 1))
        else:
            ops.append(Add(index=index, left=first, right=second, output=index + 1))
    return Model("random", tuple(tensors), tuple(ops), (0,), (count,))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_plans_are_sound(model):
    plan = plan_arena(model)
    assert overlaps(plan) == []
    assert plan.peak >= plan.lower_bound
    assert all(place.offset % ALIGNMENT == 0 for place in plan.placements)
    assert plan.peak == max(place.end for place in plan.placements)
    assert plan == plan_arena(model)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_running_the_plan_never_overwrites_a_value_that_is_still_read(model):
    """An arena of labels: every operator must find its inputs as they were written."""
    plan = plan_arena(model)
    owner = {index: room.owner for index, room in rooms_of(model).items()}
    arena: list[int | None] = [None] * plan.peak

    def write(index: int) -> None:
        start = plan.offset(index)
        size = model.tensor(index).bytes
        arena[start : start + size] = [owner[index]] * size

    def check(index: int) -> None:
        start = plan.offset(index)
        size = model.tensor(index).bytes
        assert set(arena[start : start + size]) == {owner[index]}

    write(0)
    for op in model.ops:
        for index in op.inputs:
            check(index)
        write(op.output)
        for index in op.inputs:  # the output did not land on an input either
            check(index)
    check(model.outputs[0])


@pytest.mark.parametrize(
    ("name", "bytes_"),
    [("vww_96_int8", 55_296), ("pretrainedResnet_quant", 49_152), ("kws_ref_model", 16_000)],
)
def test_reference_models_reach_their_lower_bound(name, bytes_):
    path = SHARED / f"{name}.tflite"
    if not path.exists():
        pytest.skip("needs ../shared/models")
    plan = plan_arena(run_passes(read_model(path.read_bytes())))
    assert plan.peak == plan.lower_bound == bytes_


def test_search_beats_the_usual_orders_where_they_fail() -> None:
    """A chain of 144, 192, 192, 96, 144 bytes: all usual orders need 432 or more."""
    sizes = (144, 192, 192, 96, 144)
    tensors = tuple(Value(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes))
    ops = tuple(Add(index=i, left=i, right=i, output=i + 1) for i in range(4))
    model = Model("chain", tensors, ops, (0,), (4,))
    lives = lifetimes(model)
    assert min(place(lives, order)[1] for order in usual_orders(lives)) == 432
    assert plan_arena(model).peak == plan_arena(model).lower_bound == 384


def test_reshape_shares_storage() -> None:
    model = read_model(cases.reshaped_pool())
    plan = plan_arena(model)
    pooled, flat = model.ops[1].inputs[0], model.ops[1].outputs[0]
    assert plan.offset(pooled) == plan.offset(flat)
    assert len(plan.placements) == 3
    pool = next(place for place in plan.placements if place.tensor == pooled)
    assert (pool.first, pool.last) == (0, 2), "alive until the reader of the reshaped tensor"


def test_input_and_output_live_to_the_ends() -> None:
    model = read_model(cases.reshaped_pool())
    lives = {life.tensor: life for life in lifetimes(model)}
    assert lives[model.inputs[0]].first == -1
    assert lives[model.outputs[0]].last == len(model.ops)


def test_storage_of_the_input_is_used_again_after_its_last_read() -> None:
    model = read_model(cases.reshaped_pool())
    plan = plan_arena(model)
    assert plan.offset(model.outputs[0]) < plan.offset(model.inputs[0]) + model.input.bytes


def test_overlaps_finds_a_planted_collision() -> None:
    plan = plan_arena(read_model(cases.add()))
    moved = tuple(replace(place, offset=0) for place in plan.placements)
    assert overlaps(replace(plan, placements=moved))


def test_constants_have_no_offset() -> None:
    model = read_model(cases.conv())
    with pytest.raises(KeyError):
        plan_arena(model).offset(1)


def test_one_operator_that_reads_its_tensor_twice() -> None:
    tensors = tuple(Value(name, (1, 8), DType.INT8) for name in "ab")
    model = Model("twice", tensors, (Add(index=0, left=0, right=0, output=1),), (0,), (1,))
    assert plan_arena(model).peak == 32


def test_tensor_that_nobody_reads_still_has_its_place() -> None:
    tensors = tuple(Value(name, (1, 1, 1, 8), DType.INT8) for name in "abc")
    ops = (
        MaxPool2D(index=0, input=0, output=1),
        MaxPool2D(index=1, input=0, output=2),
    )
    plan = plan_arena(Model("unread", tensors, ops, (0,), (2,)))
    assert overlaps(plan) == []
    assert plan.offset(1) != plan.offset(0)


def test_json_holds_what_reports_draw() -> None:
    plan = plan_arena(read_model(cases.add()))
    content = plan.as_json()
    assert content["peak"] == plan.peak
    assert {"name", "offset", "size", "first", "last"} == set(content["tensors"][0])
    assert [tensor["first"] for tensor in content["tensors"]] == [-1, 0, 1, 2]


def test_picture_shows_every_operator_and_tensor() -> None:
    plan: Plan = plan_arena(read_model(cases.add(side=4)))
    lines = picture(plan).splitlines()
    assert lines[0] == "arena 64 bytes, lower bound 64; a column is 1 bytes"
    assert lines[1] == f"   in {'a' * 32}{'.' * 32}"
    assert lines[2] == f"    0 {'a' * 32}{'b' * 16}{'.' * 16}"
    assert lines[5].startswith("  out ")
    assert "d        0 +       16  tensor5" in lines[-1]


@st.composite
def streams(draw: st.DrawFn) -> tuple[Model, tuple[KernelCall, ...]]:
    """Chains whose operators may write over their inputs by a drawn offset, with scratch memory."""
    sizes = draw(st.lists(st.integers(1, 400), min_size=2, max_size=9))
    tensors = tuple(Value(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes))
    ops = tuple(MaxPool2D(index=i, input=i, output=i + 1) for i in range(len(sizes) - 1))
    steps = tuple(
        KernelCall(
            position,
            position,
            draw(st.sampled_from([0, 5, 70])),
            (Overlap(position, draw(st.integers(-80, 200)), draw(st.booleans())),)
            if draw(st.booleans())
            else (),
        )
        for position in range(len(ops))
    )
    return Model("stream", tensors, ops, (0,), (len(ops),)), steps


@settings(max_examples=100, deadline=None)
@given(streams())
def test_outputs_lie_over_inputs_only_as_far_as_allowed(stream):
    model, steps = stream
    plan = plan_arena(model, steps)
    assert overlaps(plan) == []
    assert (
        plan.lower_bound
        <= plan.peak
        <= plan_arena(model).peak + sum(-(-step.scratch // ALIGNMENT) * ALIGNMENT for step in steps)
    )
    for step, op in zip(steps, model.ops, strict=True):
        source, target = plan.offset(op.inputs[0]), plan.offset(op.output)
        ends = source + model.tensor(op.inputs[0]).bytes, target + model.tensor(op.output).bytes
        if target < ends[0] and source < ends[1]:
            (permission,) = step.overlaps
            difference = target - source
            assert difference == 0 if permission.exact else difference <= permission.max_offset


def test_an_input_that_is_read_later_is_not_written_over() -> None:
    tensors = tuple(Value(name, (1, 64), DType.INT8) for name in "abc")
    ops = (MaxPool2D(index=0, input=0, output=1), Add(index=1, left=0, right=1, output=2))
    steps = (
        KernelCall(0, 0, overlaps=(Overlap(0, 64),)),
        KernelCall(1, 1, overlaps=(Overlap(0), Overlap(1))),
    )
    plan = plan_arena(Model("kept", tensors, ops, (0,), (2,)), steps)
    assert plan.offset(0) != plan.offset(1)
    assert plan.peak == plan.lower_bound == 128


def test_tensors_inside_a_step_have_no_storage() -> None:
    tensors = tuple(
        Value(name, (1, size), DType.INT8) for name, size in zip("abc", (16, 4000, 16), strict=True)
    )
    ops = (MaxPool2D(index=0, input=0, output=1), MaxPool2D(index=1, input=1, output=2))
    model = Model("fused", tensors, ops, (0,), (2,))
    plan = plan_arena(model, [KernelCall(0, 1, overlaps=(Overlap(0),))])
    assert plan.peak == 16
    with pytest.raises(KeyError):
        plan.offset(1)
    with pytest.raises(ValueError, match="cover operators"):
        plan_arena(model, [KernelCall(0, 0)])
    with pytest.raises(ValueError, match="others read it"):
        plan_arena(replace(model, outputs=(1, 2)), [KernelCall(0, 1)])


def test_400_long_lived_tensors_are_planned_in_two_seconds() -> None:
    """All outputs of one tensor, added up in the end: every order must look at every pair."""
    source = random.Random(1)
    count = 400
    sizes = [64, *(source.randint(1, 5000) for _ in range(2 * count - 1))]
    tensors = tuple(Value(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes))
    pools: list[Op] = [MaxPool2D(index=i, input=0, output=i + 1) for i in range(count)]
    sums: list[Op] = [
        Add(index=i, left=1 if i == count else i, right=i - count + 2, output=i + 1)
        for i in range(count, 2 * count - 1)
    ]
    model = Model("wide", tensors, (*pools, *sums), (0,), (2 * count - 1,))
    started = time.perf_counter()
    plan = plan_arena(model)
    assert time.perf_counter() - started < 2
    assert plan.peak < 1.01 * plan.lower_bound


def test_a_large_graph_is_planned_in_seconds() -> None:
    source = random.Random(2)
    count = 2000
    sizes = [source.randint(1, 5000) for _ in range(count + 1)]
    tensors = tuple(Value(f"t{i}", (1, size), DType.INT8) for i, size in enumerate(sizes))
    ops = tuple(
        Add(index=i, left=i, right=source.randint(0, i), output=i + 1) for i in range(count)
    )
    started = time.perf_counter()
    plan_arena(Model("large", tensors, ops, (0,), (count,)))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("scratch", "message"),
    [
        (OFFSET_MAX + 1, "scratch of #0 ADD takes 2147483648 bytes"),
        (OFFSET_MAX - 100, "the arena takes 21474"),
    ],
)
def test_what_int32_offsets_do_not_reach_is_refused(scratch, message):
    values = tuple(Value(f"t{i}", (1, 500), DType.INT8) for i in range(3))
    model = Model("large", values, (Add(index=0, left=0, right=1, output=2),), (0, 1), (2,))
    with pytest.raises(UnsupportedModel, match=message):
        plan_arena(model, [KernelCall(0, 0, scratch=scratch)])
