"""Records survive crashes, keep their order, and say what is missing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyssl.errors import TinysslError, UsageError
from tinyssl.records import (
    RECORD,
    BuildInfo,
    Workspace,
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
        "import os, pathlib, sys; from tinyssl.records import Workspace\n"
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
