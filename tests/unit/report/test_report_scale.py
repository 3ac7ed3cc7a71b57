"""Work on a workspace of many runs grows as their number does, and each record is read once."""

import hashlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tinyssl.core.config import ReportConfig
from tinyssl.core.records import RECORD, RunRecord, Workspace, read_record
from tinyssl.report.compare import ComparedRow, rows
from tinyssl.stages.report import report

DATA = {"name": "digits", "fingerprint": "f" * 64, "train": 1293, "val": 144, "test": 360}
METHODS = ("simclr", "byol", "seed", "supervised")
STAGES = ("pretrain", "probe", "convert", "bench")


def lay_down(workspace: Workspace, count: int) -> None:
    """Chains of four runs, each setting twice: `count` runs in all."""
    before = workspace.root
    for number in range(count):
        kind, chain = STAGES[number % 4], number // 4
        clock = f"{number // 3600:02}{number // 60 % 60:02}{number % 60:02}"
        folder = workspace.runs / f"{kind}-20260102-{clock}-{number:04x}"
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"%d" % number)
        config = {"method": METHODS[chain % 4], "epochs": 20, "lr": chain // 8 / 1000}
        inputs = {"file": {"path": str(before / "file"), "sha256": ""}}
        if number % 4:
            sha256 = hashlib.sha256(b"%d" % (number - 1)).hexdigest()
            inputs = {"file": {"path": str(before / "file"), "sha256": sha256}}
        content = {
            "schema": 1,
            "kind": kind,
            "status": "complete",
            "started": f"2026-01-02T{clock[:2]}:{clock[2:4]}:{clock[4:]}+00:00",
            "config": config if kind == "pretrain" else {"board": "host"},
            "inputs": inputs if number % 4 else {},
            "data": DATA,
            "seed": chain // 4 % 2,
            "results": {"accuracy": 0.5, "accuracy_device": 0.5, "equal": 1, "images": 1},
        }
        (folder / RECORD).write_text(json.dumps(content))
        before = folder


def calls(work: Callable[[], object]) -> int:
    """Python functions that `work` calls."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def compare(workspace: Workspace, found: list[ComparedRow]) -> None:
    found += rows(workspace.all())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders whose records were read."""
    found: list[Path] = []

    def counted(folder: Path) -> RunRecord:
        found.append(folder)
        return read_record(folder)

    monkeypatch.setattr("tinyssl.core.records.read_record", counted)
    return found


def test_compare_reads_each_record_once_and_its_work_grows_with_the_runs(
    tmp_path: Path, reads: list[Path]
) -> None:
    effort = []
    for count in (400, 1600):
        workspace = Workspace(tmp_path / str(count))
        lay_down(workspace, count)
        reads.clear()
        found: list[ComparedRow] = []
        effort.append(calls(partial(compare, workspace, found)))
        assert len(reads) == count
        assert sum(len(row.runs) for row in found) == count // 4
        assert all("board" in row.figures for row in found)
    assert effort[1] < 5 * effort[0]  # four times the runs
    assert effort[1] < 1600 * 600


def test_a_report_reads_few_of_many_benches(tmp_path: Path, reads: list[Path]) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, 400)
    reads.clear()
    report(ReportConfig(), workspace)
    benches = {folder for folder in reads if folder.name.startswith("bench-")}
    assert len(reads) == len(set(reads))
    assert len(benches) <= 100
    reads.clear()
    assert Workspace(tmp_path).latest("pretrain").folder.name.endswith("018c")
    assert len(reads) == 1


def test_a_cell_of_a_table_reads_each_record_once(tmp_path: Path, reads: list[Path]) -> None:
    workspace = Workspace(tmp_path)
    lay_down(workspace, 400)
    reads.clear()
    for _ in range(5):
        workspace.all("pretrain")
        workspace.all("probe")
    assert len(reads) == 200
