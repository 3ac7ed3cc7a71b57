"""Records say where things are in the workspace, not where the workspace was."""

import os
from pathlib import Path

import pytest

from tinyssl.core.places import MAX_DEPTH, located, stored


def test_paths_below_the_workspace_move_with_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    value = {"run": f"{old}/runs/probe-1", "list": [f"{old}/a b.npz", 3, None], "root": f"{old}x"}
    kept = stored(value, old)
    assert kept == {"run": "./runs/probe-1", "list": ["./a b.npz", 3, None], "root": f"{old}x"}
    assert located(kept, old) == value
    assert located(kept, new)["run"] == f"{new}/runs/probe-1"


def test_a_workspace_through_a_link_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert stored(f"{tmp_path}/real/runs/x", tmp_path / "link") == "./runs/x"
    assert stored(f"{tmp_path}/link/runs/x", tmp_path / "link") == "./runs/x"
    assert stored(f"{tmp_path}/runs/x", tmp_path / "link" / "..") == "./runs/x"


def test_old_absolute_paths_are_those_of_the_copy(tmp_path: Path) -> None:
    here = tmp_path / "copy"
    (here / "runs" / "probe-1").mkdir(parents=True)
    (here / "build" / "host").mkdir(parents=True)
    for inside in ("runs/probe-1", "build/host"):
        assert located(f"/home/me/runs/{inside}", here) == f"{here}/{inside}"
    for outside in ("/home/me/runs/probe-2", "/data/photos", "runs/probe-1", "/runs\0/x/runs/a"):
        assert located(outside, here) == outside


def test_a_value_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    value: object = os.fspath(tmp_path)
    for _ in range(MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(ValueError, match="levels deep"):
        located(value, tmp_path)
