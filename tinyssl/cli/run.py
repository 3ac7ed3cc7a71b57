"""`tinyssl run`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.board_table import fleet_result
from tinyssl.cli.command import make_command
from tinyssl.cli.figures import SIZES, figure_table
from tinyssl.cli.options import stage_options
from tinyssl.cli.output import Result
from tinyssl.cli.stage_result import equal_lines, warnings_of
from tinyssl.core.config import ConvertConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.settings import RUN_STAGES
from tinyssl.stages.call import Call
from tinyssl.stages.plan import plan
from tinyssl.stages.run import Done, run_stages

if TYPE_CHECKING:
    from tinyssl.stages.matrix import Matrix


def run(
    call: Call,
    first: str | None,
    last: str | None,
    board: str | None,
    boards: str | None,
    resume: bool,
) -> Result:
    """Do all stages of a tinyssl.toml, or take one model to a board.

    The stages are `steps = [...]` of the file, else the sections that it has. Each takes what the
    one before it left. Ends with one table: accuracy, latency, flash and RAM. Emulators are stopped
    at the end.

    With `--model` you need no file: a float model of any framework and samples of what it will see
    (`--calibration`) become INT8, are compared with TensorFlow Lite Micro, built, flashed and
    measured. A quantised .tflite needs no samples and is taken as it is. With a folder of pictures
    in class folders as `--test-data` you also get the accuracy, on this computer and on the board.

    `--boards a,b,c` builds for each board, measures them at the same time and gives each a row. A
    board that fails is a row that says why; the exit code is then that of the boards that failed, 1
    where theirs differ. `--resume` measures only boards that have no figures of the same build yet,
    and converts `--model` only where it, its samples or the settings have changed.
    """
    call, stages = plan(call.board_overridden(board) if board else call, first, last)
    if boards:
        return _run_boards(call, stages, boards, board, resume)
    if resume and call.config(ConvertConfig).model is None:
        raise UsageError(
            "--resume goes with --boards or --model", hint="a stage has --resume of its own"
        )
    try:
        done = run_stages(call, stages, resume=resume)
    finally:  # an emulator never rests: left alone it would keep a core busy
        stop_emulators(call, stages)
    return _result(call, stages, done)


def _result(call: Call, stages: Sequence[str], done: Done) -> Result:
    """The table, and what is to be said below it."""
    figures = summarise(done) | spread_over_seeds(call, done)
    warnings = [line for record in done.records.values() for line in warnings_of(record)]
    data = {
        "steps": list(stages),
        "seconds": {stage: round(took, 1) for stage, took in done.seconds.items()},
        "runs": {stage: record.folder for stage, record in done.records.items()},
        "board": done.build.board if done.build else None,
        "figures": figures,
        "warnings": warnings,
    }
    files = [str(done.records["report"].path("html").resolve())] if "report" in done.records else []
    total = sum(done.seconds.values())
    ending = f"{len(stages)} stages in {total:.0f} s"
    where = f"on {done.build.board}" if done.build else ""
    lines = [*warnings, *files, *_left_lines(done), ending]
    return Result(data, (figure_table(figures, where), "", *lines))


def _left_lines(done: Done) -> Iterator[str]:
    """What conversion and board have left, where no report says it; and what may come next."""
    if "report" in done.records:
        return
    if "convert" in done.records:
        yield f"INT8 model: {done.records['convert'].path('model')}"
    if "bench" in done.records:
        yield from equal_lines(done.records["bench"])
        yield f"run: {done.records['bench'].folder}"
        yield "next: tinyssl report"


def _run_boards(
    call: Call, stages: Sequence[str], boards: str, board: str | None, resume: bool
) -> Result:
    if board:
        raise UsageError(
            f"--board {board} and --boards contradict each other", hint="take --boards"
        )
    from tinyssl.stages.matrix import run_matrix

    try:
        return matrix_result(run_matrix(call, stages, boards, resume=resume))
    finally:
        stop_emulators(call, stages)


def matrix_result(matrix: Matrix) -> Result:
    """One row a board, as `tinyssl bench --all` prints them."""
    ending = "measured" if "bench" in matrix.stages else "built"
    notes = dict.fromkeys(matrix.boards, ending) | matrix.kept
    result = fleet_result(matrix.by_board(), notes, matrix.builds)
    data = {
        "steps": list(matrix.stages),
        "seconds": {stage: round(took, 1) for stage, took in matrix.done.seconds.items()},
        "runs": {stage: record.folder for stage, record in matrix.done.records.items()},
    }
    return replace(result, data=data | dict(result.data))


def stop_emulators(call: Call, stages: Sequence[str]) -> None:
    """Ends the emulators that the stage `flash` started."""
    if "flash" in stages:
        from tinyssl import project

        project.stop_emulators(call.workspace)


def summarise(done: Done) -> dict[str, Any]:
    """The figures of the final table, as far as the stages have measured them."""
    found: dict[str, Any] = {}
    wanted = {
        "probe": ("accuracy", "accuracy_random", "accuracy_raw", "knn_raw", "test_images"),
        "convert": ("accuracy_float", "accuracy_int8", "sqnr_db_output", "test_images"),
        "bench": ("accuracy_device", "images", "agreement", "latency"),
    }
    for stage, names in wanted.items():
        results = done.records[stage].results if stage in done.records else {}
        found |= {name: results[name] for name in names if name in results}
    if done.build:
        sizes = done.build.sizes  # without flash and ram for `target = "c"`
        found |= {f"{name}_bytes": sizes[name] for name in SIZES if name in sizes}
        found |= {f"{name}_budget_bytes": limit for name, limit in done.budgets.items()}
    return found


def spread_over_seeds(call: Call, done: Done) -> dict[str, Any]:
    """`accuracy_seeds`: the linear probe over all seeds of this workspace, where there are more."""
    from tinyssl.report.seeds import over_seeds

    row = over_seeds(done.records.get("pretrain"), call.workspace)
    linear = row.figures.get("linear") if row is not None else None
    if linear is None or linear.n < 2:
        return {}
    return {"accuracy_seeds": {"mean": linear.mean, "std": linear.std, "n": linear.n}}


def _model_options() -> list[click.Option]:
    panel = "A model in place of a tinyssl.toml"
    return stage_options("convert", panel, left_out={"run", "softmax"})  # of a probe run


command = make_command(
    run,
    own=(
        click.RichOption(
            ["--from", "first"], type=click.Choice(RUN_STAGES), help="First stage to do"
        ),
        click.RichOption(["--to", "last"], type=click.Choice(RUN_STAGES), help="Last stage to do"),
        click.RichOption(
            ["--board"], metavar="TEXT", help="Board instead of the file's  [default: mps2_an500]"
        ),
        click.RichOption(["--boards"], metavar="A,B,…", help="Boards instead of the file's one"),
        click.RichOption(
            ["--resume"],
            is_flag=True,
            help="Keep what was measured of the same builds (--boards) and converted of the same "
            "model (--model)",
        ),
        *_model_options(),
    ),
)
