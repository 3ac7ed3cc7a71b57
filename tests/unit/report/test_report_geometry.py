"""Coordinates of the pictures: what is larger is drawn larger, and nothing leaves its frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyssl.report.axes import LEFT, PLOT, WIDTH, marks_between, steps
from tinyssl.report.charts import MAX_POINTS, columns, training
from tinyssl.report.maps import ArenaBlock, MemoryMap, Part, arena, live_bytes, matrix, memory


@given(st.floats(1e-6, 1e15), st.sampled_from([2, 10]))
def test_steps_cover_the_range_with_few_marks(high: float, base: int) -> None:
    marks = steps(high, 5, base)
    assert marks[0] == 0
    assert marks[-1] >= high * (1 - 1e-8)
    assert marks[-2] < high
    assert 3 <= len(marks) <= 7


def test_columns_are_as_high_as_their_values() -> None:
    drawn = columns(["a", "b", "c"], [100.0, None, 50.0], ["X", "X", "Y"], "cycles")
    first, last = drawn["bars"]
    assert first["height"] == pytest.approx(2 * last["height"])
    assert first["y"] + first["height"] == drawn["bottom"]
    assert (first["series"], last["series"]) == (1, 2)
    assert LEFT < first["x"] < last["x"] < LEFT + PLOT
    assert last["title"] == "c: 50 cycles"


def test_fifth_kind_shares_a_colour() -> None:
    kinds = list("abcdef")
    drawn = columns(kinds, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0], kinds, "")
    assert [bar["series"] for bar in drawn["bars"]] == [1, 2, 3, 4, 5, 5]
    assert [entry["label"] for entry in drawn["legend"]] == ["a", "b", "c", "d", "other"]


def test_bytes_in_use_count_once_where_tensors_lie_over_each_other() -> None:
    blocks = [
        ArenaBlock("in", 0, 100, 0, 1),
        ArenaBlock("out", 40, 100, 1, 2),
        ArenaBlock("far", 512, 8, 2, 3),
    ]
    assert [live_bytes(blocks, at, at) for at in range(4)] == [100, 140, 108, 8]
    assert live_bytes(blocks, 0, 3) == 148


def test_arena_rectangle_spans_its_lifetime_and_bytes() -> None:
    blocks = [ArenaBlock("in", 0, 1024, 0, 0), ArenaBlock("out", 1024, 3072, 0, 3)]
    drawn = arena(blocks, peak=4096, bound=2048)
    small, large = drawn["rects"]
    assert large["width"] == pytest.approx(4 * small["width"], abs=0.05)
    assert large["height"] == pytest.approx(3 * small["height"], abs=0.05)
    assert large["y"] + large["height"] == pytest.approx(small["y"], abs=0.05)
    peak, bound = drawn["lines"]
    assert peak["y"] == pytest.approx(large["y"])
    assert bound["label"] == "lower bound 2 KiB"
    assert bound["y"] > peak["y"]


def test_bound_that_is_reached_is_not_drawn_twice() -> None:
    drawn = arena([ArenaBlock("in", 0, 1024, 0, 0)], peak=1024, bound=1024)
    assert [line["series"] for line in drawn["lines"]] == ["peak"]


def test_long_training_is_averaged() -> None:
    points = [(float(step), float(step % 2)) for step in range(10 * MAX_POINTS)]
    (panel,) = training([("loss", points)])["panels"]
    drawn = [tuple(map(float, pair.split(","))) for pair in panel["path"].split()]
    assert len(drawn) == MAX_POINTS
    assert len({y for _, y in drawn}) == 1, "groups of zeros and ones have one mean"
    assert drawn[0][0] == pytest.approx(LEFT, abs=2)
    assert drawn[-1][0] <= LEFT + PLOT


def test_single_point_is_a_curve_too() -> None:
    (panel,) = training([("loss", [(1.0, 2.5)])])["panels"]
    assert panel["end"]["label"] == "2.5"


def test_matrix_marks_mistakes() -> None:
    drawn = matrix([[9, 1], [0, 10]], ["cat", "dog"])
    assert [cell["title"] for cell in drawn["cells"]] == [
        "cat: 9 right",
        "cat as dog: 1",
        "dog: 10 right",
    ]
    assert [cell["right"] for cell in drawn["cells"]] == [True, False, True]
    assert drawn["cells"][1]["opacity"] > 0.3, "one mistake in ten must be seen"


def test_two_classes_of_one_name_are_told_apart() -> None:
    drawn = matrix([[1, 2], [3, 4]], ["same", "same"])
    assert [cell["right"] for cell in drawn["cells"]] == [True, False, False, True]


def test_memory_that_is_too_full_shows_its_limit() -> None:
    parts = (Part("arena", 1500), Part("stack", 500))
    fits, over = memory([MemoryMap("a", 4000, parts), MemoryMap("b", 1000, parts)])["rows"]
    assert [part["width"] for part in fits["segments"]] == [WIDTH * 0.375, WIDTH * 0.125]
    assert not fits["over"]
    assert over["over"]
    assert over["limit"] == WIDTH / 2
    assert "free" in fits["amount"]
    assert "free" not in over["amount"]


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [
        (5.53, 5.58, 5.52, 5.58),
        (2.3, 5.2, 0, 6),
        (-0.4, 0.9, -0.5, 1),
        (3, 3, 3, 4),
        (0, 0, 0, 0.5),
    ],
)
def test_marks_are_round_and_enclose(low: float, high: float, first: float, last: float) -> None:
    marks = marks_between(low, high)
    assert [marks[0], marks[-1]] == pytest.approx([first, last])
