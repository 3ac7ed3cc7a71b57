"""The page Fleet: devices and their health, boards and what was measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tinyssl.core.fields import Fields
from tinyssl.core.records import RunRecord
from tinyssl.report.page import Block, Cell, Code, HeadlineCard, LinkCell, Note, PageSection
from tinyssl.report.values import MISSING, grouped, percent, size
from tinyssl.serve.jobs import StartedJob
from tinyssl.serve.parts import WebPage, run_link, section, table
from tinyssl.serve.view import Knowledge, SeenDevice

AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
"""Seconds, and what so many are called"""
NO_DEVICE = "No device was seen here yet. Flash a board, then ask all that are plugged in:"


def fleet(
    known: Knowledge,
    devices: Sequence[SeenDevice],
    runs: Sequence[RunRecord],
    jobs: Sequence[StartedJob],
) -> WebPage:
    """What runs where: devices and boards, their last measurement, commands under way.

    Args:
        known: The catalogue.
        devices: Those that answered last.
        runs: All, the newest first.
        jobs: Commands of this server.
    """
    last: dict[str, RunRecord] = {}
    for run in runs:
        if run.kind == "bench" and run.status == "complete":
            last.setdefault(Fields(run.results).text("board"), run)
    columns = ("board", "RAM free", "flash free", "last bench", "latency", "accuracy")
    measured = [
        _board_row(each.name, each.ram, each.flash, last.get(each.name)) for each in known.boards
    ]
    ill = sum(each.health not in ("", "good") for each in devices)
    running = sum(run.status == "running" for run in runs)
    cards = (
        HeadlineCard(
            "Devices",
            grouped(known.devices),
            detail=f"{ill} with a warning" if ill else "seen so far",
            tone="bad" if ill else "plain",
        ),
        HeadlineCard("Boards", grouped(len(known.boards)), detail=f"{len(last)} measured here"),
        HeadlineCard("Models", grouped(len(known.models)), detail="in the catalogue"),
        HeadlineCard("Running", grouped(running), detail="runs of this workspace"),
    )
    return WebPage(
        "Fleet",
        "Your devices and boards, and what was measured on them.",
        (
            _devices(known, devices, last),
            section("boards", "Boards", "All that tinyssl knows, with the last bench run of each.",
                    table(columns, measured, (*columns[1:3], *columns[4:]))),
            *_jobs(jobs),
        ),
        cards,
        live=True,
    )  # fmt: skip


def _devices(
    known: Knowledge, devices: Sequence[SeenDevice], last: dict[str, RunRecord]
) -> PageSection:
    if not devices:
        command = Code(("tinyssl flash --board BOARD", "tinyssl fleet"))
        blocks: tuple[Block, ...] = (Note(NO_DEVICE), command)
        return section("devices", "Devices", "", *blocks)
    columns = ("device", "health", "model", "firmware", "last bench", "last start", "last seen")
    rows = [
        (
            each.name,
            each.health or MISSING,
            each.model or MISSING,
            each.build[:12] or MISSING,
            run_link(last[each.board].folder.name) if each.board in last else MISSING,
            each.reset or MISSING,
            age(each.seen),
        )
        for each in devices
    ]
    count = f"{len(devices)} of {grouped(known.devices)}, those that answered last first."
    return section("devices", "Devices", count, table(columns, rows))


def age(seen: str, now: datetime | None = None) -> str:
    """How long ago a moment was, in words: `3 hours ago`.

    Args:
        seen: UTC, ISO 8601.
        now: For tests.
    """
    try:
        then = datetime.fromisoformat(seen)
    except ValueError:
        return MISSING
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for least, name in AGES:
        count = int(seconds // least)
        if count > 0:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def _board_row(name: str, ram: int, flash: int, run: RunRecord | None) -> tuple[Cell, ...]:
    free = (name, size(ram), size(flash))
    if run is None:
        return (*free, MISSING, MISSING, MISSING)
    results = Fields(run.results)
    latency = results.fields("latency")
    time = f"{grouped(latency.number('median'))} {latency.text('unit')}"
    accuracy = percent(results.number("accuracy_device"))
    return (*free, run_link(run.folder.name), time, accuracy)


def _jobs(jobs: Sequence[StartedJob]) -> tuple[PageSection, ...]:
    if not jobs:
        return ()
    found = [(LinkCell(job.title, f"/jobs/{job.id}"), job.state, job.started) for job in jobs]
    commands = table(("command", "state", "started"), found)
    return (section("jobs", "Commands", "Started by a click, the newest first.", commands),)
