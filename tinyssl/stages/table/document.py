"""The document of a table: every figure from the records, the words of its author beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinyssl.core.commands import shown
from tinyssl.core.errors import UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.files import Unreadable, read_text, write_text
from tinyssl.core.records import RunRecord, Workspace, short_commit
from tinyssl.core.text import printable_lines
from tinyssl.report.compare import ComparedRow, Figure, describe_machine, rows
from tinyssl.report.compare_table import spread_text, table
from tinyssl.report.values import MISSING, day_span, decimal, interval
from tinyssl.stages.table.cells import Cell
from tinyssl.stages.table.document_curve import curve_part
from tinyssl.stages.table.markdown import markdown_table
from tinyssl.stages.table.outcome import CellOutcome, CellState, fresh_words
from tinyssl.stages.table.published import differences, ordering, share_published
from tinyssl.stages.table.spec import TableRow, TableSpec
from tinyssl.stages.table.status import epochs_done

PLACEHOLDER = re.compile(r"\{\{ *(\w+) +(\w+) *\}\}")
"""`{{ROW FIGURE}}` in the author's text: a measured figure of a `ComparedRow`"""


@dataclass(frozen=True)
class Line:
    """A row of the table with all its cells."""

    row: TableRow
    outcomes: tuple[CellOutcome, ...]
    compared: ComparedRow | None
    """Its figures; None where nothing was finished"""

    def figure(self, name: str) -> Figure | None:
        return self.compared.figures.get(name) if self.compared else None

    def percent(self, name: str) -> str:
        """A fraction with its deviation, in percent."""
        figure = self.figure(name)
        return MISSING if figure is None else spread_text(figure)

    @property
    def interval(self) -> str:
        """Of the linear probe, from the number of test images, in percent."""
        figure, images = self.figure("linear"), self.compared.test_images if self.compared else 0
        return interval(figure.mean if figure else None, images)

    @property
    def state(self) -> str:
        """What is to be said beside the figures; empty where all is done."""
        steps = [outcome.collapsed_step for outcome in self.outcomes]
        collapsed = sorted({step for step in steps if step is not None})
        parts = []
        if collapsed:
            parts.append("collapsed at step " + ", ".join(f"{step:,}" for step in collapsed))
        states = [outcome.state for outcome in self.outcomes]
        for state, text in ((CellState.FAILED, "failed"), (CellState.OPEN, "not finished")):
            if state in states:
                share = f"{states.count(state)} of {len(states)} " if len(set(states)) > 1 else ""
                parts.append(share + text)
        said = self.compared.verdicts() if self.compared else ()
        parts += [f"{done} so far" for outcome in self.outcomes if (done := epochs_done(outcome))]
        return "; ".join([*parts, *said, *filter(None, [self.row.note])])


