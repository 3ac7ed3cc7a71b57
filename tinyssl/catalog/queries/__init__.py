"""The questions that come along, each a SPARQL file with the prefixes of `terms.PREFIXES`."""

from __future__ import annotations

from pathlib import Path

from tinyssl.core.errors import unknown_name
from tinyssl.core.files import read_text
from tinyssl.core.paths import require_path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Of all shipped queries."""
    return sorted(path.stem for path in FOLDER.glob("*.rq"))


def shipped(name: str) -> str:
    """The text of a shipped query.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in names():
        raise unknown_name("query", name, names())
    return (FOLDER / f"{name}.rq").read_text(encoding="utf-8")


def question(name: str) -> str:
    """What a shipped query asks, in words: its first comment, up to the question mark or stop."""
    lines = shipped(name).splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    return comment.partition("(")[0].strip()


def text_of(named: str) -> str:
    """The text of a query: a file that ends with .rq, or one that comes along.

    Raises:
        UsageError: There is none.
    """
    if not named.endswith(".rq"):
        return shipped(named)
    path = Path(named)
    require_path(path, "FILE.rq")
    return read_text(path)
