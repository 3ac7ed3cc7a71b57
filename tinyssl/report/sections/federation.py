"""What devices learnt together."""

from __future__ import annotations

from tinyssl.core.errors import TinysslError
from tinyssl.core.records import RunRecord
from tinyssl.report import charts
from tinyssl.report.chain import Chain
from tinyssl.report.page import (
    Block,
    Column,
    HeadlineCard,
    Note,
    Page,
    PageSection,
    PageTable,
    Picture,
)
from tinyssl.report.values import MISSING, Fields, decimal, grouped, percent, rows, size

METRICS = (("accuracy", "Accuracy"), ("loss", "Loss"))
LEAD = (
    "Devices learn from their own samples and send parameters, never a sample. Unseen devices took"
    " no part: they show how well what was learnt suits a new one, before and after it learns from"
    " a few samples of its own."
)


def federation(chain: Chain) -> PageSection | None:
    """The federation that this build took part in."""
    return None if chain.federate is None else section_of(chain.federate)


def section_of(run: RunRecord) -> PageSection:
    """Curve, unseen devices, traffic, boards."""
    blocks: list[Block] = []
    if (picture := _curve(run)) is not None:
        blocks.append(picture)
    blocks += [_unseen(run), _traffic(run)]
    found = Fields(run.results)
    if list(found.fields("devices").items()):
        blocks.append(_boards(found))
        compared, different = found.integer("compared"), found.integer("different")
        if different:
            blocks.append(Note(f"{different} answers of boards had other bits.", "bad"))
        elif compared:
            text = f"{grouped(compared)} answers of boards had all the bits that the host learns."
            blocks.append(Note(text))
    return PageSection("federation", "Learning together", LEAD, tuple(blocks))


def page_of(run: RunRecord) -> Page:
    """A page of this run alone."""
    found = Fields(run.results)
    boards = len(list(found.fields("devices").items()))
    started = str(run.started).replace("T", " ").removesuffix("+00:00")
    parts = [
        f"{grouped(found.number('simulated'))} simulated devices",
        f"{boards} boards" if boards else "",
        f"started {started} UTC",
    ]
    ended = "" if run.status == "complete" else f"Partial record: this run is {run.status}."
    return Page(
        title=f"{found.text('task') or 'Federation'}, {found.text('strategy')}",
        subtitle=" · ".join(filter(None, parts)),
        banner=ended,
        cards=tuple(_cards(found)),
        sections=(section_of(run),),
        omitted=(),
        footer=f"tinyssl {Fields(run.versions).text('tinyssl')} · {run.folder.name}",
    )


def _cards(found: Fields) -> list[HeadlineCard]:
    metric, title = next(
        each
        for each in METRICS
        if found.number(f"{each[0]}_after") is not None or each[0] == "loss"
    )
    steps = grouped(found.number("online_steps"))
    first = _figure(metric, found.number(f"first_{metric}_after"))
    return [
        HeadlineCard(
            f"{title} on unseen devices",
            _figure(metric, found.number(f"{metric}_after")),
            detail=f"after {steps} samples; without federation {first}",
        ),
        HeadlineCard("A round, to devices", size(found.number("bytes_down"))),
        HeadlineCard("A round, back", size(found.number("bytes_up"))),
    ]


def _figure(metric: str, value: float | None) -> str:
    if value is None:
        return MISSING
    return percent(value) if metric == "accuracy" else decimal(value, 3)


def _curve(run: RunRecord) -> Picture | None:
    try:
        logged = rows(run.metrics())
    except (TinysslError, OSError, ValueError):
        return None
    curves = []
    for metric, title in METRICS:
        for when in ("after", "before"):
            points = [
                (float(number), value)
                for row in logged
                if (value := row.number(f"{metric}_{when}")) is not None
                and (number := row.number("round")) is not None
            ]
            if points:
                curves.append((f"{title.lower()}, {when}", sorted(points)))
    if not curves:
        return None
    return Picture(
        name="federation",
        template="training",
        data=charts.training(curves[:2], "round"),
        title="Unseen devices over the rounds",
        caption="Mean over unseen devices, before and after their online steps, by round.",
    )


def _unseen(run: RunRecord) -> PageTable:
    found = Fields(run.results)
    listed = []
    for prefix, model in (("first_", "first model"), ("", "learnt together")):
        for metric, title in METRICS:
            values = [found.number(f"{prefix}{metric}_{when}") for when in ("before", "after")]
            if values != [None, None]:
                cells = (_figure(metric, value) for value in values)
                listed.append((f"{title}, {model}", *cells))
    steps = grouped(found.number("online_steps"))
    columns = (
        Column("Unseen devices", numeric=False),
        Column("At the start"),
        Column(f"After {steps} samples"),
    )
    return PageTable(columns, tuple(listed))


def _traffic(run: RunRecord) -> PageTable:
    found = Fields(run.results)
    pairs = (
        ("Strategy", found.text("strategy")),
        ("Rounds", grouped(found.number("rounds"))),
        ("Devices a round", grouped(found.number("per_round"))),
        ("Samples of a device", grouped(found.number("samples"))),
        ("Parameters", grouped(found.number("parameters"))),
        ("Of these, sent", grouped(found.number("common"))),
        ("To devices, a round", size(found.number("bytes_down"))),
        ("Back, a round", size(found.number("bytes_up"))),
        ("Left out", grouped(found.number("left_out"))),
    )
    columns = (Column("Federation", numeric=False), Column(""))
    return PageTable(columns, tuple((name, value or MISSING) for name, value in pairs))


def _boards(found: Fields) -> PageTable:
    names = ("Board", "Rounds", "Left out", "RAM", "Step", "Line", "Erases", "Before", "After")
    listed = []
    for name, each in found.fields("devices").items():
        line = [each.number(f"line_bytes_{what}") or 0.0 for what in ("parameters", "samples")]
        step = each.number("training_step")
        losses = [each.fields(when).number("loss") for when in ("before", "after")]
        listed.append(
            (
                name,
                grouped(each.number("rounds")),
                grouped(each.number("left_out")),
                size(each.number("ram_bytes")),
                grouped(step),
                size(sum(line)),
                grouped(each.number("flash_erases")),
                *(decimal(loss, 2) for loss in losses),
            )
        )
    return PageTable(
        tuple(Column(name, numeric=index > 0) for index, name in enumerate(names)),
        tuple(listed),
        caption="Step: a training step, in instructions (host: nanoseconds). Line: bytes of the"
        " serial line, both ways, parameters and samples. Before, after: loss of the board as an"
        " unseen device, and its online steps.",
    )
