"""`tinyssl table`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.core.records import RunRecord, Workspace
    from tinyssl.stages.table import Cell, CellOutcome, TableSpec


@dataclass(frozen=True)
class _Given:
    """The command's own options."""

    file: str
    data_path: str | None = None
    teacher: str | None = None
    epochs: int | None = None
    only: tuple[str, ...] = ()
    jobs: int = 1
    minutes: float | None = None
    dry_run: bool = False
    retry: bool = False
    out: str | None = None


def table(call: Call, **given: Any) -> Result:
    """Compare methods: every row with every seed as real runs, then one document.

    Finished runs with the same settings and images are taken as they are, interrupted ones are gone
    on with, exactly. Exit code 130 when --minutes or Ctrl-C stopped it (the same command goes on),
    1 when a cell failed (the others are done all the same). A collapse is a result, no failure.
    """
    start = time.monotonic()  # before torch is imported, which takes a part of --minutes
    asked = _Given(**given)
    spec = _spec(asked)
    from tinyssl.stages import table as package  # torch comes with it

    call.progress.note(
        f"{spec.name}: {len(spec.rows)} rows, seeds {', '.join(map(str, spec.seeds))}"
    )
    cells = package.make_cells(spec)
    if asked.dry_run:
        return _plan(cells, call.workspace, asked)
    how = package.How(
        jobs=asked.jobs,
        minutes=asked.minutes,
        start=start,
        forgive=datetime.now(UTC).isoformat(timespec="seconds") if asked.retry else "",
        probe_seconds=package.probe_seconds(call.workspace),
    )
    outcomes = package.Scheduler(cells, how, call.workspace, call.progress).run()
    return _result(spec, outcomes, asked, call)


def _spec(asked: _Given) -> TableSpec:
    from tinyssl.stages.table.spec import read_table

    if asked.jobs < 1:
        raise UsageError(f"--jobs {asked.jobs}", hint="one or more")
    spec = read_table(Path(asked.file))
    path = Path(asked.data_path).absolute() if asked.data_path else None
    spec = spec.overridden("data", data_path=path)
    spec = spec.overridden("pretrain", teacher=asked.teacher, epochs=asked.epochs)
    names = [name for part in asked.only for name in part.split(",") if name]
    return spec.only(names) if names else spec


def _plan(cells: Sequence[Cell], workspace: Workspace, asked: _Given) -> Result:
    """What would be done, and how long the training will take."""
    from tinyssl.core.commands import shown
    from tinyssl.stages.table import CellState, estimate, look_up

    rows, data, commands, total, unknown = [], [], [], 0.0, 0
    for cell in cells:
        outcome = look_up(cell, workspace)
        guess = estimate(outcome, workspace)
        total += guess.seconds or 0.0
        unknown += guess.seconds is None
        todo = outcome.step if outcome.state is CellState.OPEN else ""
        seconds = "?" if guess.seconds is None else format_value("seconds", guess.seconds)
        rows.append((cell.name, str(outcome.state), todo, seconds, guess.basis))
        if todo:
            commands.append(shown(outcome.words()))
        data.append(
            {
                "cell": cell.name,
                "state": outcome.state,
                "step": todo,
                "seconds": guess.seconds,
                "command": commands[-1] if todo else "",
            }
        )
    blocks: list[Table | str] = [
        Table(("cell", "state", "next", "training left", "from"), rows),
        "",
    ]
    blocks += commands
    together = f"{total / 60:.0f} minutes of training left, {total / 60 / asked.jobs:.0f} with"
    note = f"; {unknown} cell(s) not counted: run the table for a minute first" if unknown else ""
    blocks += ["", f"{together} --jobs {asked.jobs} at the same speed each{note}"]
    return Result({"cells": data, "seconds": total, "unknown": unknown}, blocks)


