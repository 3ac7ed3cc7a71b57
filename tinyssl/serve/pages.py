"""The pages as data: what each shows, before anything is written as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from tinyssl.catalog.match import Match
from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord
from tinyssl.report.page import (
    Block,
    Code,
    LinkCell,
    Note,
    PageTable,
)
from tinyssl.report.values import MISSING, decimal, grouped, percent, short
from tinyssl.serve.ask import Solutions
from tinyssl.serve.jobs import StartedJob
from tinyssl.serve.live import cards, so_far
from tinyssl.serve.parts import WebPage, minute, run_link, section, table
from tinyssl.serve.view import Knowledge

MOST_MODELS, MOST_PLACES = 6, 40
"""Columns and rows of the matrix of all pairs"""
MOST_RUNS = 200
"""Rows of the table of runs"""


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
    listed = table(columns, found, columns[2:4])
    lead = "Of the zoo, of your convert runs, and those that you added."
    add = Code(("tinyssl catalog add FILE.tflite --task WORD --sensor NAME",), "adds a model")
    return WebPage("Models", lead, (section("models", "Models", "", listed, add),))


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
            section("matrix", "All pairs", _matrix_lead(pairs), _matrix(pairs)),
            section("fits", "Fits", f"{len(good)} of {len(pairs)} pairs, the best first.",
                     table(columns, fitting, columns[2:])),
            section("reasons", "Why not", f"{len(others)} pairs.",
                     table(("model", "board", "why not"), reasons)),
        ),
        live=compiling,
        form="deploy",
        values={
            "models": list(dict.fromkeys(each.model_name for each in emulated)),
            "boards": list(dict.fromkeys(each.target_name for each in emulated)),
        },
    )  # fmt: skip


def _matrix(pairs: Sequence[Match]) -> PageTable:
    """Boards and devices down, models across: instructions where it runs, else why not."""
    models = list(dict.fromkeys(each.model_name for each in pairs))[:MOST_MODELS]
    places = list(dict.fromkeys(each.target_name for each in pairs))[:MOST_PLACES]
    cells = {(each.target_name, each.model_name): _verdict(each) for each in reversed(pairs)}
    rows = [(place, *(cells.get((place, model), MISSING) for model in models)) for place in places]
    return table(("board", *models), rows)


def _matrix_lead(pairs: Sequence[Match]) -> str:
    models, places = ({getattr(each, name) for each in pairs} for name in ("model", "target"))
    lead = "Instructions where the model runs, else the first reason why not."
    if len(models) > MOST_MODELS or len(places) > MOST_PLACES:
        lead += f" The first {MOST_PLACES} of {len(places)} and {MOST_MODELS} of {len(models)}."
    return lead


def _verdict(each: Match) -> str:
    if not each.fits:
        return each.reasons[0].partition(":")[0]
    found = each.figures.get("Instructions")
    return "fits" if found is None else f"✓ {short(found)}"


def runs_page(found: Sequence[RunRecord]) -> WebPage:
    """All records."""
    shown = [
        (run_link(run.folder.name), run.kind, run.status, minute(run.started), _headline(run))
        for run in found[:MOST_RUNS]
    ]
    lead = f"The newest {len(shown)} of {len(found)}."
    listed = table(("run", "stage", "state", "started, UTC", "result"), shown)
    return WebPage("Runs", lead, (section("runs", "Runs", "", listed),), live=True)


def _headline(run: RunRecord) -> str:
    """The figure of a run that matters most."""
    results = Fields(run.results)
    accuracy = results.number("accuracy_device", "accuracy_int8", "accuracy_after", "accuracy")
    if accuracy is not None:
        return percent(accuracy)
    loss = results.number("loss")
    return run.error or (MISSING if loss is None else f"loss {decimal(loss, 4)}")


def run_page(run: RunRecord, logged: Sequence[Fields]) -> WebPage:
    """One record: what it has logged so far, its settings and results.

    Args:
        run: The record.
        logged: Lines of its metrics.
    """
    values = [(name, _plain(value)) for name, value in run.results.items()]
    settings = [(name, _plain(value)) for name, value in run.config.items()]
    pages = [(LinkCell("the report", f"/runs/{run.folder.name}/report"),)]
    report = [table(("report",), pages)] if "report" in run.files else []
    facts = [
        ("stage", run.kind),
        ("started", run.started),
        ("ended", run.finished or MISSING),
        ("commit", run.commit),
        ("seed", _plain(run.seed)),
        ("command", " ".join(run.command)),
    ]
    sections = [section("facts", "Run", run.error, table(("", ""), facts), *report)]
    sections[:0] = so_far(run, logged)
    if values:
        sections.append(section("results", "Results", "", table(("figure", "value"), values)))
    sections.append(section("settings", "Settings", "", table(("option", "value"), settings)))
    return WebPage(
        run.folder.name, run.status, tuple(sections), cards(run, logged), run.status == "running"
    )


def _plain(value: object) -> str:
    text = MISSING if value is None else str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def job_page(job: StartedJob) -> WebPage:
    """A command's output."""
    block = Code(tuple(job.text().splitlines()) or ("nothing yet",), job.started)
    output = section("output", "Output", "Its last lines.", block)
    return WebPage(job.title, job.state, (output,), live=job.state == "running")


def sparql(query: str, found: Solutions, problem: str) -> WebPage:
    """The console."""
    blocks: list[Block] = []
    if problem:
        blocks.append(Note(problem, "bad"))
    elif query:
        cells = [tuple(_plain(value) for value in row) for row in found.rows]
        blocks.append(table(found.names, cells) if cells else Note("Nothing fits the pattern."))
    lead = "SELECT alone: nothing can be changed here. The prefixes of docs/catalog.md are set."
    count = f"The first {len(found.rows)}; there are more." if found.more else f"{len(found.rows)}"
    part = (section("solutions", "Solutions", "" if problem else count, *blocks),) if blocks else ()
    return WebPage("SPARQL", lead, part, form="sparql", values={"query": query})
