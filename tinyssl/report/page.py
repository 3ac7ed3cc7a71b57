"""A page as data: what HTML and Markdown both say, before either is written.

Sections hold blocks; each template (`report.html.j2`, `report.md.j2`) draws every kind of block, so
both pages have the same content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class BarCell:
    """A table cell with a bar behind its text."""

    text: str
    fraction: float
    """Length of the bar, 0 to 1"""


@dataclass(frozen=True)
class LinkCell:
    """A table cell that leads to another page; of `tinyssl serve` alone."""

    text: str
    href: str


Cell = str | BarCell | LinkCell


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    numeric: bool = True
    """Right-aligned digits of one width"""
    code: bool = False
    """Set in the fixed-width font"""
    wrap: bool = False
    """Long words, such as hashes, may be broken"""


@dataclass(frozen=True)
class PageTable:
    """Rows of text. The first column names the row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    """Units, and how it was measured"""
    folded: str = ""
    """Where set: the title under which a long table is folded away on screen"""
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """A drawing of template `report/<template>.svg.j2`."""

    name: str
    """File name in the Markdown version, without .svg"""
    template: str
    data: dict[str, Any]
    title: str
    """Read by screen readers"""
    caption: str
    """Units, and how it was measured"""
    kind: str = "picture"


@dataclass(frozen=True)
class Note:
    """A sentence; `tone` is plain, warn or bad."""

    text: str
    tone: str = "plain"
    kind: str = "note"


@dataclass(frozen=True)
class Code:
    """Command lines, to be typed."""

    lines: tuple[str, ...]
    caption: str = ""
    kind: str = "code"


Block = PageTable | Picture | Note | Code


@dataclass(frozen=True)
class PageSection:
    """A heading, a sentence on it, and blocks."""

    id: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class HeadlineCard:
    """One headline figure."""

    label: str
    value: str
    unit: str = ""
    detail: str = ""
    used: float | None = None
    """Share of the budget, where there is one; above 1 is too much"""
    tone: str = "plain"
    """plain, good or bad"""


@dataclass(frozen=True)
class Page:
    """All of a report."""

    title: str
    subtitle: str
    banner: str
    """Why this is not the report of a finished run; empty where it is"""
    cards: tuple[HeadlineCard, ...]
    sections: tuple[PageSection, ...]
    omitted: tuple[str, ...]
    """What is left out, and why, a sentence each"""
    footer: str = ""
    pictures: tuple[Picture, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = [block for part in self.sections for block in part.blocks]
        pictures = tuple(block for block in found if isinstance(block, Picture))
        object.__setattr__(self, "pictures", pictures)
