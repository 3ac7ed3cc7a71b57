"""Real cells in child processes: crashes stay apart, an interrupted table goes on exactly."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.table.table_helpers import TABLE, write_table
from tinyssl.core.child_environment import child_environment
from tinyssl.core.locks import Lock
from tinyssl.core.records import LOCK, Workspace, sha256_of
from tinyssl.stages.table.jobs import Here

ROOT = Path(__file__).resolve().parents[3]


def wait(job):
    deadline = time.monotonic() + 120
    while job.ended() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job.ended()


@pytest.fixture
def lock(tmp_path):
    made = Lock(tmp_path / "locks" / "a.lock")
    assert made.take()
    yield made
    made.release()


def test_child_tells_its_exit_code_and_its_error(tmp_path, lock):
    empty = ["--workspace", str(tmp_path), "--config", os.devnull]
    job = Here(1).begin(["probe", *empty], tmp_path / "logs" / "a.log", lock)
    assert wait(job) == 2
    assert "no finished `pretrain` run" in job.log.error()
    assert job.log.news() is None
    assert wait(Here(1).begin(["boards", *empty], tmp_path / "logs" / "a.log", lock)) == 0


def test_progress_is_read_from_the_log(tmp_path, lock):
    job = Here(1).begin(["boards"], tmp_path / "a.log", lock)
    wait(job)
    with (tmp_path / "a.log").open("a") as log:
        log.write("pretrain simclr: 12/60 step (2.1/s, 23 s left) loss=5.1\nanother line\n")
    news = job.log.news()
    assert news is not None
    assert (news.title, news.done, news.total) == ("pretrain simclr", 12, 60)
    assert "loss=5.1" in news.text


def test_a_cell_belongs_to_one_process_at_a_time(tmp_path, lock):
    other = Lock(tmp_path / "locks" / "a.lock")
    assert not other.take()
    lock.release()
    assert other.take()
    other.release()


def test_child_sees_no_settings_but_those_of_the_table() -> None:
    ours = {"TINYSSL_PRETRAIN_EPOCHS": "3", "TINYSSL_CONFIG": "x", "TINYSSL_CACHE": "/c", "A": "b"}
    found = child_environment(2, ours | {"PYTHONPATH": "/p"})
    assert found == {
        "TINYSSL_CACHE": "/c", "A": "b", "OMP_NUM_THREADS": "2",
        "PYTHONPATH": f"{ROOT}{os.pathsep}/p",
    }  # fmt: skip


def small(folder: Path, text: str = TABLE) -> str:
    """The text with one seed, over 400 images made here: cells then take seconds."""
    source = np.random.default_rng(0)
    labels = np.arange(400) % 4
    images = (
        source.integers(0, 128, (400, 16, 16, 3), dtype=np.uint8) + 32 * labels[:, None, None, None]
    )
    np.savez(folder / "images.npz", images=images.astype(np.uint8), labels=labels)
    text = text.replace("seeds = [3, 4]", "seeds = [3]")
    return text.replace('"digits"', f'"npz"\ndata_path = "{folder / "images.npz"}"')


def table(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tinyssl", "table", "small.toml", "--json", *words]
    environment = child_environment(1)
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=folder, env=environment
    )


def content(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whole_table_is_run_once_and_its_document_written(tmp_path: Path) -> None:
    """Some rows, two at a time, one that must fail: it alone fails. Nothing is run twice."""
    broken = '\n[[row]]\nname = "broken"\nmethod = "simclr"\nbatch_size = 5000\n'
    write_table(tmp_path, small(tmp_path) + broken)
    planned = content(table(tmp_path, "--dry-run"))
    assert [cell["step"] for cell in planned["cells"]] == ["pretrain"] * 4
    rows = ("--only", "supervised,broken")
    first = table(tmp_path, "--jobs", "2", "--out", "results.md", *rows)
    found = content(first)
    assert first.returncode == 1
    states = {cell["row"]: cell["state"] for cell in found["cells"]}
    assert states == {"supervised": "done", "broken": "failed"}
    assert "do not fill a batch of 5000" in found["cells"][1]["error"]
    assert "| supervised |" in (tmp_path / "results.md").read_text()
    runs = {run.folder for run in Workspace(tmp_path).all()}
    second = table(tmp_path, "--only", "supervised")
    assert second.returncode == 0
    assert {run.folder for run in Workspace(tmp_path).all()} == runs


@pytest.mark.nightly  # test_sigkill compares the bits too
@pytest.mark.timeout(900)
def test_interrupted_table_goes_on_and_ends_in_the_same_weights(tmp_path: Path) -> None:
    text = small(tmp_path).replace("epochs = 2\nbatch_size = 256", "epochs = 5\nbatch_size = 32")
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name, text)
    assert table(tmp_path / "whole", "--only", "simclr").returncode == 0
    stopped = stop_in_the_middle(tmp_path / "cut")
    assert stopped.returncode == 130
    (run,) = Workspace(tmp_path / "cut").all("pretrain")
    assert run.status == "interrupted"
    assert table(tmp_path / "cut", "--only", "simclr").returncode == 0
    ends = [Workspace(tmp_path / name).all("pretrain") for name in ("whole", "cut")]
    assert [len(end) for end in ends] == [1, 1]
    assert sha256_of(ends[0][0].path("backbone")) == sha256_of(ends[1][0].path("backbone"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_minutes_end_a_table_before_they_are_over(tmp_path: Path) -> None:
    write_table(tmp_path, TABLE.replace("epochs = 2\nbatch", "epochs = 5000\nbatch"))
    start = time.monotonic()
    done = table(tmp_path, "--minutes", "0.5", "--only", "simclr,hot", "--jobs", "2")
    assert time.monotonic() - start < 45  # starting Python comes on top
    assert done.returncode == 130
    assert {cell["state"] for cell in content(done)["cells"]} == {"open"}
    assert {run.status for run in Workspace(tmp_path).all("pretrain")} <= {"interrupted", "running"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_second_ctrl_c_leaves_no_child_behind(tmp_path: Path) -> None:
    write_table(tmp_path, TABLE.replace("epochs = 2\nbatch", "epochs = 5000\nbatch"))
    process = stop_in_the_middle(tmp_path, times=2)
    assert process.returncode != 0
    (run,) = Workspace(tmp_path).all("pretrain")
    for path in (run.folder / LOCK, *(tmp_path / "tables" / "locks").iterdir()):
        free = Lock(path)
        assert free.take()  # a child that lived on would hold it
        free.release()


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_killed_table_is_resumed_by_the_same_command(tmp_path: Path) -> None:
    """Its child saves and ends by itself; --dry-run tells of both from another shell."""
    write_table(tmp_path, TABLE.replace("epochs = 2\nbatch", "epochs = 60\nbatch"))
    process = begin(tmp_path)
    running = content(table(tmp_path, "--only", "simclr,hot", "--dry-run"))["cells"]
    assert [cell["state"] for cell in running] == ["running"] + ["not begun"] * 3
    assert str(process.pid) in running[0]["holder"]
    process.kill()
    process.wait()
    (run,) = Workspace(tmp_path).all("pretrain")
    free = Lock(run.folder / LOCK)
    assert free.take(wait=True)
    free.release()
    (run,) = Workspace(tmp_path).all("pretrain")
    assert run.status == "interrupted"
    left = content(table(tmp_path, "--only", "simclr", "--dry-run"))["cells"][0]
    assert (left["state"], left["resumes"]) == ("to resume", str(run.folder))
    assert 0 < left["steps_left"] < 60 * 4
    assert "--resume" in left["command"]


def begin(folder):
    """A table at work whose first steps are done."""
    command = [sys.executable, "-m", "tinyssl", "table", "small.toml", "--only", "simclr"]
    process = subprocess.Popen(command, cwd=folder, env=child_environment(1))
    deadline = time.monotonic() + 300
    while not any(run.metrics() for run in Workspace(folder).all("pretrain")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (run,) = Workspace(folder).all("pretrain")
    assert not Lock(run.folder / LOCK).take()  # its child writes
    return process


def stop_in_the_middle(folder, times=1):
    """Ctrl-C once the first steps are done."""
    process = begin(folder)
    for _ in range(times):
        process.send_signal(2)
        time.sleep(0.1)
    process.wait(120)
    return process
