"""`tinyssl watch` and `pretrain --watch` on real runs, also while they grow and on a terminal."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from tinyssl.core.errors import UsageError
from tinyssl.core.records import METRICS, RunWriter, Workspace
from tinyssl.monitor.display import LineDisplay, choose_display
from tinyssl.monitor.follow import SILENT_AFTER, Follower
from tinyssl.monitor.state import Facts, RunState

Invoke = Callable[..., Result]
CONFIG = {"method": "simclr", "backbone": "mobilenet_v2_tiny", "epochs": 2}
DATA = {"name": "npz", "train": 64, "image_size": 16, "classes": 4}
TRAIN = ["--backbone", "mobilenet_v2_tiny", "--batch-size", "16", "--device", "cpu"]


def begin(workspace: Path) -> RunWriter:
    return Workspace(workspace).start("pretrain", CONFIG, data=DATA)


def log(run: RunWriter, step: int) -> None:
    run.log(event="step", step=step, epoch=step / 4, loss=9.0 - step, images_per_second=50.0)


def images(workspace: Path) -> list[str]:
    """Options of a small labelled data set."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (90, 16, 16, 3), dtype=np.uint8)
    np.savez(workspace / "images.npz", images=pixels, labels=rng.integers(0, 3, 90))
    return ["--dataset", "npz", "--data-path", "images.npz", "--image-size", "16"]


def test_a_growing_file_is_read_once_and_half_lines_wait(tmp_path: Path) -> None:
    with begin(tmp_path) as run:
        follower = Follower(run.folder)
        assert follower.read().steps == []
        log(run, 1)
        assert [row["step"] for row in follower.read().steps] == [1]
        with (run.folder / METRICS).open("a") as file:
            file.write('{"event": "step", "st')
            file.flush()
            assert len(follower.read().steps) == 1
            file.write('ep": 2, "epoch": 0.5}\n')
        assert [row["step"] for row in follower.read().steps] == [1, 2]
        assert follower.state.status == "running"
    assert follower.read().status == "complete"


def test_a_resumed_run_forgets_what_it_measures_again(tmp_path: Path) -> None:
    with begin(tmp_path) as run:
        for step in (1, 2, 3):
            log(run, step)
    follower = Follower(run.folder)
    assert len(follower.read().steps) == 3
    with Workspace(tmp_path).reopen(run.folder, keep=lambda row: row["step"] <= 1) as again:
        for step in (2, 3, 4):  # longer than before when the follower looks again
            log(again, step)
    assert [row["step"] for row in follower.read().steps] == [1, 2, 3, 4]


def test_silence_is_said_with_the_command_that_goes_on(tmp_path: Path) -> None:
    with begin(tmp_path) as run:
        log(run, 1)
        follower = Follower(run.folder)
        assert follower.read().notes == []
        past = time.time() - SILENT_AFTER - 60
        os.utime(run.folder / METRICS, (past, past))
        (note,) = follower.read().notes
    assert "nothing new for 11 minutes" in note
    assert f"--resume {run.folder}" in note


def test_only_pretrain_runs_are_watched(tmp_path: Path) -> None:
    with Workspace(tmp_path).start("probe", {}) as probe:
        pass
    with pytest.raises(UsageError, match="is a probe run"):
        Follower(probe.folder)


def test_watch_finds_the_running_run(invoke: Invoke, workspace: Path) -> None:
    with begin(workspace):
        pass
    with begin(workspace) as running:
        log(running, 3)
        with begin(workspace):
            pass
        shown = json.loads(invoke("watch", "--once", "--json").stdout)
        text = invoke("watch", "--once", running.folder.name).stdout
    assert (shown["run"], shown["status"]) == (str(running.folder), "running")
    assert shown["figures"]["loss"] == 6.0
    assert shown["epoch"] == 0.75
    assert shown["seconds_left"] == pytest.approx((2 - 0.75) * 64 / 50)
    assert "simclr, mobilenet_v2_tiny, npz, 64 images of 16 px" in text
    assert "loss  6" in text


def test_watch_ends_with_the_run(
    invoke: Invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begin(workspace) as run:
        log(run, 3)
        looks = iter((lambda: log(run, 4), lambda: run.update(status="complete")))
        monkeypatch.setattr("time.sleep", lambda seconds: next(looks)())
        shown = invoke("watch")
    assert shown.exit_code == 0
    assert shown.stdout.endswith(f"run: {run.folder}\n")
    assert "complete" in shown.stderr.splitlines()[-1]


def test_ctrl_c_ends_the_watching_alone(
    invoke: Invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with begin(workspace) as run:
        log(run, 3)
        shown = json.loads(invoke("watch", "--json").stdout)
    assert (shown["run"], shown["status"]) == (str(run.folder), "running")


def test_watch_without_runs_says_how_to_start_one(invoke: Invoke) -> None:
    shown = invoke("watch")
    assert shown.exit_code == 2
    assert "tinyssl pretrain" in shown.stderr


def test_pretrain_watch_prints_lines_where_there_is_no_terminal(
    invoke: Invoke, workspace: Path
) -> None:
    shown = invoke("pretrain", "--watch", "--epochs", "2", *TRAIN, *images(workspace), "--json")
    assert shown.exit_code == 0, shown.stderr
    assert json.loads(shown.stdout)["status"] == "complete"
    lines = [line for line in shown.stderr.splitlines() if line.startswith("epoch ")]
    assert any(line.startswith("epoch 1.00/2") and "knn" in line for line in lines)
    assert lines[-1].startswith("epoch 2.00/2")
    assert lines[-1].endswith("complete")


def test_lines_say_a_warning_once() -> None:
    stream = io.StringIO()
    display = LineDisplay(stream)
    state = RunState(Facts("run", "simclr", "tiny", "npz", 64, 4, 2, "", ()))
    for step in range(1, 4):
        row = {"event": "step", "step": step, "epoch": step / 4, "loss": 1.0}
        state.add(row | {"spread": 0.001 * step})
        display.show(state)
    assert stream.getvalue().count("warning: spread") == 1
    assert isinstance(choose_display(stream), LineDisplay)


def test_live_view_on_a_real_terminal(workspace: Path) -> None:
    """A pseudo-terminal as stderr: curves are drawn while the run goes on, and the end is shown."""
    parent, child = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    environ |= {"TERM": "xterm", "COLUMNS": "120", "LINES": "40", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tinyssl", "pretrain", "--watch", "--epochs", "1"]
    running = subprocess.Popen(
        [*command, *TRAIN, *images(workspace)],
        stdout=subprocess.PIPE,
        stderr=child,
        env=environ,
        cwd=workspace,
    )
    os.close(child)
    shown = b""
    try:
        while chunk := os.read(parent, 65536):
            shown += chunk
    except OSError:  # the other side is closed: end of the output on Linux
        pass
    os.close(parent)
    assert running.stdout is not None
    assert "run: " in running.stdout.read().decode()
    running.stdout.close()
    assert running.wait() == 0
    text = shown.decode()
    for part in ("simclr, mobilenet_v2_tiny", "kNN accuracy", "┤", "learning rate", "complete"):
        assert part in text
