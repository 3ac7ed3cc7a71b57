"""The case table on emulated cores, all graphs in one image: the real instructions, not their C."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.ops import image
from tests.ops.blocks import BLOCKS
from tests.ops.cases import CASES
from tests.ops.fusing import fused_steps
from tests.ops.image import TARGETS, make_program, require, run_program

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.emulator])
def test_all_cases_are_byte_equal_to_tflm(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    require(target)
    graphs = {case.replace(" ", "_"): make() for case, make in CASES.items()}
    assert run_program(make_program(graphs, target.isa), target, tmp_path) == []


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("name", ["m4", "m7"])
def test_fused_blocks_are_byte_equal_to_tflm(
    name: str, keeps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = TARGETS[name]
    require(target)
    monkeypatch.setattr(image, "choose_steps", partial(fused_steps, keeps=keeps))
    graphs = {case.replace(" ", "_"): make() for case, make in BLOCKS.items()}
    assert run_program(make_program(graphs, target.isa), target, tmp_path) == []
