"""`tinyssl tune` on an emulated board: what it measures, and that `build` takes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ops.blocks import block
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import Workspace
from tinyssl.stages.build import build
from tinyssl.stages.tune import tune

pytestmark = [pytest.mark.emulator, pytest.mark.nightly]


def test_the_fastest_image_that_fits_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "pair.tflite"
    path.write_bytes(block(size=(16, 16), channels=(0, 16, 24), expand=False))
    config = BuildConfig(model=path, check=False)
    found = tune(config, Workspace(tmp_path))
    totals = [candidate.total for candidate in found.candidates]
    assert len(totals) >= 3
    assert found.chosen.total == min(totals)
    for candidate in found.candidates:
        assert candidate.unit == "instructions"
        assert sum(candidate.costs) == pytest.approx(candidate.total, rel=0.05)
    info = build(replace(config, compile=False), Workspace(tmp_path))
    assert info.tuning["total"] == found.chosen.total
    assert len(info.ops) == len(found.chosen.calls)
    assert info.arena["peak"] == found.chosen.arena
