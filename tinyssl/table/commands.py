"""Configs as the command lines that give them, and the environment of a child process."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tinyssl.settings import PREFIX, VARIABLES, fields_of, kind_of


def flags(stage: str, config: Any) -> list[str]:
    """The options that make `config` from the defaults, in the order of its class."""
    kind = type(config)
    adapter = TypeAdapter(kind)
    content = adapter.dump_python(config, mode="json")
    defaults = adapter.dump_python(kind(), mode="json")
    words: list[str] = []
    for name, info in fields_of(stage).items():
        if content[name] != defaults[name]:
            words += _flag(name, kind_of(info.annotation).name, content[name])
    return words


def _flag(name: str, kind: str, value: Any) -> list[str]:
    flag = "--" + name.replace("_", "-")
    if kind == "flag":
        return [flag if value else f"--no-{flag[2:]}"]
    if kind == "mapping":
        return [
            word
            for key, inner in value.items()
            for word in (flag, f"{key}={_text(inner)}")
        ]  # fmt: skip
    if kind == "list":
        return [flag, ",".join(_text(inner) for inner in value)]
    return [flag, "none" if value is None else str(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def shown(words: list[str]) -> str:
    """A command as it would be typed."""
    return " ".join(["tinyssl", *(shlex.quote(word) for word in words)])


def child_environment(threads: int, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Ours, with `threads` threads for OpenMP, and without settings of stages: the table says all.

    The package is found where it was found by us, installed or not.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) or name in set(VARIABLES) - {"TINYSSL_CONFIG"}
    }
    package = str(Path(__file__).resolve().parents[2])
    path = [package, *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(path)}
