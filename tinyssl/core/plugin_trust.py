"""Which files of plug-ins may run because a run names them.

A run's record and its weights are data, and may come from somebody else. A plug-in's file that they
name is imported only if you named that file yourself before, on this computer, or do so now with
`TINYSSL_PLUGINS`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import cache_folder

FILE = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)", re.DOTALL)
"""A name that names a file: `FILE.py:NAME`"""
_named: set[str] = set()
"""Files that this process was told to use"""


def remember(path: Path) -> None:
    """Keeps that you named a file; without a cache that can be written, for this process alone."""
    text = str(path.absolute())
    if text in _named:
        return
    _named.add(text)
    file = _file()
    try:
        if text not in _remembered(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(text) + "\n")
    except OSError:
        pass


def require_named(name: str, where: Path) -> None:
    """Refuses a plug-in's file that only a run names.

    Args:
        name: What the run names; anything but `FILE.py:NAME` may pass.
        where: The run or its file, for the message.

    Raises:
        UsageError: You never named the file.
    """
    file = FILE.fullmatch(name)
    if file is None:
        return
    text = str(Path(file["path"]).absolute())
    if text not in {*_named, *map(str, _told()), *_remembered(_file())}:
        raise UsageError(
            f"{where} names the plug-in {text}, which you never named on this computer",
            hint=f"a plug-in is a program: read it, then set TINYSSL_PLUGINS={text}",
        )


def relocated(name: str) -> str:
    """A plug-in whose file is gone, at the file of the same name that `TINYSSL_PLUGINS` has."""
    file = FILE.fullmatch(name)
    if file is None or Path(file["path"]).exists():
        return name
    same = [path for path in _told() if path.name == Path(file["path"]).name]
    return f"{same[0]}:{file['name']}" if same else name


def _told() -> list[Path]:
    named = os.environ.get("TINYSSL_PLUGINS", "").split(os.pathsep)
    return [Path(one).absolute() for one in named if one]


def _file() -> Path:
    return cache_folder() / "plugins.jsonl"


def _remembered(file: Path) -> set[str]:
    try:
        return {json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()}
    except (OSError, ValueError):
        return set()
