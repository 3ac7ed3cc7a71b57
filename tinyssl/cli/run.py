"""`tinyssl run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rich_click as click

from tinyssl.cli.call import Call
from tinyssl.cli.figures import SIZES, figure_table
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result
from tinyssl.cli.pipeline import Done, choose_steps, run_steps
from tinyssl.cli.stage_result import warnings_of
from tinyssl.core.errors import UsageError
from tinyssl.core.settings import STEPS


def run(
    call: Call,
    first: str | None,
    last: str | None,
    board: str | None,
    boards: str | None,
    resume: bool,
) -> Result:
    """Do all steps of a tinyssl.toml, each with what the one before it left.

    The steps are `steps = [...]` of the file, else the sections that it has. Ends with one table:
    accuracy, latency, flash and RAM. Emulators are stopped at the end.

    `--boards a,b,c` builds for each board, measures them at the same time and gives each a row. A
    board that fails is a row that says why; the exit code is then that of the boards that failed, 1
    where theirs differ. `--resume` measures only boards that have no figures of the same build yet.
    """
    if not call.file.path.exists():
        raise UsageError(
            f"no {call.file.path}", hint="write one (docs/CLI.md) or name one with --config"
        )
    steps = choose_steps(call.file.planned, first, last)
    if boards:
        return _run_boards(call, steps, boards, board, resume)
    if resume:
        raise UsageError("--resume goes with --boards", hint="a stage has --resume of its own")
    call = call.board_overridden(board) if board else call
    try:
        done = run_steps(call, steps)
    finally:  # an emulator never rests: left alone it would keep a core busy
        stop_emulators(call, steps)
    figures = summarise(done) | spread_over_seeds(call, done)
    warnings = [line for record in done.records.values() for line in warnings_of(record)]
    data = {
        "steps": list(steps),
        "seconds": {step: round(took, 1) for step, took in done.seconds.items()},
        "runs": {step: record.folder for step, record in done.records.items()},
        "board": done.build.board if done.build else None,
        "figures": figures,
        "warnings": warnings,
    }
    files = [str(done.records["report"].path("html").resolve())] if "report" in done.records else []
    total = sum(done.seconds.values())
    ending = f"{len(steps)} steps in {total:.0f} s"
    where = f"on {done.build.board}" if done.build else ""
    return Result(data, (figure_table(figures, where), "", *warnings, *files, ending))


def _run_boards(
    call: Call, steps: Sequence[str], boards: str, board: str | None, resume: bool
) -> Result:
    if board:
        raise UsageError(
            f"--board {board} and --boards contradict each other", hint="take --boards"
        )
    from tinyssl.cli.matrix import run_matrix

    try:
        return run_matrix(call, steps, boards, resume=resume)
    finally:
        stop_emulators(call, steps)


def stop_emulators(call: Call, steps: Sequence[str]) -> None:
    """Ends the emulators that the step `flash` started."""
    if "flash" in steps:
        from tinyssl import project

        project.stop_emulators(call.workspace)


def summarise(done: Done) -> dict[str, Any]:
    """The figures of the final table, as far as the steps have measured them."""
    found: dict[str, Any] = {}
    wanted = {
        "probe": ("accuracy", "accuracy_random", "accuracy_raw", "knn_raw"),
        "convert": ("accuracy_float", "accuracy_int8"),
        "bench": ("accuracy_device", "agreement", "latency"),
    }
    for step, names in wanted.items():
        results = done.records[step].results if step in done.records else {}
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


command = make_command(
    run,
    own=(
        click.RichOption(["--from", "first"], type=click.Choice(STEPS), help="First step to do"),
        click.RichOption(["--to", "last"], type=click.Choice(STEPS), help="Last step to do"),
        click.RichOption(["--board"], metavar="TEXT", help="Board instead of the file's"),
        click.RichOption(["--boards"], metavar="A,B,…", help="Boards instead of the file's one"),
        click.RichOption(
            ["--resume"], is_flag=True, help="Keep what was measured of the same builds (--boards)"
        ),
    ),
)
