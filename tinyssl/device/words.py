"""The protocol's words and limits: `codegen/protocol.toml`, once for host and device.

`tools/protocol_header.py` renders it as `firmware/protocol/words.h`; a test compares the two,
so neither side can drift.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tinyssl.core.files import read_toml
from tinyssl.core.paths import data_folder, firmware_folder, templates_folder

FIELDS = {"%s": "(.*)", "%u": "([0-9]+)", "%x": "([0-9a-f]{8})"}
"""Placeholders of the texts -> what they match"""


@dataclass(frozen=True)
class Command:
    """A command as `help%` shows it."""

    usage: str
    help: str


@dataclass(frozen=True)
class ProtocolWords:
    """All of protocol.toml."""

    version: int
    limits: dict[str, int]
    replies: dict[str, str]
    errors: dict[str, str]
    commands: dict[str, Command]
    identity: dict[str, str]
    sealed: dict[str, str]

    @staticmethod
    def match(text: str, line: str) -> re.Match[str] | None:
        """The whole `line` against a text of protocol.toml; its fields are the groups."""
        return _pattern(text).fullmatch(line)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split("(%[sux])", text)
    return re.compile("".join(FIELDS.get(part, re.escape(part)) for part in parts))


@cache
def words() -> ProtocolWords:
    """The words of this installation."""
    content = read_toml(data_folder("codegen") / "protocol.toml")
    content["commands"] = {
        name: Command(**command) for name, command in content["commands"].items()
    }
    return ProtocolWords(**content)


def render_header() -> str:
    """Text of firmware/protocol/words.h."""
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template("protocol.h.j2").render(vars(words()))


def header_path() -> Path:
    """Where the rendered header lies."""
    return firmware_folder() / "protocol" / "words.h"
