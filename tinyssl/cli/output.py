"""Results on stdout: tables for people, one JSON object for programs; errors likewise."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from tinyssl.errors import EXIT_OK

SCHEMA = 1
"""Version of the JSON objects that commands print; raised when a key changes its meaning"""


@dataclass(frozen=True)
class Table:
    """Rows of text under column names."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True)
class Result:
    """What a command found: `data` for --json, `blocks` for people."""

    data: Mapping[str, Any]
    blocks: Sequence[Table | str] = field(default_factory=tuple)
    exit_code: int = EXIT_OK


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: paths and enums as text, NaN and infinities as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "tolist"):  # numpy and torch, scalars too
        return plain(value.tolist())
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> str | int | float | bool | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)


def print_json(content: Mapping[str, Any]) -> None:
    """Prints one JSON object, the schema version first."""
    text = json.dumps(plain({"schema": SCHEMA} | dict(content)), indent=2)
    print(text, flush=True)  # noqa: T201  results go to stdout, here and nowhere else


def print_result(command: str, result: Result, *, as_json: bool) -> None:
    """Prints what a command found."""
    if as_json:
        ok = result.exit_code == EXIT_OK
        print_json({"command": command, "ok": ok} | dict(result.data))
        return
    console = _stdout()
    for block in result.blocks:
        if isinstance(block, Table):
            console.print(_table(block))
        else:
            console.print(block, markup=False, highlight=False, soft_wrap=True)


def _stdout() -> Console:
    """A console; where no terminal tells a width, lines are never folded."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 240
    return Console(width=width, emoji=False)


def _table(table: Table) -> RichTable:
    rich = RichTable(
        title=escape(table.title) or None, title_justify="left", box=None, pad_edge=False
    )
    for index, name in enumerate(table.columns):
        rich.add_column(escape(name), overflow="fold", justify="left", no_wrap=index == 0)
    for row in table.rows:
        rich.add_row(*(escape(cell) for cell in row))
    return rich


@dataclass(frozen=True)
class Failure:
    """An error as the user sees it."""

    kind: str
    """Name of the error class"""
    code: int
    """Exit code"""
    message: str
    hint: str = ""


def print_failure(command: str, failure: Failure, *, as_json: bool) -> None:
    """Prints an error: one JSON object on stdout, or two lines on stderr."""
    if as_json:
        print_json({"command": command, "ok": False, "error": asdict(failure)})
        return
    console = Console(stderr=True, emoji=False)
    console.print(f"[bold red]Error:[/] {escape(failure.message)}", highlight=False, soft_wrap=True)
    if failure.hint:
        console.print(f"[dim]Hint:[/]  {escape(failure.hint)}", highlight=False, soft_wrap=True)


@contextmanager
def results_only(*, show: bool) -> Iterator[None]:
    """Keeps what libraries print off stdout, which is for results.

    Some of them print from C, so the file descriptor itself is redirected too.

    Args:
        show: Send it to stderr (-v) instead of nowhere.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    sink = os.dup(2) if show else os.open(os.devnull, os.O_WRONLY)
    try:
        with os.fdopen(os.dup(sink), "w") as stray, redirect_stdout(stray):
            os.dup2(sink, 1)
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(sink)


def format_value(name: str, value: Any) -> str:
    """A figure for a table; the name's ending tells the unit.

    Accuracies are fractions in records and percent here; `_bytes` get thousands separators.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if name.startswith(("accuracy", "knn", "agreement")) and 0 <= value <= 1:
        return f"{100 * value:.2f} %"
    if name.endswith(("_bytes", "_budget")) or name in ("flash", "ram", "arena", "peak"):
        return f"{value:,} B"
    if name.endswith("_us"):
        return f"{value:,.0f} µs"
    if name.endswith("seconds"):
        return f"{value:,.1f} s"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def value_rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of (name, figure) for all single values of a mapping; nested ones as `outer.inner`."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}.{inner}", text) for inner, text in value_rows(value)]
        elif isinstance(value, (str, int, float, Path)):
            rows.append((name, format_value(name, value)))
    return rows
