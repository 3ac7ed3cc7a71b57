"""A short form of the nightly campaign: what a workspace keeps is damaged, and read again."""

from pathlib import Path

import pytest

from tools.mutate_files import campaign, make_workspace, read_all


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    assert campaign(tmp_path / "workspace", 60, seed=7) == []


def test_a_fault_of_a_reader_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(root: Path) -> None:
        raise TypeError("a fault")

    monkeypatch.setattr("tools.mutate_files._report", broken)
    make_workspace(tmp_path / "workspace")
    with pytest.raises(TypeError, match="a fault"):
        read_all(tmp_path / "workspace")
