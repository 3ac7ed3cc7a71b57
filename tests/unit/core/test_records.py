"""Records survive crashes, keep their order, and say what is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.records import (
    METRICS,
    RECORD,
    BuildInfo,
    RunRecord,
    Workspace,
    hold_run,
    read_record,
    sha256_of,
    write_atomic,
    write_json,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_finished_run_reads_back_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(b"abc")
    config = {"epochs": 2}
    with workspace.start("pretrain", config, seed=3, inputs={"source": source}) as run:
        run.log(step=1, loss=np.float32(0.5))
        run.log(step=2, loss=0.25)
        run.file("backbone", "weights/backbone.bin").write_bytes(b"xyz")
        run.results(loss=np.float64(0.25))
        run.results(seconds=1.5)
    record = read_record(run.folder)
    assert record.status == "complete"
    assert record.config == config
    assert record.seed == 3
    assert record.results == {"loss": 0.25, "seconds": 1.5}
    assert record.inputs["source"]["sha256"] == sha256_of(source)
    assert record.path("backbone").read_bytes() == b"xyz"
    assert [row["loss"] for row in record.metrics()] == [0.5, 0.25]
    assert record.versions["numpy"] == np.__version__
    assert re.fullmatch(r"pretrain-\d{8}-\d{6}-[0-9a-f]{4}", record.folder.name)


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("bad"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_an_error_marks_the_run_and_goes_on(
    workspace: Workspace, error: BaseException, status: str
) -> None:
    run = workspace.start("probe", {})
    run.log(step=1)
    with pytest.raises(type(error)), run:
        raise error
    record = read_record(run.folder)
    assert record.status == status
    assert record.error == str(error)
    assert record.finished
    assert record.metrics() == [{"step": 1}]


def test_a_killed_run_stays_readable_and_is_not_the_latest(
    workspace: Workspace, tmp_path: Path
) -> None:
    code = (
        "import os, pathlib, sys; from tinyssl.core.records import Workspace\n"
        "run = Workspace(pathlib.Path(sys.argv[1])).start('probe', {})\n"
        "run.log(step=1); run.results(accuracy=1.0)\n"
        'os.write(run._metrics.fileno(), b\'{"step": 2, "lo\')\n'
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -9
    (record,) = workspace.all("probe")
    assert record.status == "running"
    assert record.metrics() == [{"step": 1}]  # the line cut short is left out
    with pytest.raises(UsageError, match="no finished `probe` run") as caught:
        workspace.latest("probe")
    assert "tinyssl probe" in caught.value.hint


def test_latest_is_the_last_complete_one(workspace: Workspace) -> None:
    folders = []
    for _ in range(3):
        with workspace.start("convert", {}) as run:
            folders.append(run.folder)
    with pytest.raises(ValueError, match="x"), workspace.start("convert", {}):
        raise ValueError("x")
    assert workspace.latest("convert").folder == folders[-1]
    assert [run.folder for run in workspace.all("convert")][:3] == folders


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kind": "x"}', '{"schema": 2}', '{"schema": 1, "other": 1}']
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(UsageError):
        read_record(tmp_path)


def test_a_file_that_is_gone_names_the_command(workspace: Workspace) -> None:
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(b"x")
    record = read_record(run.folder)
    with pytest.raises(TinysslError, match="holds no float_model"):
        record.path("float_model")
    (run.folder / "model.tflite").unlink()
    with pytest.raises(TinysslError, match="holds no model") as caught:
        record.path("model")
    assert "tinyssl convert" in caught.value.hint


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": Path("/b"), "c": np.int64(3)})
    assert json.loads(path.read_text()) == {"a": "/b", "c": 3}
    with pytest.raises(TypeError, match="object does not go into a record"):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": "/b", "c": 3}
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]  # no temporary file is left


def build_info() -> BuildInfo:
    return BuildInfo(
        board="host",
        engine="aot",
        model_path="m.tflite",
        model_sha256="0" * 64,
        build_id="1" * 16,
        artifacts={"elf": "firmware.elf"},
        sizes={"flash": 1},
        regions={},
    )


def test_build_info_reads_back(tmp_path: Path) -> None:
    build_info().save(tmp_path)
    assert BuildInfo.load(tmp_path) == build_info()


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 1, "board": "x"}'])
def test_half_a_build_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / BuildInfo.FILE).write_text(text)
    with pytest.raises(UsageError, match="no finished build") as caught:
        BuildInfo.load(tmp_path)
    assert "tinyssl build" in caught.value.hint


GOOD = {
    "schema": 1,
    "kind": "bench",
    "status": "complete",
    "started": "2026-01-02T03:04:05+00:00",
    "results": {"accuracy_device": 0.5},
}


def lay_down(workspace: Workspace, name: str, text: str | bytes) -> Path:
    folder = workspace.runs / name
    folder.mkdir(parents=True)
    (folder / RECORD).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"started": None},
        {"started": "x"},
        {"started": ""},
        {"started": "2026-01-02T03:04:05"},
        {"finished": "2026-01-02T03:04:05"},
        {"results": None},
        {"results": []},
        {"inputs": {"model": None}},
        {"inputs": {"model": {"path": 3}}},
        {"files": {"html": 1}},
        {"command": "tinyssl"},
        {"versions": 3},
        {"seed": "many"},
        {"schema": 2},
        {"schema": None},
        {"config": deep(100)},
    ],
    ids=str,
)
def test_a_damaged_record_is_skipped_with_one_note(tmp_path: Path, change: dict[str, Any]) -> None:
    notes: list[str] = []
    workspace = Workspace(tmp_path, note=notes.append)
    sound = lay_down(workspace, "bench-20260102-030405-aaaa", json.dumps(GOOD))
    bad = lay_down(workspace, "bench-20260102-030406-aaaa", json.dumps(GOOD | change))
    for _ in range(2):
        assert [run.folder for run in workspace.all("bench")] == [sound]
        assert workspace.latest("bench").folder == sound
    (note,) = notes
    assert str(bad) in note
    with pytest.raises(UsageError, match=RECORD):
        read_record(bad)


def test_what_is_no_record_at_all_is_skipped(tmp_path: Path) -> None:
    notes: list[str] = []
    workspace = Workspace(tmp_path, note=notes.append)
    lay_down(workspace, "bench-20260102-030401-aaaa", b"\xff")
    lay_down(workspace, "bench-20260102-030402-aaaa", "[" * 100_000)
    lay_down(workspace, "bench-20260102-030403-aaaa", " " * 2**24 + "{}")
    (workspace.runs / "bench-20260102-030404-aaaa" / RECORD).mkdir(parents=True)
    (workspace.runs / "bench-20260102-030405-aaaa").mkdir()  # killed before it had a record
    (workspace.runs / "bench-20260102-030406-aaaa").touch()
    assert workspace.all() == []
    assert len(notes) == 4


def test_newest_reads_no_more_records_than_it_must(tmp_path: Path) -> None:
    notes: list[str] = []
    workspace = Workspace(tmp_path, note=notes.append)
    for day in range(1, 9):
        lay_down(workspace, f"bench-2026010{day}-030405-aaaa", "{")
    found = lay_down(workspace, "bench-20260109-030405-aaaa", json.dumps(GOOD))
    assert workspace.latest("bench").folder == found
    assert notes == []
    assert [run.folder for run in workspace.newest("bench")] == [found]
    assert len(notes) == 8


def test_a_record_is_read_again_only_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    folder = lay_down(workspace, "bench-20260102-030405-aaaa", json.dumps(GOOD))
    read: list[Path] = []

    def counted(place: Path) -> RunRecord:
        read.append(place)
        return read_record(place)

    monkeypatch.setattr("tinyssl.core.records.read_record", counted)
    assert [workspace.all("bench") for _ in range(3)][2][0].status == "complete"
    assert len(read) == 1
    write_json(folder / RECORD, GOOD | {"status": "failed"})
    assert workspace.all("bench")[0].status == "failed"
    assert len(read) == 2


def test_a_copied_workspace_stands_by_itself(tmp_path: Path) -> None:
    first, second = Workspace(tmp_path / "first"), Workspace(tmp_path / "second")
    images = first.root / "images.npz"
    first.root.mkdir()
    images.write_bytes(b"x")
    config = {"run": str(first.root / "runs" / "a-b"), "data": {"data_path": str(images)}}
    with first.start("probe", config, inputs={"images": images}) as run:
        run.results(folder=str(first.builds / "host"))
    text = (run.folder / RECORD).read_text()
    assert str(first.root) not in text
    shutil.copytree(first.root, second.root)
    (record,) = second.all("probe")
    assert record.config["run"] == str(second.root / "runs" / "a-b")
    assert record.config["data"]["data_path"] == str(second.root / "images.npz")
    assert record.inputs["images"]["path"] == str(second.root / "images.npz")
    assert record.results["folder"] == str(second.builds / "host")


def test_a_copied_build_names_the_copy(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    model = first / "runs" / "convert-1" / "m.tflite"
    info = replace(build_info(), model_path=str(model), data_run=str(model.parent))
    (first / "build" / "host").mkdir(parents=True)
    info.save(first / "build" / "host")
    shutil.copytree(first, second)
    assert BuildInfo.load(first / "build" / "host") == info
    moved = BuildInfo.load(second / "build" / "host")
    assert moved.model_path == str(second / "runs" / "convert-1" / "m.tflite")
    assert moved.data_run == str(second / "runs" / "convert-1")


def test_a_run_belongs_to_the_process_that_writes_it(workspace: Workspace) -> None:
    run = workspace.start("pretrain", {})
    with run, pytest.raises(UsageError, match=f"process {os.getpid()} on "):
        hold_run(run.folder)
    hold_run(run.folder).release()
    assert {path.name for path in run.folder.iterdir()} == {RECORD, METRICS}


def test_a_full_disk_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files does what a full disk does."""
    code = (
        "import pathlib, resource, sys; from tinyssl.core.records import Workspace\n"
        "run = Workspace(pathlib.Path(sys.argv[1])).start('probe', {})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "run.log(step=1)\n"
        "for step in range(1000):\n"
        "    try:\n"
        "        run.log(step=step)\n"
        "    except OSError as error:\n"
        "        print(error.filename)\n"
        "        break\n"
        "try:\n"
        "    run.results(text='x' * 5000)\n"
        "except OSError as error:\n"
        "    print(error.filename)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (record,) = Workspace(tmp_path).all("probe")
    assert done.stdout.split() == [str(record.folder / METRICS), str(record.folder / RECORD)]
    assert record.results == {}
    assert record.metrics()[0] == {"step": 1}
    assert not list(record.folder.glob(".*.tmp"))


def test_the_same_run_is_found_until_something_changes(workspace: Workspace) -> None:
    folder = workspace.root / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.png").write_bytes(b"abc")
    inputs = {"pictures": folder}
    with workspace.start("convert", {"count": 1}, inputs=inputs) as run:
        pass
    with pytest.raises(ValueError, match="not this one"), workspace.start("convert", {"count": 2}):
        raise ValueError("not this one")
    assert workspace.same("convert", {"count": 1}, inputs) == read_record(run.folder)
    assert workspace.same("convert", {"count": 2}, {}) is None  # it failed
    assert workspace.same("verify", {"count": 1}, inputs) is None
    (folder / "below" / "b.png").write_bytes(b"")
    assert workspace.same("convert", {"count": 1}, inputs) is None
