"""`tinyssl table`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ToolMissing,
    UsageError,
)
from tinyssl.stages.call import Call
from tinyssl.stages.rest import Hours, OtherUsers, Rest, seconds_until

if TYPE_CHECKING:
    from tinyssl.core.records import RunRecord, Workspace
    from tinyssl.stages.table import Cell, CellOutcome, Left, TableSpec
    from tinyssl.stages.table.jobs import JobPlace


@dataclass(frozen=True)
class _Given:
    """The command's own options."""

    file: str
    data_path: str | None = None
    teacher: str | None = None
    epochs: int | None = None
    only: tuple[str, ...] = ()
    jobs: int | None = None
    on: str | None = None
    nice: int = 10
    minutes: float | None = None
    until: str | None = None
    hours: str | None = None
    idle: bool = False
    dry_run: bool = False
    retry: bool = False
    out: str | None = None


def table(call: Call, **given: Any) -> Result:
    """Compare methods: every row with every seed as real runs, then one document.

    Finished runs with the same settings and images are taken as they are; stopped ones are resumed
    and end in the same weights, whether Ctrl-C, --until, a power cut or `kill -9` stopped them.
    Exit code 130 when something is left (the same command resumes it), 1 when a cell failed (the
    others are done all the same). A collapse is a result, no failure.
    """
    start = time.monotonic()  # before torch is imported, which takes a part of --minutes
    asked = _Given(**given)
    spec = _spec(asked)
    rest, minutes = _rest(asked), _minutes(asked)
    from tinyssl.stages import table as package  # torch comes with it

    call.progress.note(
        f"{spec.name}: {len(spec.rows)} rows, seeds {', '.join(map(str, spec.seeds))}"
    )
    cells = package.make_cells(spec)
    if asked.dry_run:
        return _plan(spec, cells, call.workspace, asked)
    forgive = datetime.now(UTC).isoformat(timespec="seconds") if asked.retry else ""
    how = package.How(
        minutes=minutes,
        start=start,
        forgive=forgive,
        probe_seconds=package.probe_seconds(call.workspace),
        rest=rest,
    )
    with _place(asked, call.workspace) as (place, jobs):
        how = replace(how, place=place, jobs=jobs)
        outcomes = package.Scheduler(cells, how, call.workspace, call.progress).run()
    return _result(spec, outcomes, asked, call)


@contextmanager
def _place(asked: _Given, workspace: Workspace) -> Iterator[tuple[JobPlace, int]]:
    """Where cells run, and how many side by side.

    Raises:
        UsageError: There is no cluster at that address.
        ToolMissing: Ray is not installed.
    """
    if asked.on is None:
        from tinyssl.stages.table.jobs import be_nice, here

        be_nice(asked.nice)
        yield here(asked.jobs or 1), asked.jobs or 1
        return
    if find_spec("ray") is None:
        raise ToolMissing("Ray is not installed", hint="pip install 'tinyssl[cluster]'")
    from tinyssl.stages.table.cluster import cluster

    with cluster(asked.on, asked.jobs, asked.nice, workspace.root) as found:
        yield found


def _minutes(asked: _Given) -> float | None:
    """Until the table ends, whichever comes first."""
    if asked.until is None:
        return asked.minutes
    until = seconds_until(asked.until, datetime.now()) / 60
    return until if asked.minutes is None else min(until, asked.minutes)


def _rest(asked: _Given) -> Rest:
    """When it rests.

    Raises:
        UsageError: A span that is none; --idle where nothing tells niced programs from others.
    """
    if asked.idle and asked.nice < 1:
        raise UsageError(
            f"--idle --nice {asked.nice}: niceness tells the table's work from that of others",
            hint="use --nice 1 or more",
        )
    hours = Hours.of(asked.hours) if asked.hours else None
    return Rest(hours, OtherUsers() if asked.idle else None)


def _spec(asked: _Given) -> TableSpec:
    from tinyssl.stages.table.spec import read_table

    if asked.on is not None and not asked.on.startswith("ray://"):
        raise UsageError(
            f"--on {asked.on!r} is no Ray cluster", hint="write it as ray://HOST:10001"
        )
    spec = read_table(Path(asked.file))
    path = Path(asked.data_path).absolute() if asked.data_path else None
    spec = spec.overridden("data", data_path=path)
    spec = spec.overridden("pretrain", teacher=asked.teacher, epochs=asked.epochs)
    names = [name for part in asked.only for name in part.split(",") if name]
    return spec.only(names) if names else spec


