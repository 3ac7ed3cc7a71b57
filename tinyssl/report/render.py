"""Writes a page as HTML, Markdown and SVG. All text that is not ours is escaped.

What no document may hold (control characters, which XML forbids, and surrogates, which no encoding
takes) is escaped in the whole text at the end, so that no value can pass it by.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tinyssl.core.paths import templates_folder
from tinyssl.core.text import printable_lines
from tinyssl.report.page import Page, Picture


def html(page: Page) -> str:
    """One file that needs no other: style and pictures are inside, there is no script."""
    return printable_lines(markup().get_template("report.html.j2").render(page=page))


def markdown(page: Page, folder: str) -> str:
    """The same content; its pictures are the files of `pictures()` in `folder`, beside it."""
    return printable_lines(_text().get_template("report.md.j2").render(page=page, folder=folder))


def drawn(picture: Picture) -> str:
    """A picture as an SVG file of its own."""
    return printable_lines(_draw(picture, standalone=True))


def pictures(page: Page) -> dict[str, str]:
    """File name -> SVG, for the Markdown page."""
    return {f"{picture.name}.svg": drawn(picture) for picture in page.pictures}


@cache
def markup() -> Environment:
    """For HTML and SVG."""
    environment = _environment(autoescape=True)
    # what it draws was escaped by the picture's own template
    environment.globals["draw"] = lambda picture: Markup(_draw(picture, standalone=False))
    return environment


@cache
def _text() -> Environment:
    """For Markdown."""
    environment = _environment(autoescape=False, finalize=escape_markdown)
    environment.filters["fence"] = fence
    return environment


def _environment(**options: Any) -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def _draw(picture: Picture, *, standalone: bool) -> str:
    template = markup().get_template(f"report/{picture.template}.svg.j2")
    return template.render(
        name=picture.name, title=picture.title, standalone=standalone, **picture.data
    )


class Raw(str):
    """Markdown that is written as it is."""

    __slots__ = ()


def escape_markdown(value: object) -> object:
    """Text in which no character means anything to Markdown or HTML; in one line."""
    if isinstance(value, Raw):
        return value
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;")
    text = re.sub(r"([\\`*\[\]|~])", r"\\\1", text.replace(">", "&gt;"))
    # inside a word an underscore is only an underscore
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


def fence(lines: tuple[str, ...]) -> Raw:
    """A code block that no line inside can close."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return Raw(f"{marks}sh\n{text}\n{marks}")
