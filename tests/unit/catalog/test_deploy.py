"""The best model onto a board; where its gate fails, what ran there before is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyssl.catalog.match import Match
from tinyssl.core.config import BuildConfig, CatalogConfig, FlashConfig
from tinyssl.core.errors import AccuracyTooLow, GateFailed, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.core.settings import ConfigFile, Setting
from tinyssl.device import emulator
from tinyssl.device.flashed import Flashed
from tinyssl.stages import deploy as deploying
from tinyssl.stages.build import build
from tinyssl.stages.call import Call
from tinyssl.stages.deploy import BEFORE, choose, deploy
from tinyssl.stages.flash import flash

ZOO = "mobilenet_v2_035_32px"


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Call]:
    workspace = Workspace(tmp_path)
    unchecked = {"build": {"check": Setting(False, "test")}}
    quick = {"bench": {"images": Setting(4, "test")}}
    yield Call(workspace, Silent(), ConfigFile(tmp_path / "tinyssl.toml"), flags=unchecked | quick)
    emulator.stop(workspace.builds / "host")


@pytest.mark.nightly
def test_a_model_is_deployed_and_measured(call: Call) -> None:
    (done,) = deploy(call, CatalogConfig(task="classification"), "host")
    assert done.match.model_name == ZOO
    assert done.record.results["agreement"] == 1.0
    assert done.record.results["board"] == "host"


def test_what_ran_before_is_put_back(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = call.workspace
    earlier = build(BuildConfig(board="host", check=False, optimise="Os"), workspace)
    flash(FlashConfig(board="host"), workspace)

    def strict(record: object, config: object, match: object) -> None:
        raise AccuracyTooLow("right in 35 %, 99 % were asked for")

    monkeypatch.setattr(deploying, "_check", strict)
    with pytest.raises(AccuracyTooLow) as caught:
        deploy(call, CatalogConfig(), "host")
    assert caught.value.message.startswith("host: right in 35 %")
    assert caught.value.message.endswith("the earlier image is back on the board")
    folder = workspace.builds / "host"
    assert BuildInfo.load(folder, workspace.root).build_id == earlier.build_id
    assert Flashed.load(folder).build_id == earlier.build_id
    assert not folder.with_name("host" + BEFORE).exists()


def test_where_none_fits_nothing_is_built(call: Call) -> None:
    with pytest.raises(GateFailed, match=r"no model fits nucleo_f446re: .*flash short by"):
        deploy(call, CatalogConfig(), "host, nucleo_f446re")
    assert not call.workspace.builds.exists()
    with pytest.raises(UsageError, match="no board"):
        deploy(call, CatalogConfig(), "nothing")


def test_the_best_emulated_board_is_the_default(call: Call) -> None:
    (match,) = choose(CatalogConfig(), call.workspace, "")
    assert match.target_name == "mps3_an547"


@pytest.mark.parametrize(
    ("results", "least", "message"),
    [
        ({"agreement": 0.75}, None, "agrees with its reference in 75.00 %"),
        ({"agreement": 1.0, "accuracy_device": 0.5}, 60, "right in 50.00 % on the device"),
        ({"agreement": 1.0}, 60, "has no test samples here"),
        ({"agreement": 1.0, "accuracy_device": 0.7}, 60, ""),
        ({"agreement": 1.0}, None, ""),
    ],
)
def test_the_gate(tmp_path: Path, results: dict[str, float], least: int, message: str) -> None:
    with Workspace(tmp_path).start("bench", {}) as run:
        run.results(**results)
    match, config = Match("m", "t", "model", "board"), CatalogConfig(min_accuracy=least)
    if not message:
        deploying._check(run.record, config, match)
        return
    with pytest.raises(GateFailed, match=message):
        deploying._check(run.record, config, match)
