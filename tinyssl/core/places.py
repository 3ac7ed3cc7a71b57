"""Paths in records: relative to the workspace, so that a workspace can be copied and moved.

A path below the workspace is stored as `./runs/…`: `./` is the workspace's folder. Any other path
is stored as it is. Records of older versions hold absolute paths into the workspace of that time;
what lies in the same place below `runs/` or `build/` of the workspace at hand is taken for it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

HERE = "./"
"""Begins a stored path that is relative to the workspace"""
MAX_DEPTH = 64
"""Objects and lists inside each other; deeper values are refused"""
_IN_WORKSPACE = re.compile(r".*/((?:runs|build)/[^/].*)", re.DOTALL)
"""An absolute path -> its part below a workspace; of several `runs` or `build` the last counts"""


def stored(value: Any, root: Path) -> Any:
    """A JSON value in which paths below the workspace `root` are relative to it."""
    prefixes = {f"{place.rstrip(os.sep)}{os.sep}" for place in _spellings(root)}
    return _mapped(value, lambda text: _stored_text(text, prefixes))


def _spellings(root: Path) -> set[str]:
    return {str(root.absolute()), os.path.normpath(root.absolute()), str(root.resolve())}


def _stored_text(text: str, prefixes: set[str]) -> str:
    for prefix in prefixes:
        if text.startswith(prefix):
            return HERE + text.removeprefix(prefix)
    return text


def located(value: Any, root: Path) -> Any:
    """The inverse: a JSON value in which all stored paths are those of the workspace `root`.

    Raises:
        ValueError: It is nested too deeply.
    """
    base = str(root.absolute())
    return _mapped(value, lambda text: _located_text(text, base))


def _located_text(text: str, base: str) -> str:
    if text.startswith(HERE):
        return os.path.normpath(os.path.join(base, text))  # noqa: PTH118 - thousands of records
    if not text.startswith("/") or text.startswith(f"{base.rstrip('/')}/"):
        return text
    inside = _IN_WORKSPACE.fullmatch(text)
    if inside is None:
        return text
    here = f"{base.rstrip('/')}/{inside[1]}"
    return here if exists(Path(here)) else text


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; False for a name that none can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _mapped(value: Any, change: Any, depth: int = 0) -> Any:
    """`value` with `change` applied to every text but the names in objects."""
    if isinstance(value, str):
        return change(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {name: _mapped(inner, change, depth + 1) for name, inner in value.items()}
    return [_mapped(inner, change, depth + 1) for inner in value]
