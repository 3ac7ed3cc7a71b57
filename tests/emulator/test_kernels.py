"""The case table on emulated cores, all graphs in one image: the real instructions, not their C."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.ops.blocks import BLOCKS
from tests.ops.cases import CASES
from tests.ops.edges import Edges
from tests.ops.ends import ENDS
from tests.ops.fusing import fused_plan
from tests.ops.image import TARGETS, make_program, require, run_program

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.emulator])
def test_all_cases_are_byte_equal_to_tflm(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    require(target)
    graphs = {case.replace(" ", "_"): make() for case, make in (CASES | ENDS).items()}
    # The Cortex-M7 optimises what stands around the kernels' calls too.
    program = make_program(graphs, target.isa, fast=name != "m7")
    assert run_program(program, target, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "cache_taps"),
    [("m4", True), ("m4", False), ("m7", True), ("m7", False), ("m55", False)],
)
def test_fused_blocks_are_byte_equal_to_tflm(name: str, cache_taps: bool, tmp_path: Path) -> None:
    target = TARGETS[name]
    require(target)
    graphs = {case.replace(" ", "_"): make() for case, make in BLOCKS.items()}
    program = make_program(graphs, target.isa, planner=partial(fused_plan, cache_taps=cache_taps))
    assert run_program(program, target, tmp_path) == []


def test_outputs_over_inputs_are_right_up_to_the_edge_on_mve(tmp_path: Path) -> None:
    """The order of the real instructions: their plain C is on the edge in tests/unit/emit."""
    target = TARGETS["m55"]
    require(target)
    edges = Edges(target.isa)
    differ = run_program(edges.program(), target, tmp_path)
    assert edges.wrong(differ) == []
    assert edges.unnoticed(differ) == []
