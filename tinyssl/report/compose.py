"""Puts the page together from the records of one chain."""

from __future__ import annotations

from tinyssl.report.chain import Chain
from tinyssl.report.page import Page
from tinyssl.report.sections import SECTIONS, summary
from tinyssl.report.values import Fields


def compose(chain: Chain) -> Page:
    """The page of one bench run, with what its records hold."""
    version = Fields(chain.bench.versions).text("tinyssl")
    sections = tuple(made for make in SECTIONS if (made := make(chain)) is not None)
    return Page(
        title=summary.title(chain),
        subtitle=summary.subtitle(chain),
        banner=summary.banner(chain),
        cards=summary.cards(chain),
        sections=sections,
        omitted=tuple(chain.missing.values()),
        footer=f"tinyssl {version} · {chain.bench.folder.name}",
    )