def _result(spec: TableSpec, outcomes: Sequence[CellOutcome], asked: _Given, call: Call) -> Result:
    from tinyssl.stages.table import CellState

    rows = [_cell_row(outcome) for outcome in outcomes]
    states = [outcome.state for outcome in outcomes]
    blocks: list[Table | str] = [
        Table(("cell", "state", "linear probe", "kNN", "images/s", "seconds", ""), rows), ""
    ]  # fmt: skip
    data: dict[str, Any] = {"cells": [_json(outcome) for outcome in outcomes]}
    left = states.count(CellState.OPEN)
    blocks.append(f"{len(states) - left} of {len(states)} cells finished")
    if asked.out:
        from tinyssl.stages.table.document import write_document

        command = "tinyssl table " + " ".join(_again(asked))
        write_document(Path(asked.out), spec, outcomes, call.workspace, command)
        data["document"] = Path(asked.out).absolute()
        blocks.append(f"document: {asked.out}")
    if left:
        blocks.append(f"{left} left: give the same command again to go on")
    code = EXIT_INTERRUPTED if left else EXIT_OK
    if CellState.FAILED in states:
        blocks.append(f"{states.count(CellState.FAILED)} failed: --retry does them again")
        code = code or EXIT_FAILED
    return Result(data, blocks, code)


def _again(asked: _Given) -> list[str]:
    """The arguments that decide what is measured, as they were given."""
    words = [asked.file]
    if asked.data_path:
        words += ["--data-path", Path(asked.data_path).name]
    if asked.teacher:
        words += ["--teacher", asked.teacher]
    if asked.epochs:
        words += ["--epochs", str(asked.epochs)]
    return [*words, "--out", str(asked.out)]


def _cell_row(outcome: CellOutcome) -> tuple[str, ...]:
    probe = outcome.probe.results if outcome.probe else {}
    train = outcome.pretrain.results if outcome.pretrain else {}
    state = str(outcome.state)
    if outcome.collapsed_step is not None:
        state = f"collapsed at step {outcome.collapsed_step:,}"
    return (
        outcome.cell.name,
        state,
        _figure(probe, "accuracy"),
        _figure(probe, "knn"),
        _figure(train, "images_per_second"),
        _figure(train, "seconds"),
        outcome.error,
    )


def _figure(results: dict[str, Any], name: str) -> str:
    return format_value(name, results[name]) if name in results else ""


def _json(outcome: CellOutcome) -> dict[str, Any]:
    def folder(run: RunRecord | None) -> Path | None:
        return run.folder if run else None

    return {
        "row": outcome.cell.row.name,
        "seed": outcome.cell.seed,
        "key": outcome.cell.key,
        "state": outcome.state,
        "collapsed_step": outcome.collapsed_step,
        "pretrain": folder(outcome.pretrain),
        "probe": folder(outcome.probe),
        "results": outcome.probe.results if outcome.probe else {},
        "error": outcome.error,
    }


command = make_command(
    table,
    own=(
        click.Argument(["file"], metavar="FILE.toml", type=click.Path(dir_okay=False)),
        click.RichOption(["--data-path"], metavar="PATH", help="Images in place of the file's"),
        click.RichOption(["--teacher"], metavar="NAME", help="Teacher in place of the file's"),
        click.RichOption(
            ["--epochs"], type=click.IntRange(1), help="Epochs, in place of the file's"),
        click.RichOption(["--only"], multiple=True, metavar="ROW,…", help="These rows only"),
        click.RichOption(["--jobs"], type=int, default=1, help="Cells side by side  [default: 1]"),
        click.RichOption(
            ["--minutes"], type=click.FloatRange(0), metavar="NUMBER",
            help="Stop at a checkpoint before so many minutes are over",
        ),
        click.RichOption(["--dry-run"], is_flag=True, help="Say what is left to do"),
        click.RichOption(["--retry"], is_flag=True, help="Do cells again that failed before"),
        click.RichOption(
            ["--out"], metavar="FILE.md", type=click.Path(dir_okay=False),
            help="Write the document: tables, cost, commands",
        ),
    ),
)  # fmt: skip
