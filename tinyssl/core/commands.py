"""Configs as the command lines that give them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from tinyssl.core.config_json import config_json
from tinyssl.core.settings import fields_of, kind_of


def flags(stage: str, config: Any, always: tuple[str, ...] = ()) -> list[str]:
    """The options that make `config` from the defaults, in the order of its class.

    Args:
        stage: Whose config it is, a key of `config.STAGES`.
        config: The settings.
        always: Fields that are given also where they have their default.
    """
    content, defaults = config_json(config), config_json(type(config)())
    words: list[str] = []
    for name, info in fields_of(stage).items():
        if content[name] != defaults[name] or name in always:
            words += _flag(name, kind_of(info.annotation).name, content[name])
    return words


def _flag(name: str, kind: str, value: Any) -> list[str]:
    flag = "--" + name.replace("_", "-")
    if kind == "flag":
        return [flag if value else f"--no-{flag[2:]}"]
    if kind == "mapping":
        pairs = [f"{key}={_text(inner)}" for key, inner in value.items()]
        return [word for pair in pairs for word in (flag, pair)]
    if kind == "list":
        return [flag, ",".join(_text(inner) for inner in value)]
    return [flag, "none" if value is None else str(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def shown(words: list[str]) -> str:
    """A command as it would be typed."""
    return " ".join(["tinyssl", *(shlex.quote(word) for word in words)])
