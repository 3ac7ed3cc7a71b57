"""`tinyssl compare`: which runs it takes, and what it prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tinyssl.core.records import RunRecord, Workspace

Invoke = Callable[..., Result]
DATA = {"name": "digits", "fingerprint": "a1" * 32, "train": 1000}


def trained(workspace: Workspace, method: str, accuracy: float) -> RunRecord:
    """A pretrain run and its probe."""
    config = {"method": method, "backbone": "mobilenet_v2_tiny", "stem_stride": 1, "epochs": 3}
    with workspace.start("pretrain", config, seed=0, data=DATA) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(method.encode())
        run.results(seconds=12.0, images_per_second=250.0)
    inputs = {"backbone": run.record.path("backbone")}
    with workspace.start("probe", {}, inputs=inputs, data=DATA) as probe:
        probe.results(accuracy=accuracy)
    return run.record


@pytest.fixture
def runs(tmp_path: Path) -> list[RunRecord]:
    workspace = Workspace(tmp_path)
    pairs = (("supervised", 0.8), ("simclr", 0.6), ("byol", 0.4))
    return [trained(workspace, method, accuracy) for method, accuracy in pairs]


def test_all_runs_of_the_workspace(runs, tmp_path, invoke: Invoke):
    shown = invoke("compare", "-w", str(tmp_path))
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["supervised", "simclr", "byol"]
    assert "-20.00 (75.0 %)" in lines[2]
    found = json.loads(invoke("compare", "-w", str(tmp_path), "--json").stdout)
    assert [row["method"] for row in found["rows"]] == ["supervised", "simclr", "byol"]
    assert found["rows"][1]["figures"]["linear"] == {"mean": 0.6, "std": None, "n": 1}


def test_only_the_runs_that_are_named(runs, tmp_path, invoke: Invoke):
    names = [str(runs[0].folder), runs[2].folder.name]  # a path, and a name in the workspace
    shown = invoke("compare", "-w", str(tmp_path), "--markdown", *names)
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("| method | n | epochs |")
    assert [line.split()[1] for line in lines[2:4]] == ["supervised", "byol"]
    assert "simclr" not in shown.stdout


def test_whole_workspaces_side_by_side(runs, tmp_path, invoke: Invoke):
    trained(Workspace(tmp_path / "other"), "seed", 0.7)
    shown = invoke("compare", str(tmp_path), str(tmp_path / "other"), "--json")
    methods = [row["method"] for row in json.loads(shown.stdout)["rows"]]
    assert methods == ["supervised", "simclr", "byol", "seed"]


def test_what_cannot_be_compared(runs, tmp_path, invoke: Invoke):
    probe = Workspace(tmp_path).latest("probe").folder
    shown = invoke("compare", "-w", str(tmp_path), str(probe))
    assert shown.exit_code == 2
    assert "is a probe run" in shown.stderr
    shown = invoke("compare", "-w", str(tmp_path), "runs/pretrain-none")
    assert shown.exit_code == 2
    shown = invoke("compare", "-w", str(tmp_path / "empty"))
    assert shown.exit_code == 2
    assert "tinyssl pretrain" in shown.stderr


def test_narrow_terminal_gets_columns_below_each_other(runs, tmp_path, invoke: Invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = invoke("compare", "-w", str(tmp_path)).stdout.splitlines()
    assert max(map(len, lines)) <= 60
    heads = [line for line in lines if line.startswith("method ")]
    assert len(heads) > 1
    assert "to supervised" in heads[0]
    assert sum(line.startswith("simclr ") for line in lines) == len(heads)