def _plan(spec: TableSpec, cells: Sequence[Cell], workspace: Workspace, asked: _Given) -> Result:
    """What is left, also of a table that runs in another shell, and how long it will take."""
    from tinyssl.core.commands import shown
    from tinyssl.stages.table import left_of, look_up, whole

    outcomes = [look_up(cell, workspace) for cell in cells]
    left = [left_of(outcome, workspace) for outcome in outcomes]
    rows = [_left_row(each) for each in left]
    commands = [shown(each.outcome.words()) if each.outcome.is_open else "" for each in left]
    data = [_left_json(*pair) for pair in zip(left, commands, strict=True)]
    total = whole(left)
    working = [f"{each.outcome.cell.name}: {each.holder}" for each in left if each.holder]
    blocks: list[Table | str] = [
        Table(("cell", "state", "next", "trained", "time left", "from"), rows, split=True),
        "",
        *working,
        *(command for each, command in zip(left, commands, strict=True)
          if command and not each.holder),
        "",
        total.text(asked.jobs or 1),
    ]  # fmt: skip
    found: dict[str, Any] = {
        "cells": data,
        "left": total.cells,
        "seconds": total.seconds,
        "unknown": total.unknown,
    }
    if asked.out:
        blocks.append(_written(spec, outcomes, workspace, asked))
        found["document"] = Path(asked.out).absolute()
    return Result(found, blocks)


def _left_row(left: Left) -> tuple[str, ...]:
    from tinyssl.stages.table import span_text

    guess, outcome = left.estimate, left.outcome
    if not outcome.is_open:
        return (outcome.cell.name, left.state, "", "", "", "")
    seconds = span_text(guess.known) if guess.known or not guess.unknown else ""
    parts = [part for part in (seconds, *(f"? {name}" for name in guess.unknown)) if part]
    return (
        outcome.cell.name, left.state, outcome.step, left.done, " + ".join(parts), guess.basis
    )  # fmt: skip


def _left_json(left: Left, command: str) -> dict[str, Any]:
    outcome, guess = left.outcome, left.estimate
    return {
        "cell": outcome.cell.name,
        "state": left.state,
        "step": outcome.step if outcome.is_open else "",
        "holder": left.holder,
        "resumes": outcome.pretrain.folder if outcome.is_open and outcome.pretrain else None,
        "steps_left": guess.steps,
        "seconds": guess.known,
        "unknown": guess.unknown,
        "command": command,
    }


def _written(
    spec: TableSpec, outcomes: Sequence[CellOutcome], workspace: Workspace, asked: _Given
) -> str:
    """Writes the document; the line that says so."""
    from tinyssl.stages.table.document import write_document

    assert asked.out is not None
    command = "tinyssl table " + " ".join(_again(asked))
    write_document(Path(asked.out), spec, outcomes, workspace, command)
    return f"document: {asked.out}"


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
        blocks.append(_written(spec, outcomes, call.workspace, asked))
        data["document"] = Path(asked.out).absolute()
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
        click.RichOption(
            ["--jobs"], type=click.IntRange(1),
            help="Cells side by side  [default: 1; with --on one for each computer]",
        ),
        click.RichOption(
            ["--on"], metavar="ray://HOST:PORT",
            help="Run the cells on the computers of this Ray cluster",
        ),
        click.RichOption(
            ["--minutes"], type=click.FloatRange(0), metavar="NUMBER",
            help="Stop at a checkpoint before so many minutes are over",
        ),
        click.RichOption(
            ["--until"], metavar="HH:MM", help="Stop at a checkpoint before this time of day"),
        click.RichOption(
            ["--hours"], metavar="HH:MM-HH:MM",
            help="Train in these hours of the day only, and wait in the others",
        ),
        click.RichOption(
            ["--idle"], is_flag=True,
            help="Wait at a checkpoint while programs that are not niced use the computer",
        ),
        click.RichOption(
            ["--nice"], type=click.IntRange(0, 19), default=10,
            help="Niceness of everything that runs  [default: 10]",
        ),
        click.RichOption(
            ["--dry-run"], is_flag=True,
            help="Say what is left and for how long, also while the table runs in another shell",
        ),
        click.RichOption(["--retry"], is_flag=True, help="Do cells again that failed before"),
        click.RichOption(
            ["--out"], metavar="FILE.md", type=click.Path(dir_okay=False),
            help="Write the document: tables, cost, commands",
        ),
    ),
)  # fmt: skip
