"""The pages as data: what each shows, before anything is written as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tinyssl.catalog.match import Match
from tinyssl.core.errors import TinysslError
from tinyssl.core.fields import Fields, number, rows
from tinyssl.core.records import RunRecord
from tinyssl.report import charts
from tinyssl.report.page import (
    Block,
    Cell,
    Code,
    Column,
    HeadlineCard,
    LinkCell,
    Note,
    PageSection,
    PageTable,
    Picture,
)
from tinyssl.report.values import MISSING, decimal, grouped, percent
from tinyssl.serve.jobs import StartedJob
from tinyssl.serve.view import Knowledge

CURVES = ("loss", "accuracy", "lr", "images_per_second", "error")
"""Figures of metrics.jsonl that are drawn, in this order"""
MOST_RUNS = 200
"""Rows of the table of runs"""
MOST_SOLUTIONS = 1000


@dataclass(frozen=True)
class WebPage:
    """One page of the site."""

    title: str
    lead: str
    sections: tuple[PageSection, ...] = ()
    cards: tuple[HeadlineCard, ...] = ()
    live: bool = False
    """Whether a browser asks again every other second"""
    form: str = ""
    """Template of a form below the title: deploy, sparql, login"""
    values: dict[str, object] | None = None
    """For the form"""


WRAPPED = ("why not", "value", "result", "")
"""Columns of long texts, whose words may be broken"""


def _table(
    names: Sequence[str], found: Sequence[Sequence[Cell]], numeric: Sequence[str] = ()
) -> PageTable:
    columns = tuple(Column(name, numeric=name in numeric, wrap=name in WRAPPED) for name in names)
    return PageTable(columns, tuple(tuple(row) for row in found))


def _section(name: str, title: str, lead: str, *blocks: Block) -> PageSection:
    return PageSection(name, title, lead, blocks)


def run_link(name: str) -> LinkCell:
    """To the page of a run."""
    return LinkCell(name, f"/runs/{quote(name)}")


def fleet(known: Knowledge, runs: Sequence[RunRecord], jobs: Sequence[StartedJob]) -> WebPage:
    """What runs where: devices and boards, their last measurement, commands under way."""
    last: dict[str, RunRecord] = {}
    for run in runs:
        if run.kind == "bench" and run.status == "complete":
            last.setdefault(Fields(run.results).text("board"), run)
    devices = [place for place in known.places if place.board]
    boards = [place for place in known.places if not place.board]
    columns = ("board", "RAM free, B", "flash free, B", "last measured", "latency", "accuracy")
    measured = [_board_row(each.name, each.ram, each.flash, last.get(each.name)) for each in boards]
    cards = (
        HeadlineCard("Devices seen", str(len(devices)), detail="asked by tinyssl catalog devices"),
        HeadlineCard("Boards", str(len(boards))),
        HeadlineCard("Models", str(len(known.models))),
        HeadlineCard("Running", str(sum(job.state == "running" for job in jobs)), "commands"),
    )
    seen = [(each.name, each.board.rpartition(":")[2]) for each in devices]
    none = Note("No device was seen here yet: tinyssl flash, then tinyssl catalog devices.")
    return WebPage(
        "Fleet",
        "Devices that were seen, the boards that tinyssl knows, and what was measured on them.",
        (
            _section("devices", "Devices", "As they answered last.",
                     _table(("device", "board"), seen) if seen else none),
            _section("boards", "Boards", "The last complete bench run of each.",
                     _table(columns, measured, columns[1:3])),
            *_jobs_section(jobs),
        ),
        cards,
        live=True,
    )  # fmt: skip


def _board_row(name: str, ram: int, flash: int, run: RunRecord | None) -> tuple[Cell, ...]:
    if run is None:
        return (name, grouped(ram), grouped(flash), MISSING, MISSING, MISSING)
    results = Fields(run.results)
    latency = results.fields("latency")
    time = f"{grouped(latency.number('median'))} {latency.text('unit')}"
    accuracy = percent(results.number("accuracy_device"))
    return (name, grouped(ram), grouped(flash), run_link(run.folder.name), time, accuracy)


def _jobs_section(jobs: Sequence[StartedJob]) -> tuple[PageSection, ...]:
    if not jobs:
        return ()
    found = [(LinkCell(job.title, f"/jobs/{job.id}"), job.state, job.started) for job in jobs]
    table = _table(("command", "state", "started"), found)
    return (_section("jobs", "Commands", "Started by a click, the newest first.", table),)


def models(known: Knowledge) -> WebPage:
    """All models."""
    found = [
        (
            need.name,
            need.task,
            grouped(need.ram),
            grouped(need.flash),
            ", ".join(sorted(need.sensors)) or MISSING,
            percent(need.accuracy),
        )
        for need in known.models
    ]
    columns = ("model", "task", "RAM, least, B", "flash, least, B", "sensors", "accuracy")
    table = _table(columns, found, columns[2:4])
    lead = "Of the zoo, of your convert runs, and those that you added."
    add = Code(("tinyssl catalog add FILE.tflite --task WORD --sensor NAME",), "adds a model")
    return WebPage("Models", lead, (_section("models", "Models", "", table, add),))


def match(pairs: Sequence[Match], *, compiling: bool = False) -> WebPage:
    """What runs where, and why not.

    Args:
        pairs: All.
        compiling: Whether some are still by the rule, and being compiled.
    """
    good = [each for each in pairs if each.fits]
    others = [each for each in pairs if not each.fits]
    columns = ("model", "board", "instructions", "RAM, B", "flash, B", "accuracy")
    fitting = [
        (
            each.model_name,
            each.target_name,
            grouped(each.figures.get("Instructions")),
            grouped(each.figures.get("RAM")),
            grouped(each.figures.get("Flash")),
            percent(each.accuracy),
        )
        for each in good
    ]
    reasons = [(each.model_name, each.target_name, "; ".join(each.reasons)) for each in others]
    emulated = [each for each in good if each.emulated]
    return WebPage(
        "Match",
        "The figures are estimates until a bench run has measured them."
        + (" Models are being compiled: until then a rule decides." if compiling else ""),
        (
            _section("fits", "Fits", f"{len(good)} of {len(pairs)} pairs, the best first.",
                     _table(columns, fitting, columns[2:5])),
            _section("reasons", "Why not", f"{len(others)} pairs.",
                     _table(("model", "board", "why not"), reasons)),
        ),
        live=compiling,
        form="deploy",
        values={
            "models": list(dict.fromkeys(each.model_name for each in emulated)),
            "boards": list(dict.fromkeys(each.target_name for each in emulated)),
        },
    )  # fmt: skip


def runs_page(found: Sequence[RunRecord]) -> WebPage:
    """All records."""
    shown = [
        (run_link(run.folder.name), run.kind, run.status, run.started, _headline(run))
        for run in found[:MOST_RUNS]
    ]
    lead = f"The newest {len(shown)} of {len(found)}."
    table = _table(("run", "stage", "state", "started", "result"), shown)
    return WebPage("Runs", lead, (_section("runs", "Runs", "", table),), live=True)


def _headline(run: RunRecord) -> str:
    """The figure of a run that matters most."""
    results = Fields(run.results)
    accuracy = results.number("accuracy_device", "accuracy_int8", "accuracy_after", "accuracy")
    if accuracy is not None:
        return percent(accuracy)
    loss = results.number("loss")
    return run.error or (MISSING if loss is None else f"loss {decimal(loss, 4)}")


def run_page(run: RunRecord) -> WebPage:
    """One record: its curves, live while it runs, its settings and results."""
    blocks: list[Block] = [*_curves(run)]
    values = [(name, _plain(value)) for name, value in run.results.items()]
    settings = [(name, _plain(value)) for name, value in run.config.items()]
    pages = [(LinkCell("the report", f"/runs/{run.folder.name}/report"),)]
    report = [_table(("report",), pages)] if "report" in run.files else []
    facts = [
        ("stage", run.kind),
        ("started", run.started),
        ("ended", run.finished or MISSING),
        ("commit", run.commit),
        ("seed", _plain(run.seed)),
        ("command", " ".join(run.command)),
    ]
    sections = [_section("facts", "Run", run.error, _table(("", ""), facts), *report)]
    if blocks:
        sections.insert(0, _section("curves", "Curves", "As logged so far.", *blocks))
    if values:
        sections.append(_section("results", "Results", "", _table(("figure", "value"), values)))
    sections.append(_section("settings", "Settings", "", _table(("option", "value"), settings)))
    return WebPage(run.folder.name, run.status, tuple(sections), live=run.status == "running")


def _curves(run: RunRecord) -> list[Block]:
    """Figures over the steps, as far as metrics.jsonl has them."""
    try:
        logged = rows(run.metrics())
    except (TinysslError, OSError, ValueError):
        return []
    curves = []
    for name in CURVES:
        points = [
            (step, value)
            for position, row in enumerate(logged)
            if (value := row.number(name)) is not None
            and (step := number(row.get("step", "round", "sample")) or float(position)) is not None
        ]
        if len(points) > 1:
            curves.append((name, sorted(points)))
    if not curves:
        return []
    title = f"Curves over {len(logged)} logged lines"
    return [Picture("curves", "training", charts.training(curves), title, "")]


def _plain(value: object) -> str:
    text = MISSING if value is None else str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def job_page(job: StartedJob) -> WebPage:
    """A command's output."""
    block = Code(tuple(job.text().splitlines()) or ("nothing yet",), job.started)
    section = _section("output", "Output", "Its last lines.", block)
    return WebPage(job.title, job.state, (section,), live=job.state == "running")


def sparql(query: str, found: Sequence[dict[str, object]], problem: str) -> WebPage:
    """The console."""
    blocks: list[Block] = []
    if problem:
        blocks.append(Note(problem, "bad"))
    elif query:
        names = tuple(found[0]) if found else ("no solution",)
        cells = [tuple(_plain(row[name]) for name in names) for row in found[:MOST_SOLUTIONS]]
        blocks.append(_table(names, cells))
    lead = "SELECT alone: nothing can be changed here. The prefixes of docs/catalog.md are set."
    section = (_section("solutions", "Solutions", f"{len(found)}", *blocks),) if blocks else ()
    return WebPage("SPARQL", lead, section, form="sparql", values={"query": query})
