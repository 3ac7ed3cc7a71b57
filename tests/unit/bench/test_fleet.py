"""Which boards `bench --all` takes, and how one ends that fails; tests/emulator has real ones."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import Failure, UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.core.progress import Silent
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import SerialPort
from tinyssl.stages import fleet
from tinyssl.stages.fleet import bench_all, exit_code, find_jobs
from tinyssl.stages.fleet_worker import BenchJob, BenchOutcome, do

ST_LINK = SerialPort("/dev/ttyACM0", "0483", "374b")
QUICK = BenchConfig(runs=2, warmup=0, images=3, timeout=5.0)


def built(workspace: Workspace, board: str) -> None:
    """The folder of a finished build, as far as the search looks at it."""
    folder = workspace.builds / board
    (folder / "boards").mkdir(parents=True)
    text = (boards_folder() / f"{board}.json").read_text()
    (folder / "boards" / f"{board}.json").write_text(text)
    BuildInfo(board, "aot", "", "", "", {}, {}, {}).save(folder)


@pytest.fixture
def attach(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Plugs ports in."""

    def plug(*ports: SerialPort) -> None:
        monkeypatch.setattr(
            fleet,
            "find_ports",
            lambda board: [
                port for port in ports if (port.vid, port.pid) in board.tinyssl.serial.usb_ids
            ],
        )

    plug()
    return plug


def test_nothing_to_measure_is_a_usage_error(tmp_path: Path, attach) -> None:
    built(Workspace(tmp_path), "mps2_an386")  # never flashed
    built(Workspace(tmp_path), "nucleo_f446re")  # not attached
    with pytest.raises(UsageError, match="attached or emulated") as error:
        find_jobs(QUICK, Workspace(tmp_path))
    assert "tinyssl flash" in error.value.hint


def test_emulators_that_were_flashed_and_boards_that_are_attached(tmp_path: Path, attach) -> None:
    workspace = Workspace(tmp_path)
    for board in ("mps2_an386", "mps2_an500", "nucleo_f446re"):
        built(workspace, board)
    (workspace.builds / "mps2_an500" / "device.json").write_text("{}")
    attach(ST_LINK)
    jobs = find_jobs(QUICK, workspace)
    assert [(job.config.board, job.config.serial) for job in jobs] == [
        ("mps2_an500", None),
        ("nucleo_f446re", "/dev/ttyACM0"),
    ]
    assert jobs[0].config.runs == QUICK.runs


def test_a_port_that_fits_two_boards_is_one_job_that_asks(tmp_path: Path, attach) -> None:
    workspace = Workspace(tmp_path)
    built(workspace, "nucleo_f446re")
    built(workspace, "nucleo_h743zi")
    attach(ST_LINK, replace(ST_LINK, port="/dev/ttyACM1"))
    jobs = find_jobs(QUICK, workspace)
    assert [(job.name, job.config.board) for job in jobs] == [
        ("/dev/ttyACM0", None),
        ("/dev/ttyACM1", None),
    ]
    assert set(jobs[0].boards) == {"nucleo_f446re", "nucleo_h743zi"}


@pytest.fixture
def recorded(host_build):
    """The host's build, with the run that `tinyssl build` leaves."""
    with host_build.workspace.start("build", {}) as run:
        run.results(folder=str(host_build.folder), board="host")
    return host_build


def test_the_board_on_a_port_is_asked_for_its_name(recorded) -> None:
    config = replace(QUICK, serial=recorded.firmware.port)
    outcome = do(
        BenchJob(config, boards={"mps2_an500": 921600, "host": 115200}),
        recorded.workspace,
        Silent(),
    )
    assert (outcome.board, outcome.failure) == ("host", None)
    assert outcome.run == recorded.last_bench().folder
    other = do(BenchJob(config, boards={"mps2_an500": 115200}), recorded.workspace, Silent())
    assert other.failure is not None
    assert other.failure.kind == "DeviceError"
    assert other.failure.message.startswith("host is on /dev/")


def test_an_error_is_an_outcome_with_the_run_that_failed(recorded) -> None:
    recorded.change(build_id="fedcba9876543210")
    outcome = do(BenchJob(replace(QUICK, board="host")), recorded.workspace, Silent())
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.code) == ("Mismatch", 3)
    assert "tinyssl flash" in outcome.failure.hint
    assert outcome.run == recorded.last_bench().folder


def _die() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


class KillsItself(str):
    """A board's name that kills the process in which it arrives, as a broken library would."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[], str], tuple[()]]:
        return _die, ()


def test_a_process_that_is_killed_is_a_row(recorded) -> None:
    good = BenchJob(replace(QUICK, board="host"))
    bad = BenchJob(QUICK, boards={KillsItself(): 115200})
    broken, whole = bench_all([bad, good], recorded.workspace, at_once=1)
    assert broken.failure is not None
    assert broken.failure.kind == "BrokenProcess"
    assert "ended with signal 9" in broken.failure.message
    assert (whole.board, whole.failure) == ("host", None)


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([None, None], 0), ([None, 4], 4), ([5, 5], 5), ([4, 5], 1)]
)
def test_exit_code(codes: list[int | None], code: int) -> None:
    outcomes = [
        BenchOutcome("a", None, None if each is None else Failure("E", each, "m")) for each in codes
    ]
    assert exit_code(outcomes) == code
