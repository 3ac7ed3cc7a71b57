"""`tinyssl compare`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Prose, Result, Table
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord, Workspace, read_record
from tinyssl.stages.call import Call


def compare(call: Call, runs: tuple[str, ...], markdown: bool) -> Result:
    """Put pretrain runs side by side: accuracy, cost, gap to supervised.

    RUN is the folder of a pretrain run, or of a workspace, of which all are taken; none: those of
    this workspace. What belongs to a run (probe, evaluate, convert, bench) is found by the files
    that it read. Runs that differ only in their seed are one row, mean ± standard deviation.
    """
    from tinyssl.report.compare import as_json, rows
    from tinyssl.report.compare_table import table

    found = rows(_records(call.workspace, [Path(run) for run in runs]))
    if not found:
        raise UsageError(
            "there is no finished pretrain run to compare", hint="run `tinyssl pretrain` first"
        )
    compared = table(found)
    if markdown:
        blocks: tuple[Table | str, ...] = (compared.markdown(),)
    else:
        named = [f"{row.label}: {', '.join(row.runs)}" for row in found]
        shown = Table(compared.columns, compared.rows, split=True)
        blocks = (shown, "", *map(Prose, compared.notes), "", *map(Prose, named))
    return Result(data={"rows": as_json(found)}, blocks=blocks)


def _records(workspace: Workspace, folders: list[Path]) -> list[RunRecord]:
    """All runs that may belong to the named ones, and of pretrain runs those that are named."""
    if not folders:
        return workspace.all()
    chosen: dict[Path, RunRecord] = {}
    for folder in folders:
        for record in _around(workspace, folder):
            chosen[record.folder.resolve()] = record
    return list(chosen.values())


def _around(workspace: Workspace, folder: Path) -> list[RunRecord]:
    if (folder / "runs").is_dir():
        return Workspace(folder, note=workspace.note).all()
    run = read_record(workspace.run_folder(folder))
    if run.kind != "pretrain":
        raise UsageError(
            f"{folder} is a {run.kind} run; runs are compared from their pretraining on",
            hint="name folders runs/pretrain-…, or none for all of the workspace",
        )
    others = Workspace(run.folder.resolve().parent.parent, note=workspace.note).all()
    return [run, *(other for other in others if other.kind != "pretrain")]


command = make_command(
    compare,
    own=(
        click.RichArgument(["runs"], nargs=-1, metavar="[RUN]…"),
        click.RichOption(["--markdown"], is_flag=True, help="Print a Markdown table"),
    ),
)
