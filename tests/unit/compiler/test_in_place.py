"""Joins and cuts whose values share storage: nothing is moved, or less of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops.flatfile import NONE, Flatfile
from tests.ops.fusing import fused_calls
from tests.ops.operators.concatenation import blocks
from tests.ops.operators.moves import cut, move
from tests.ops.oracle import check, compare
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.calls import KernelCall
from tinyssl.compiler.in_place import lay_in_place
from tinyssl.compiler.layout import Room, layout_of, rooms_of
from tinyssl.compiler.program import Program, assemble, compile
from tinyssl.compiler.schedule import choose_calls
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.common.overlap import SubValue
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Isa

ROWS, OTHERS = (1, 4, 4, 4), {"fusedActivationFunction": NONE}


def pooled(file: Flatfile, source: int, shape: tuple[int, ...] = ROWS, name: str = "") -> int:
    """A MAX_POOL_2D that keeps the shape."""
    output = file.activation(shape, name=name or None)
    window = {"strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2, "padding": 0}
    file.operator("MAX_POOL_2D", [source], [output], 2, **window)
    return output


def joined(file: Flatfile, parts: list[int], axis: int = 1, name: str = "") -> int:
    """Their CONCATENATION."""
    shape = list(file.tensors[parts[0]].shape)
    shape[axis] = sum(file.tensors[part].shape[axis] for part in parts)
    output = file.activation(shape, name=name or None)
    file.operator("CONCATENATION", parts, [output], 2, axis=axis, **OTHERS)
    return output


def two_branches(axis: int = 1, **given: Any) -> bytes:
    """Two poolings of the input side by side, and one of both; `given` changes the shape."""
    file = Flatfile()
    start = file.activation(given.get("shape", ROWS), name="start")
    shape = tuple(file.tensors[start].shape)
    left, right = pooled(file, start, shape, "left"), pooled(file, start, shape, "right")
    both = joined(file, [left, left] if given.get("twice") else [left, right], axis, "both")
    last = pooled(file, both, tuple(file.tensors[both].shape), "last")
    return file.data(outputs=[last, left] if given.get("kept") else [last])


def program(data: bytes) -> Program:
    return compile(read_model(data))


def in_place(model: Model) -> list[str]:
    """Kinds of operators that move nothing."""
    return [model.ops[call.first].kind for call in choose_calls(model, Isa.HOST) if call.in_place]


def place(found: Program, name: str) -> int:
    """Offset of a value in the arena."""
    names = [value.name for value in found.graph.tensors]
    return found.plan.offset(names.index(name))


def test_parts_of_a_concatenation_are_written_where_the_whole_has_them() -> None:
    found = program(two_branches())
    assert in_place(found.graph) == ["CONCATENATION"]
    assert place(found, "left") == place(found, "both")
    assert place(found, "right") == place(found, "both") + 64
    assert found.arena_bytes == 256  # 64 + 128 with the input, then 128 + 128
    compare(two_branches())


def test_a_part_that_is_an_output_too_stays_in_the_whole() -> None:
    found = program(two_branches(kept=True))
    assert in_place(found.graph) == ["CONCATENATION"]
    compare(two_branches(kept=True))


@pytest.mark.parametrize(
    "data",
    [
        two_branches(axis=3, shape=(1, 4, 4, 3)),
        two_branches(shape=(1, 3, 3, 1), twice=True),
        two_branches(axis=2),
    ],
    ids=["channels that are not aligned", "a part twice", "columns"],
)
def test_what_would_not_lie_in_one_aligned_piece_is_copied(data: bytes) -> None:
    assert in_place(read_model(data)) == []
    compare(data)


def laid(data: bytes, isa: Isa = Isa.HOST) -> list[tuple[str, int]]:
    """Kinds of operators with laid parts, and how many."""
    model = run_passes(read_model(data))
    calls = choose_calls(model, isa)
    return [(model.ops[call.first].kind, len(call.parts)) for call in calls if call.parts]


def test_parts_of_the_channels_are_spaced() -> None:
    found = program(two_branches(axis=3))
    assert in_place(found.graph) == ["CONCATENATION"]
    names = [value.name for value in found.graph.tensors]
    rooms = [found.plan.rooms[names.index(name)] for name in ("both", "left", "right")]
    assert [(room.offset, room.pitch) for room in rooms] == [(0, 0), (0, 8), (4, 8)]
    compare(two_branches(axis=3))


def test_a_part_whose_neighbour_comes_twice_is_laid_alone() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    left, right = pooled(file, start), pooled(file, start)
    data = file.data(outputs=[joined(file, [left, right, left], axis=3)])
    assert laid(data) == [("CONCATENATION", 1)]
    compare(data)


def test_an_output_of_the_model_is_never_spaced() -> None:
    data = two_branches(axis=3, kept=True)
    assert laid(data) == [("CONCATENATION", 1)]
    compare(data)


def test_an_input_of_the_model_is_never_spaced() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    data = file.data(outputs=[joined(file, [start, pooled(file, start)], axis=3)])
    assert laid(data) == [("CONCATENATION", 1)]
    compare(data)


def test_nested_concatenations_of_channels_have_the_pitch_of_the_outer_one() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    parts = [pooled(file, start, name=f"part{number}") for number in range(3)]
    inner = joined(file, parts[:2], axis=3, name="inner")
    outer = joined(file, [parts[2], inner], axis=3, name="outer")
    data = file.data(outputs=[outer])
    found = program(data)
    names = [value.name for value in found.graph.tensors]
    rooms = [found.plan.rooms[names.index(name)] for name in ("inner", "part0", "part1")]
    assert [(room.offset, room.pitch) for room in rooms] == [(4, 12), (4, 12), (8, 12)]
    compare(data)


def test_rows_inside_a_spaced_value_are_spaced_too() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    parts = [pooled(file, start, name=f"part{number}") for number in range(2)]
    tall = joined(file, parts, axis=1, name="tall")
    beside = pooled(file, pooled(file, tall, (1, 8, 4, 4)), (1, 8, 4, 4))
    data = file.data(outputs=[joined(file, [tall, beside], axis=3)])
    found = program(data)
    names = [value.name for value in found.graph.tensors]
    room = found.plan.rooms[names.index("part1")]
    assert (room.offset, room.pitch) == (16 * 8, 8)
    compare(data)


def test_views_with_other_pixels_are_not_spaced() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    left, right = pooled(file, start), pooled(file, start)
    view = file.activation((1, 2, 4, 8))
    file.operator("RESHAPE", [left, file.constant(np.array((1, 2, 4, 8), np.int32))], [view], 1)
    both = joined(file, [left, right], axis=3)
    data = file.data(outputs=[both, pooled(file, view, (1, 2, 4, 8))])
    assert laid(data) == [("CONCATENATION", 1)]
    compare(data)


def test_a_slice_of_the_channels_is_read_where_it_lies() -> None:
    file = Flatfile()
    whole = pooled(file, file.activation((1, 4, 4, 12)), (1, 4, 4, 12))
    part = file.activation(ROWS, name="part")
    box = [file.constant(np.array(numbers, np.int32)) for numbers in ((0, 0, 0, 4), ROWS)]
    file.operator("SLICE", [whole, *box], [part], 2)
    data = file.data(outputs=[pooled(file, part)])
    found = program(data)
    names = [value.name for value in found.graph.tensors]
    room = found.plan.rooms[names.index("part")]
    assert (room.offset, room.pitch) == (4, 12)
    compare(data)


@pytest.mark.parametrize("isa", [Isa.CORTEX_M7, Isa.CORTEX_M55])
def test_fused_blocks_write_their_part_of_each_pixel(isa: Isa) -> None:
    data = blocks()
    model = run_passes(read_model(data))
    calls = lay_in_place(model, fused_calls(model, isa, cache_taps=False))
    assert [call.block is not None for call in calls] == [False, True, True, False]
    assert len(calls[-1].parts) == 2
    with HostModel(assemble(model, plan_arena(model, calls), isa)) as ours:
        check(ours, data)


def test_parts_of_a_split_of_channels_are_read_in_the_whole() -> None:
    file = Flatfile()
    start = file.activation((1, 4, 4, 8), name="start")
    whole = pooled(file, start, (1, 4, 4, 8))
    parts = [file.activation(ROWS, name=f"part{number}") for number in range(2)]
    axis = file.constant(np.array(3, np.int32))
    file.operator("SPLIT", [axis, whole], parts, 2, numSplits=2)
    data = file.data(outputs=[pooled(file, part) for part in parts])
    assert laid(data) == [("SPLIT", 2)]
    compare(data)


def test_nested_concatenations_are_one_piece_of_storage() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    parts = [pooled(file, start, name=f"part{number}") for number in range(3)]
    inner = joined(file, parts[:2], name="inner")
    outer = joined(file, [inner, parts[2]], name="outer")
    found = program(file.data(outputs=[outer]))
    assert in_place(found.graph) == ["CONCATENATION", "CONCATENATION"]
    places = [place(found, name) for name in ("outer", "inner", "part0", "part1", "part2")]
    assert [at - places[0] for at in places] == [0, 0, 0, 64, 128]
    compare(file.data(outputs=[outer]))


def test_a_value_lies_in_one_whole_alone() -> None:
    file = Flatfile()
    start = file.activation(ROWS)
    one, two, three = (pooled(file, start) for _ in range(3))
    left, right = joined(file, [one, two]), joined(file, [two, three])
    data = file.data(outputs=[left, right])
    assert len(in_place(read_model(data))) == 1
    compare(data)


def test_a_reshaped_part_is_the_value_that_it_is_a_view_of() -> None:
    file = Flatfile()
    start = file.activation((1, 2, 8, 4))
    left = pooled(file, start, (1, 2, 8, 4), "left")
    right = pooled(file, start, (1, 2, 8, 4), "right")
    views = [file.activation(ROWS) for _ in range(2)]
    for source, view in zip((left, right), views, strict=True):
        file.operator("RESHAPE", [source, file.constant(np.array(ROWS, np.int32))], [view], 1)
    whole = joined(file, views, name="whole")
    found = program(file.data(outputs=[whole]))
    assert in_place(found.graph) == ["CONCATENATION"]
    assert place(found, "right") == place(found, "whole") + 64
    compare(file.data(outputs=[whole]))


def test_parts_of_a_split_are_read_where_the_whole_has_them() -> None:
    file = Flatfile()
    start = file.activation((1, 4, 4, 4), name="start")
    parts = [file.activation((1, 2, 4, 4), name=f"part{number}") for number in range(2)]
    axis = file.constant(np.array(1, np.int32))
    file.operator("SPLIT", [axis, start], parts, 2, numSplits=2)
    ends = [pooled(file, part, (1, 2, 4, 4)) for part in parts]
    data = file.data(outputs=ends)
    found = program(data)
    assert in_place(found.graph) == ["SPLIT"]
    assert place(found, "part1") == place(found, "start") + 32
    compare(data)


@pytest.mark.parametrize(
    ("data", "free"),
    [
        (cut((1, 6, 4, 4), (0, 2, 0, 0), (1, 3, 4, 4)), True),
        (cut((1, 6, 2, 3), (0, 1, 0, 0), (1, 3, 2, 3)), False),
        (cut((1, 6, 2, 3), (0, 1, 0, 0), (1, 3, 2, 3), "int16"), True),
        (cut((1, 6, 4, 4), (0, 2, 1, 0), (1, 3, 2, 4)), False),
        (move("TRANSPOSE", (1, 4, 1, 4), (4, 1, 1, 4), [[1, 0, 2, 3]]), True),
    ],
    ids=["rows", "not aligned", "words of int16", "columns", "axes of one"],
)
def test_a_slice_in_one_aligned_piece_costs_nothing(data: bytes, free: bool) -> None:
    assert len(in_place(read_model(data))) == free
    compare(data)


def test_what_would_take_more_memory_is_copied() -> None:
    """The first part is small and early, the whole large: it would be reserved all the time."""
    file = Flatfile()
    start = file.activation((1, 1, 4, 4))
    early = pooled(file, start, (1, 1, 4, 4))
    wide = file.activation((1, 64, 4, 4))
    shape = file.constant(np.array([1, 64, 4, 4], np.int32))
    file.operator("BROADCAST_TO", [start, shape], [wide], 2)
    small = file.activation((1, 1, 1, 4))
    axes = file.constant(np.array([1, 2], np.int32))
    file.operator("MEAN", [wide, axes], [small], 2, keepDims=True)
    late = file.activation((1, 31, 4, 4))
    sizes = file.constant(np.array([1, 31, 4, 4], np.int32))
    file.operator("BROADCAST_TO", [small, sizes], [late], 2)
    data = file.data(outputs=[joined(file, [early, late])])
    assert "CONCATENATION" not in in_place(read_model(data))
    compare(data)


def test_calls_that_cannot_be_in_place_are_refused() -> None:
    model = read_model(two_branches(axis=2))
    (whole,) = model.ops[2].outputs
    parts = tuple(SubValue(part, whole, 2) for part in model.ops[2].inputs)
    calls = [KernelCall(at, at, parts=parts if at == 2 else ()) for at in range(4)]
    with pytest.raises(ValueError, match="CONCATENATION cannot be in place"):
        layout_of(model, calls)


def test_without_calls_every_value_has_its_own_room() -> None:
    model = read_model(two_branches())
    assert all(room == Room(index) for index, room in rooms_of(model).items())
