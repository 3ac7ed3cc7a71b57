"""The JSON of a board file, which may come from anywhere: read with limits, and its texts checked.

A board file's texts go into platformio.ini, the linker script, C and command lines. So none may
hold a character that ends a line or a comment there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LARGEST = 256 * 1024
"""Bytes of a board file; those that tinyssl ships have 2 KB"""
DEEPEST = 8
"""Levels of lists and objects; the shipped boards have 5"""
LONGEST = 1000
"""Characters of a text"""


def read_board_json(path: Path) -> dict[str, Any]:
    """The object that a board file holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no file, too large, no JSON object, nested too deeply, has a key twice, a
            number that is none, or a text that would not stay where it is put.
    """
    if not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST:,} bytes")
    try:
        content = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except RecursionError as error:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from error
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    if "id" in content:
        raise ValueError("id: a board's id is the name of its file; leave the key out")
    _check(content, "", 0)
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(keys) < LONGEST else ""
    if twice is not None:
        raise ValueError(f"the key {twice!r} is there twice" if twice else "it has too many keys")
    return dict(pairs)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _check(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, str):
        problem = text_problem(value)
        if problem:
            raise ValueError(f"{where}: {problem}")
    elif isinstance(value, dict):
        for key, part in value.items():
            if text_problem(key):
                raise ValueError(f"{where or 'a key'}: {key!r} cannot be a key")
            _check(part, f"{where}.{key}" if where else key, depth + 1)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            _check(part, f"{where}.{place}", depth + 1)


def text_problem(text: str) -> str | None:
    """Why a text may not stand in a board file; None where it may."""
    if len(text) > LONGEST:
        return f"a text of {len(text):,} characters; {LONGEST:,} are the most"
    wrong = next((char for char in text if not char.isprintable()), None)
    if wrong is not None:
        return f"the character {wrong!a} is not printable"
    if "*/" in text or "/*" in text:
        return "a comment of C begins or ends in it"
    return None
