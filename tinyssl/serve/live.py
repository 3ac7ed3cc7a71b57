"""What a run has done so far: curves of trainings, samples and drifts of learning, rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord
from tinyssl.report import charts
from tinyssl.report.page import HeadlineCard, PageSection, Picture
from tinyssl.report.sections.federation import section_of as federation_section
from tinyssl.report.sections.learning import section_of as learning_section
from tinyssl.report.values import MISSING, decimal, grouped, size
from tinyssl.serve.parts import section, table

CURVES = ("loss", "accuracy", "lr", "images_per_second", "error")
"""Figures of metrics.jsonl that are drawn, in this order"""
RECENT = 20
"""Samples whose mean loss a card shows"""
MOST_ROUNDS = 50
"""Rows of the table of rounds: the newest"""


def cards(run: RunRecord, logged: Sequence[Fields]) -> tuple[HeadlineCard, ...]:
    """Headline figures of a run that learns on devices; none of others.

    Args:
        run: Its record.
        logged: Lines of its metrics.
    """
    if run.kind == "learn":
        return _learning_cards(run, logged)
    return _federation_cards(run, logged) if run.kind == "federate" else ()


def so_far(run: RunRecord, logged: Sequence[Fields]) -> Iterator[PageSection]:
    """Sections of what a run has logged; see `cards`."""
    if run.kind == "learn":
        yield learning_section(run)
    elif run.kind == "federate":
        yield federation_section(run)
        rounds = [row for row in logged if row.text("event") == "round"]
        if rounds:
            yield _rounds(rounds)
        boards = {row.text("name"): row for row in logged if row.text("event") == "board"}
        if boards:
            yield _boards(boards)
    elif (picture := _curves(logged)) is not None:
        yield section("curves", "Curves", "As logged so far.", picture)


def _learning_cards(run: RunRecord, logged: Sequence[Fields]) -> tuple[HeadlineCard, ...]:
    steps = [row for row in logged if row.text("event") == "step"]
    recent = [loss for row in steps[-RECENT:] if (loss := row.number("loss")) is not None]
    drifts = [at for at, row in enumerate(steps, start=1) if row.number("drift")]
    backs = sum(row.text("guard") == "back" for row in steps)
    sent = Fields(run.results).number("bytes_sent")
    return (
        HeadlineCard("Samples", grouped(len(steps)), detail="sent to the device so far"),
        HeadlineCard(
            "Loss",
            decimal(sum(recent) / len(recent), 3) if recent else MISSING,
            detail=f"mean of the last {len(recent)} samples",
        ),
        HeadlineCard("Sent", size(sent), detail="over the line, counted at the end"),
        HeadlineCard(
            "Drift",
            f"sample {grouped(drifts[-1])}" if drifts else "none",
            detail=f"went back to its best parameters {backs} times",
            tone="bad" if drifts else "plain",
        ),
    )


def _federation_cards(run: RunRecord, logged: Sequence[Fields]) -> tuple[HeadlineCard, ...]:
    rounds = [row for row in logged if row.text("event") == "round"]
    last = rounds[-1] if rounds else Fields({})
    planned = Fields(run.results).number("rounds")
    down, up = (sum(row.number(f"bytes_{way}") or 0 for row in rounds) for way in ("down", "up"))
    left_out = sum(row.number("left_out") or 0 for row in rounds)
    return (
        HeadlineCard("Rounds", f"{len(rounds)} of {grouped(planned)}", used=None),
        HeadlineCard("Loss", decimal(last.number("loss"), 3), detail="of the last round"),
        HeadlineCard(
            "Devices",
            grouped(last.number("devices")),
            detail=f"in the last round; {grouped(left_out)} left out so far",
            tone="bad" if last.number("left_out") else "plain",
        ),
        HeadlineCard("Sent", size(down), detail=f"to devices so far; {size(up)} back"),
    )


def _rounds(rounds: Sequence[Fields]) -> PageSection:
    newest = rounds[: -MOST_ROUNDS - 1 : -1]
    columns = ("round", "loss", "devices", "left out", "to devices", "back")
    found = [
        (
            grouped(row.number("round")),
            decimal(row.number("loss"), 4),
            grouped(row.number("devices")),
            grouped(row.number("left_out")),
            size(row.number("bytes_down")),
            size(row.number("bytes_up")),
        )
        for row in newest
    ]
    lead = f"The newest {len(newest)} of {len(rounds)}."
    return section("rounds", "Rounds", lead, table(columns, found, columns[1:]))


def _boards(boards: dict[str, Fields]) -> PageSection:
    found = [
        (name, grouped(row.number("round")), row.text("reason") or "took part")
        for name, row in boards.items()
    ]
    columns = ("board", "last round", "result")
    lead = "Each board's last round, and why it was left out."
    return section("boards", "Boards", lead, table(columns, found, columns[1:2]))


def _curves(logged: Sequence[Fields]) -> Picture | None:
    """Figures over the steps, as far as there are some."""
    curves = []
    for name in CURVES:
        points = [
            (float(position) if step is None else step, value)
            for position, row in enumerate(logged)
            if (value := row.number(name)) is not None
            for step in (row.number("step", "round", "sample"),)
        ]
        if len(points) > 1:
            curves.append((name, sorted(points)))
    if not curves:
        return None
    title = f"Curves over {len(logged)} logged lines"
    return Picture("curves", "training", charts.training(curves), title, "")
