"""A board that is plugged in: `pytest -m board --board nucleo_h743`.

`--board host` goes the same way on this computer, to try the test itself.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = [pytest.mark.board, pytest.mark.timeout(600)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path)
    yield workspace
    stop_emulators(workspace)


def test_the_board_gives_the_bytes_of_the_reference_and_its_own_figures(
    request: pytest.FixtureRequest, workspace: Workspace, tiny_tflite: Path
) -> None:
    board, port = request.config.getoption("--board"), request.config.getoption("--port")
    if board is None:
        pytest.skip("needs a board: --board NAME")
    info = build(BuildConfig(board=board, model=tiny_tflite), workspace)
    flash(FlashConfig(board=board), workspace)
    found = bench(BenchConfig(board=board, serial=port), workspace).results
    assert (found["board"], found["build_id"]) == (info.board, info.build_id)
    assert found["agreement"] == 1.0
    assert found["latency"]["min"] > 0
    assert found["device"]["warning"] == ""
    assert 0 < found["memory"]["arena_used"] <= info.sizes["arena"]
