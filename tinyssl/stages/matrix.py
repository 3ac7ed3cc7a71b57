"""One model on many boards: built one after the other, flashed and measured at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig, ReportConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import BudgetExceeded, Failure, TinysslError, UsageError
from tinyssl.core.records import BuildInfo, RunRecord
from tinyssl.stages.call import Call
from tinyssl.stages.run import RUNNERS, Done, fits_board, run_stages
from tinyssl.targets.boards import board_ids

if TYPE_CHECKING:
    from tinyssl.stages.fleet_worker import BenchJob, BenchOutcome

EACH = ("build", "flash", "bench", "report")
"""Stages that each board goes through; the others are done once"""
NEEDLESS = ("board", "serial")
"""Settings of a bench that do not change its figures"""


@dataclass
class Matrix:
    """The boards under way."""

    call: Call
    stages: Sequence[str]
    boards: Sequence[str]
    done: Done
    """Of the stages that are done once"""
    builds: dict[str, BuildInfo] = field(default_factory=dict)
    outcomes: dict[str, BenchOutcome] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """Board -> what the table says of a figure that was there before"""

    def failed(self, board: str, error: TinysslError) -> None:
        """The board's row says why; the others go on."""
        from tinyssl.stages.fleet_worker import BenchOutcome

        self.outcomes[board] = BenchOutcome(board, None, Failure.of(error))
        self.call.progress.note(f"{board}: {error.message}")

    def left(self) -> list[str]:
        """Boards that have not failed, and are not done."""
        return [board for board in self.boards if board not in self.outcomes]

    def by_board(self) -> list[BenchOutcome]:
        """How each board ended, in the order of `boards`."""
        from tinyssl.stages.fleet_worker import BenchOutcome

        return [self.outcomes.get(board, BenchOutcome(board)) for board in self.boards]


def run_matrix(call: Call, stages: Sequence[str], names: str, *, resume: bool) -> Matrix:
    """The stages before `build` once, then build, flash, bench and report for each board.

    Boards are built one after the other (the compiler takes all cores), then flashed and measured
    at the same time. Emulators end when they are measured.

    Args:
        call: Its settings hold for all boards.
        stages: Of the run.
        names: Board names with commas between them.
        resume: Keep the figures of boards that were measured with the same settings, and whose
            build has not changed since.

    Raises:
        UsageError: A board is unknown, or nothing is to be done for boards.
    """
    boards = board_ids(names)
    if not boards:
        raise UsageError(
            "--boards names no board", hint="write for example --boards host,mps2_an386"
        )
    if not set(stages) & set(EACH):
        raise UsageError(
            f"--boards: none of the stages is one for boards ({', '.join(EACH)})",
            hint="add [build] and [bench] to tinyssl.toml, or leave --boards out",
        )
    _check_settings(call)
    once = [stage for stage in stages if stage not in EACH]
    matrix = Matrix(call, stages, boards, Done())
    fits = partial(_fit_any, matrix) if "build" in stages else None
    matrix.done = run_stages(call, once, resume=resume, fits=fits)
    if "build" in stages:
        _build(matrix)
    if "bench" in stages:
        _bench(matrix, resume=resume)
    elif "flash" in stages:
        _flash(matrix)
    if "report" in stages:
        _report(matrix)
    return matrix


def _check_settings(call: Call) -> None:
    """Refuses what can only be said of one board."""
    settings = {
        "[build] out": call.config(BuildConfig).out,
        "[flash] port": call.config(FlashConfig).port,
        "[bench] serial": call.config(BenchConfig).serial,
    }
    for name, value in settings.items():
        if value is not None:
            raise UsageError(
                f"--boards and {name} ({value}) contradict each other", hint=f"leave {name} away"
            )


def _fit_any(matrix: Matrix, done: Done) -> bool:
    """Whether the model fits one of the boards; the rows of the others say why it does not."""
    for board in matrix.boards:
        try:
            fits_board(matrix.call.board_overridden(board), done)
        except BudgetExceeded as error:
            matrix.failed(board, error)
    return bool(matrix.left())


def _build(matrix: Matrix) -> None:
    for board in matrix.left():
        matrix.call.progress.note(f"── build for {board}")
        done = replace(matrix.done, build=None)
        try:
            RUNNERS["build"](matrix.call.board_overridden(board), done)
        except TinysslError as error:
            matrix.failed(board, error)
        if done.build is not None:
            matrix.builds[board] = done.build


def _flash(matrix: Matrix) -> None:
    for board in matrix.left():
        try:
            RUNNERS["flash"](matrix.call.board_overridden(board), Done())
        except TinysslError as error:
            matrix.failed(board, error)


def _bench(matrix: Matrix, *, resume: bool) -> None:
    from tinyssl.stages.fleet import bench_all
    from tinyssl.stages.fleet_worker import BenchOutcome

    jobs: list[BenchJob] = []
    for board in matrix.left():
        job = _job(matrix, board)
        record = _measured_before(matrix, job) if resume else None
        if record is None:
            jobs.append(job)
        else:
            matrix.outcomes[board] = BenchOutcome(board, record.folder)
            matrix.kept[board] = f"kept of {record.folder.name}"
    for outcome in bench_all(jobs, matrix.call.workspace, matrix.call.progress) if jobs else ():
        matrix.outcomes[outcome.board] = outcome


def _job(matrix: Matrix, board: str) -> BenchJob:
    from tinyssl.stages.fleet_worker import BenchJob

    call = matrix.call.board_overridden(board)
    flash = call.config(FlashConfig) if "flash" in matrix.stages else None
    return BenchJob(call.config(BenchConfig), flash)


def _measured_before(matrix: Matrix, job: BenchJob) -> RunRecord | None:
    """The last complete bench run of the same build with the same settings."""
    from tinyssl.project import find_build

    workspace = matrix.call.workspace
    info = matrix.builds.get(job.name) or BuildInfo.load(
        find_build(job.name, workspace), workspace.root
    )
    wanted = _comparable(config_json(job.config))
    for record in workspace.newest("bench"):
        same = record.results.get("build_id") == info.build_id
        if same and record.status == "complete" and _comparable(record.config) == wanted:
            return record
    return None


def _comparable(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in NEEDLESS}


def _report(matrix: Matrix) -> None:
    """One page a board, each in its own run's folder."""
    from tinyssl.stages import report

    for outcome in matrix.outcomes.values():
        if outcome.failure is None and outcome.run is not None:
            config = matrix.call.config(ReportConfig, run=Path(outcome.run))
            report.report(replace(config, out=None), matrix.call.workspace, matrix.call.progress)