def write_document(
    path: Path,
    spec: TableSpec,
    outcomes: Sequence[CellOutcome],
    workspace: Workspace,
    command: str,
) -> None:
    """Writes the Markdown document of a table, finished or not.

    Args:
        path: Where to.
        spec: What was asked.
        outcomes: What came of it.
        workspace: Where evaluations and conversions of the runs are looked for.
        command: The command that makes the document.
    """
    lines = _lines(spec, outcomes, workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    curve = curve_part(outcomes, workspace, path)
    parts = _parts(spec, lines, command, curve)
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    write_text(path, printable_lines(text) + "\n")


def _lines(spec: TableSpec, outcomes: Sequence[CellOutcome], workspace: Workspace) -> list[Line]:
    chosen = [outcome.pretrain for outcome in outcomes if outcome.probe and outcome.pretrain]
    others = [run for run in workspace.all() if run.kind not in ("pretrain", "probe")]
    probes = [outcome.probe for outcome in outcomes if outcome.probe]
    found = rows([*chosen, *probes, *others])
    lines = []
    for row in spec.rows:
        own = tuple(outcome for outcome in outcomes if outcome.cell.row.name == row.name)
        names = {outcome.pretrain.folder.name for outcome in own if outcome.pretrain}
        same = [compared for compared in found if names & set(compared.runs)]
        lines.append(Line(row, own, same[0] if same else None))
    return lines


def _parts(spec: TableSpec, lines: Sequence[Line], command: str, curve: str) -> Iterator[str]:
    yield f"# {spec.title}"
    yield _head(lines, command)
    yield "## Results"
    yield _results(spec, [line for line in lines if line.row.ablation_of is None])
    yield curve
    ablations = [line for line in lines if line.row.ablation_of is not None]
    if ablations:
        yield "## Ablations"
        yield _ablations(lines, ablations)
    if spec.notes is not None and spec.notes.exists():
        yield _filled(_notes(spec.notes), lines)
    if spec.published:
        yield "## What differs from the published experiment"
        yield differences(spec, [outcome for line in lines for outcome in line.outcomes])
    measured = [line.compared for line in lines if line.compared]
    if measured:
        yield "## All figures"
        yield table(list({row.runs: row for row in measured}.values())).markdown()
    yield "## Commands"
    yield _commands(lines, command)
    yield "## Runs"
    yield _runs(lines)


def _records(lines: Iterable[Line]) -> list[RunRecord]:
    pairs = [(outcome.pretrain, outcome.probe) for line in lines for outcome in line.outcomes]
    return [run for pair in pairs for run in pair if run is not None]


def _head(lines: Sequence[Line], command: str) -> str:
    """Who measured what, when and where: from the records."""
    records = _records(lines)
    outcomes = [outcome for line in lines for outcome in line.outcomes]
    ended = [outcome for outcome in outcomes if outcome.state is not CellState.OPEN]
    dates = [run.finished[:10] for run in records if run.finished]
    commits = sorted({short_commit(run.commit) for run in records if run.commit})
    machines = sorted({describe_machine(run) for run in records})
    versions = sorted({run.versions.get("torch", "") for run in records} - {""})
    seeds = sorted({outcome.cell.seed for outcome in outcomes})
    parts = [
        f"Written by `{command}` from the records of the runs; not edited by hand.",
        f"{len(ended)} of {len(outcomes)} runs are finished; {_cost(records)}.",
        f"Measured {day_span(dates) or 'not yet'}, seed{'s' if len(seeds) > 1 else ''} "
        f"{', '.join(map(str, seeds))}, on {'; '.join(machines) or MISSING}.",
        f"tinyssl at commit {', '.join(commits) or MISSING} (+: with changes), "
        f"torch {', '.join(versions) or MISSING}.",
    ]
    return "\n".join(parts)


def _cost(records: Sequence[RunRecord]) -> str:
    """Time of all trainings, and of the teacher's features, which are computed once."""
    trained = [Fields(run.results) for run in records if run.kind == "pretrain"]
    training = sum(found.number("seconds") or 0.0 for found in trained)
    features = sum(found.number("teacher_wait_seconds") or 0.0 for found in trained)
    taught = f", teachers' features {features / 60:.0f} minutes" if features >= 60 else ""
    return f"training took {training / 60:.0f} minutes in all{taught}"


def _results(spec: TableSpec, lines: Sequence[Line]) -> str:
    """The table itself, beside the published figures."""
    columns = ["method", "linear probe, %", "95 % interval", "random weights", "pixels"]
    columns += ["of supervised", "kNN, %"]
    published = any(line.row.published is not None for line in lines)
    if published:
        columns += ["published, %", "published, of supervised"]
    columns += ["teacher", "head parameters", "n", ""]
    body = []
    for line in lines:
        compared = line.compared
        cells = [
            line.row.title,
            line.percent("linear"),
            line.interval,
            line.percent("linear_random"),
            line.percent("linear_raw"),
            _published_share(compared),
            line.percent("knn"),
        ]
        if published:
            cells += share_published(line.row, [other.row for other in lines])
        heads = f"{compared.parameters.get('heads', 0):,}" if compared else MISSING
        teacher = compared.teacher if compared else ""
        count = str(len(compared.runs)) if compared else "0"
        body.append([*cells, teacher or MISSING, heads, count, line.state])
    source = spec.published.get("source")
    note = _counted(lines) + f"\n\nPublished: {source}." if published and source else ""
    order = ordering([(line.row, _mean(line)) for line in lines])
    return markdown_table(columns, body) + note + (f"\n\n{order}" if order else "")


def _counted(lines: Sequence[Line]) -> str:
    """How to read the intervals, and what guessing is right in."""
    images = sorted({line.compared.test_images for line in lines if line.compared})
    if not images or not images[0]:
        return ""
    guesses = {line.percent("majority") for line in lines if line.figure("majority")}
    always = f" Always answering the most frequent class: {', '.join(sorted(guesses))} %."
    counts = ", ".join(f"{count:,}" for count in images)
    return (
        "\n\n± is the standard deviation over the n seeds; where n is 1, over the probe's seeds. "
        f"Intervals are Wilson's, from {counts} test images, without the spread over seeds."
        + (always if guesses else "")
    )


def _mean(line: Line) -> float | None:
    figure = line.figure("linear")
    return None if figure is None else figure.mean


def _published_share(compared: ComparedRow | None) -> str:
    return (
        MISSING if compared is None or compared.ratio is None else f"{100 * compared.ratio:.1f} %"
    )


def _ablations(lines: Sequence[Line], ablations: Sequence[Line]) -> str:
    """Each against the row from which it differs in one thing."""
    whole = {line.row.name: line for line in lines}
    body = []
    for name in dict.fromkeys(line.row.ablation_of for line in ablations if line.row.ablation_of):
        base = whole.get(name)
        if base is not None:
            body.append(
                [base.row.title, base.percent("linear"), "", base.percent("knn"), base.state]
            )
        for line in ablations:
            if line.row.ablation_of == name:
                body.append(
                    [line.row.title, line.percent("linear"), _change(line, base),
                     line.percent("knn"), line.state]
                )  # fmt: skip
    return markdown_table(["variant", "linear probe, %", "change, points", "kNN, %", ""], body)


def _change(line: Line, base: Line | None) -> str:
    own, other = line.figure("linear"), base.figure("linear") if base else None
    return MISSING if own is None or other is None else f"{100 * (own.mean - other.mean):+.2f}"


def _notes(path: Path) -> str:
    try:
        return read_text(path)
    except Unreadable as error:
        raise UsageError(f"{path}: {error}", hint="notes are Markdown in UTF-8") from error


def _filled(text: str, lines: Sequence[Line]) -> str:
    """The author's text with the measured figures in their places."""
    known = {line.row.name: line for line in lines}

    def figure(found: re.Match[str]) -> str:
        line = known.get(found[1])
        return MISSING if line is None else line.percent(found[2])

    return PLACEHOLDER.sub(figure, text)


def _commands(lines: Sequence[Line], command: str) -> str:
    """What makes all of it, and each cell by itself."""
    single = []
    for line in lines:
        for outcome in line.outcomes[:1]:
            single.append(shown(fresh_words(_portable(outcome.cell))))
    intro = "All of it (the same command goes on where it was stopped):"
    each = "A row by itself, first seed; each is followed by `tinyssl probe`:"
    return "\n".join([intro, "", f"    {command}", "", each, "", *(f"    {s}" for s in single)])


def _portable(cell: Cell) -> Cell:
    """The cell with the name of its images' file in place of its path on this computer."""
    path = cell.data.data_path
    return replace(cell, data=replace(cell.data, data_path=Path(path.name))) if path else cell


def _runs(lines: Sequence[Line]) -> str:
    body = []
    for line in lines:
        for outcome in line.outcomes:
            run, probe = outcome.pretrain, outcome.probe
            body.append([
                outcome.cell.name,
                str(outcome.state),
                run.folder.name if run else MISSING,
                probe.folder.name if probe else MISSING,
                decimal(_accuracy(probe)),
                short_commit(run.commit) if run else MISSING,
                outcome.error or "",
            ])  # fmt: skip
    columns = ["cell", "state", "pretrain run", "probe run", "linear probe, %", "commit", ""]
    return markdown_table(columns, body)


def _accuracy(probe: RunRecord | None) -> float | None:
    """In percent."""
    share = Fields(probe.results).number("accuracy") if probe else None
    return None if share is None else 100 * share
