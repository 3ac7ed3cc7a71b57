"""How far outputs may lie over inputs: run at the edge, and a byte beyond it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.edges import MAKERS, Edges
from tests.ops.image import TARGETS, require, run_program
from tinyssl.ops.common.overlap import INPUT_CONSUMED
from tinyssl.targets.mve_streaming import max_offset, product_line

NOT_EXACT = {
    "average_all",
    "block_of_a_row",
    "depthwise_of_a_pixel",
    "mean_of_four_channels",
    "stem_larger_than_input",
    "stem_of_a_row",
}
"""Cases whose output may lie anywhere over the input on MVE: there is no edge to go beyond"""
SAME_PLACE = {"mul_gate"}
"""Cases whose output may lie where the input does, and nowhere else over it"""


@pytest.mark.parametrize("name", ["host-mve", "host-dsp"])
def test_outputs_are_right_up_to_the_edge_and_wrong_beyond_it(name: str, tmp_path: Path) -> None:
    """Every permission is kept to the byte, and none could be a byte larger."""
    target = TARGETS[name]
    require(target)
    edges = Edges(target.isa)
    differ = run_program(edges.program(), target, tmp_path)
    assert edges.wrong(differ) == []
    assert edges.unnoticed(differ) == []


def test_every_case_has_a_permission_on_mve() -> None:
    target = TARGETS["host-mve"]
    edges = Edges(target.isa)
    assert set(edges.allowed) == set(MAKERS)
    assert set(MAKERS) - set(edges.exact) == NOT_EXACT | SAME_PLACE


def test_max_offset_is_the_least_room_before_what_is_read_later() -> None:
    assert max_offset([(0, 4), (10, 8), (20, 30)]) == min(10 - 4, 20 - 8)
    assert max_offset([(0, 4), (10, 8), (2, 30)]) == 2 - 8  # read again from the second byte on
    assert max_offset([(0, 100)]) == INPUT_CONSUMED
    assert max_offset([(0, 4), (INPUT_CONSUMED, 8), (6, 9)]) == 6 - 8  # a piece that reads nothing


def test_pixels_come_by_twos_or_four_channels_of_all() -> None:
    """Depth 20 and 5 outputs for each of 3 pixels; then depth 8, where all pixels pass twice."""
    assert list(product_line(20, 5, 3, 20)) == [(0, 9), (0, 10), (40, 14), (40, 15)]
    assert list(product_line(8, 5, 2, 8)) == [(0, 4), (8, 9), (0, 5), (8, 10)]
