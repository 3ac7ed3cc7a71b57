"""What all pages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tinyssl.report.page import (
    Block,
    Cell,
    Column,
    HeadlineCard,
    LinkCell,
    PageSection,
    PageTable,
)


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


def table(
    names: Sequence[str], found: Sequence[Sequence[Cell]], numeric: Sequence[str] = ()
) -> PageTable:
    columns = tuple(Column(name, numeric=name in numeric, wrap=name in WRAPPED) for name in names)
    return PageTable(columns, tuple(tuple(row) for row in found))


def section(name: str, title: str, lead: str, *blocks: Block) -> PageSection:
    return PageSection(name, title, lead, blocks)


def run_link(name: str) -> LinkCell:
    """To the page of a run."""
    return LinkCell(name, f"/runs/{quote(name)}")


def minute(moment: str) -> str:
    """An ISO 8601 moment, to the minute: `2026-12-01 00:23`."""
    return moment[:16].replace("T", " ")
