"""Asks the graph in a process of its own, which ends after a while whatever the question is.

    python -m tinyssl.serve.ask FOLDER < QUERY      prints {"rows": …} or {"error": …}

Oxigraph cannot be told to give up a query. A process can, and its memory has a limit.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tinyssl.core.errors import TinysslError, UsageError

SECONDS = 10.0
"""Longest time for a question"""
MEMORY = 4 << 30
"""Bytes of address space that the process may take"""
MOST_SOLUTIONS = 1000
"""Read of a question; more are left in the graph"""


@dataclass(frozen=True)
class Solutions:
    """What a SELECT found."""

    names: tuple[str, ...] = ()
    """Variables, in the order of the question"""
    rows: tuple[tuple[Any, ...], ...] = ()
    more: bool = False
    """Whether the graph has more than `MOST_SOLUTIONS`"""


def refuse_foreign(query: str) -> None:
    r"""Refuses a question that would make this computer ask another one.

    Letters are looked for, not words of the grammar: `SERVICE` in a string is refused as well, and
    so is every \u escape, which could spell it.

    Raises:
        UsageError: It has one of the two.
    """
    if "service" in query.lower():
        raise UsageError(
            "SERVICE asks other servers, which these pages never do",
            hint="leave the word out, in strings and comments, too",
        )
    if "\\u" in query.lower():
        raise UsageError(
            "the query holds a \\u escape", hint="write the character itself in its place"
        )


def ask(folder: Path, query: str, seconds: float = SECONDS) -> Solutions:
    """The solutions of a SELECT on the graph in a folder, which nobody else has open.

    Raises:
        UsageError: It is no SELECT, asks other servers, or takes longer than `seconds`.
    """
    refuse_foreign(query)
    words = [sys.executable, "-m", "tinyssl.serve.ask", str(folder)]
    try:
        ended = subprocess.run(
            words,
            input=query.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            env=dict(os.environ),  # it is tinyssl itself
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"the query took more than {seconds:g} seconds and was ended",
            hint="name more of what you look for, or ask `tinyssl catalog query FILE.rq`",
        ) from error
    try:
        found = json.loads(ended.stdout)
    except ValueError as error:
        raise UsageError(
            f"the query ended with exit code {ended.returncode}, probably for its memory",
            hint="name more of what you look for, or add a LIMIT",
        ) from error
    if "error" in found:
        raise UsageError(found["error"], hint=found["hint"])
    return Solutions(tuple(found["names"]), tuple(map(tuple, found["rows"])), found["more"])


def answer(folder: Path, query: str) -> dict[str, Any]:
    """What the process prints."""
    from tinyssl.catalog.store import EmbeddedStore, value_of

    try:
        names, solutions = EmbeddedStore(folder).select(query)
    except TinysslError as error:
        return {"error": error.message, "hint": error.hint}
    rows = [[value_of(term) for term in row] for row in islice(solutions, MOST_SOLUTIONS + 1)]
    more = len(rows) > MOST_SOLUTIONS
    return {"names": names, "rows": rows[:MOST_SOLUTIONS], "more": more}


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    _limit_memory()
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]), sys.stdin.read()), default=str))
