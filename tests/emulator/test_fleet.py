"""Many boards at once: this computer and two emulated ones, one of which dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tinyssl.cli.app import cli
from tinyssl.core.config import BenchConfig, BuildConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import BuildInfo, Workspace, read_record
from tinyssl.device import emulator
from tinyssl.project import Flashed, stop_emulators
from tinyssl.stages.build import build
from tinyssl.stages.fleet import bench_all, exit_code, find_jobs
from tinyssl.stages.fleet_worker import BenchJob

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
BOARDS = ("host", "mps2_an386", "mps2_an500")
DOOMED = BOARDS[2]
INPUTS = 8


@pytest.fixture(scope="module")
def workspace(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """All boards built; a tinyssl.toml that builds them like this."""
    made = Workspace(tmp_path_factory.mktemp("workspace"))
    for board in BOARDS:
        build(BuildConfig(board=board, model=tiny_tflite, check=False), made)
    (made.root / "tinyssl.toml").write_text(
        f'[build]\nmodel = "{tiny_tflite}"\ncheck = false\n[flash]\n'
        f"[bench]\nruns = 2\nimages = {INPUTS}\n"
    )
    yield made
    stop_emulators(made)


def kill_emulator(workspace: Workspace, board: str) -> None:
    pid = Flashed.load(workspace.builds / board).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


class Killer(Silent):
    """Ends an emulator once it is timed."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.titles: list[str] = []

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Any]:
        self.titles.append(title)
        if title == f"{DOOMED}: latency":
            kill_emulator(self.workspace, DOOMED)
        with super().track(title, total, unit) as tracker:
            yield tracker


def invoke(workspace: Workspace, *arguments: str) -> tuple[int, dict[str, Any]]:
    shown = CliRunner().invoke(cli, [*arguments, "-w", str(workspace.root), "--json"])
    return shown.exit_code, json.loads(shown.stdout)


@pytest.fixture
def flashed(workspace: Workspace) -> Workspace:
    """All of them run; started as `flash` does, but for PlatformIO."""
    for board in BOARDS:
        folder = workspace.builds / board
        emulator.start(folder, folder / BuildInfo.load(folder).artifacts["elf"])
    return workspace


INTERRUPTIBLE = """
import signal
from tinyssl.cli.main import run
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
"""
"""A background process of a shell ignores SIGINT, and so do those that it starts"""


def test_ctrl_c_ends_all_of_them(flashed: Workspace) -> None:
    before = {run.folder for run in flashed.all("bench")}
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "bench", "--all", "--runs", "10000000"],
        cwd=flashed.root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    def timed() -> list[Path]:
        new = [run for run in flashed.all("bench") if run.folder not in before]
        return [run.folder for run in new if run.metrics()]

    end = time.monotonic() + 60
    while len(timed()) < 2 and time.monotonic() < end:  # two at least: so many cores there are
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    statuses = {read_record(folder).status for folder in timed()}
    assert statuses == {"interrupted"}
    jobs = [BenchJob(BenchConfig(board=board, runs=1, images=1)) for board in BOARDS]
    after = bench_all(jobs, flashed)  # the ports are free, and the boards answer
    assert [outcome.failure for outcome in after] == [None] * len(BOARDS)


def test_a_board_that_crashes_does_not_stop_the_others(flashed: Workspace) -> None:
    killer = Killer(flashed)
    config = BenchConfig(runs=100, images=INPUTS, timeout=5.0)
    outcomes = bench_all(find_jobs(config, flashed), flashed, killer)
    *whole, crashed = outcomes
    assert [outcome.board for outcome in outcomes] == list(BOARDS)
    for outcome in whole:
        assert outcome.failure is None
        assert outcome.run is not None
        results = read_record(outcome.run).results
        assert (results["board"], results["agreement"]) == (outcome.board, 1.0)
        assert f"{outcome.board}: on the device" in killer.titles
    assert crashed.failure is not None
    assert (crashed.failure.kind, crashed.failure.code) == ("DeviceError", 1)
    assert "is gone" in crashed.failure.message
    assert crashed.run is not None
    assert read_record(crashed.run).status == "failed"
    assert exit_code(outcomes) == 1

    code, content = invoke(flashed, "bench", "--all")  # now it is gone from the start
    rows = {row["board"]: row for row in content["boards"]}
    assert (code, content["ok"], set(rows)) == (4, False, set(BOARDS))
    assert [rows[board]["ok"] for board in BOARDS] == [True, True, False]
    assert "is not running any more" in rows[DOOMED]["error"]["message"]
    assert rows["host"]["figures"]["latency"]["unit"] == "nanoseconds"
    assert rows["mps2_an386"]["figures"]["latency"]["unit"] == "instructions"
    sizes = BuildInfo.load(flashed.builds / "mps2_an386").sizes
    assert rows["mps2_an386"]["figures"]["flash_bytes"] == sizes["flash"]


def test_run_boards_goes_on_where_it_was(workspace: Workspace) -> None:
    one, both = BOARDS[1], f"{BOARDS[1]},{BOARDS[0]}"
    code, first = invoke(workspace, "run", "--boards", one, "--from", "flash")
    assert code == 0, first
    code, second = invoke(workspace, "run", "--boards", both, "--resume")
    assert code == 0, second
    kept, new = second["boards"]
    assert kept == first["boards"][0]
    assert (kept["board"], new["board"], new["figures"]["agreement"]) == (one, BOARDS[0], 1.0)
    assert new["run"] != kept["run"]
    assert not list(workspace.builds.glob(f"*/{Flashed.FILE}"))  # no emulator is left
