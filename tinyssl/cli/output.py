"""Results on stdout: tables for people, one JSON object for programs; errors likewise."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from tinyssl.core.errors import EXIT_OK, Failure
from tinyssl.core.text import printable, printable_lines
from tinyssl.monitor.console import SafeConsole, print_line

SCHEMA = 1
"""Version of the JSON objects that commands print; raised when a key changes its meaning"""
GAP = 2
"""Characters between two columns of a table"""
ENVELOPE = ("schema", "command", "ok", "error")
"""Keys of every JSON object, which no result may have"""


@dataclass(frozen=True)
class Table:
    """Rows of text under column names."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    split: bool = False
    """Where the terminal is too narrow: columns stand below each other, not folded"""

    def parts(self, width: int) -> list[Table]:
        """Tables of at most so many characters, each with the first column."""
        if not self.split:
            return [self]
        sizes = [
            max(len(cell) for cell in column)
            for column in zip(self.columns, *self.rows, strict=True)
        ]
        parts: list[list[int]] = [[]]
        for index in range(1, len(sizes)):
            together = sizes[0] + sum(GAP + sizes[other] for other in (*parts[-1], index))
            if parts[-1] and together > width:
                parts.append([])
            parts[-1].append(index)
        return [self._part((0, *part)) for part in parts]

    def _part(self, chosen: Sequence[int]) -> Table:
        rows = [tuple(row[index] for index in chosen) for row in self.rows]
        return Table(tuple(self.columns[index] for index in chosen), rows, self.title)


class Prose(str):
    """A sentence for people, which may be broken between words."""

    __slots__ = ()


@dataclass(frozen=True)
class Result:
    """What a command found: `data` for --json, `blocks` for people.

    Raises:
        ValueError: A key of `data` is one of the envelope's (`ENVELOPE`).
    """

    data: Mapping[str, Any]
    blocks: Sequence[Table | str] = field(default_factory=tuple)
    exit_code: int = EXIT_OK

    def __post_init__(self) -> None:
        taken = set(map(str, self.data)) & set(ENVELOPE)
        if taken:
            raise ValueError(f"a result has the keys {sorted(taken)}, which are the envelope's")


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


def print_json(command: str, ok: bool, content: Mapping[str, Any]) -> None:
    """Prints one JSON object: the envelope first, then `content`."""
    envelope = {"schema": SCHEMA, "command": command, "ok": ok}
    text = json.dumps(plain(envelope | dict(content)), indent=2)
    # json escapes all control characters but this one
    print(text.replace("\x7f", "\\u007f"), flush=True)  # noqa: T201  results go to stdout, only here


def print_result(command: str, result: Result, *, as_json: bool) -> None:
    """Prints what a command found."""
    if as_json:
        print_json(command, result.exit_code == EXIT_OK, result.data)
        return
    console = _stdout()
    for block in result.blocks:
        if isinstance(block, Table):
            for index, part in enumerate(block.parts(console.width)):
                console.print(*([""] if index else []), _render_table(part), sep="\n")
        else:
            soft = not isinstance(block, Prose)
            console.print(block, markup=False, highlight=False, soft_wrap=soft)


def print_warning(text: str) -> None:
    """Prints what the user should know although the command goes on: one line on stderr."""
    print_line(f"Warning: {text}", sys.stderr)


def _stdout() -> Console:
    """A console; where no terminal tells a width, lines are never folded."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 240
    return SafeConsole(width=width, emoji=False)


def _render_table(table: Table) -> RichTable:
    title = Text(printable(table.title)) if table.title else None
    rich = RichTable(title=title, title_justify="left", box=None, pad_edge=False)
    for index, name in enumerate(table.columns):
        rich.add_column(Text(printable(name)), overflow="fold", justify="left", no_wrap=index == 0)
    for row in table.rows:
        rich.add_row(*(Text(printable(cell)) for cell in row))
    return rich


def print_failure(command: str, failure: Failure, *, as_json: bool) -> None:
    """Prints an error: one JSON object on stdout, or two lines on stderr."""
    if as_json:
        print_json(command, False, {"error": asdict(failure)})
        return
    console = SafeConsole(stderr=True, emoji=False)
    _labelled(console, ("Error:", "bold red"), f" {failure.message}")
    if failure.hint:
        _labelled(console, ("Hint:", "dim"), f"  {failure.hint}")


def _labelled(console: Console, label: tuple[str, str], text: str) -> None:
    console.print(Text.assemble(label, printable_lines(text)), soft_wrap=True)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Prints a warning of a library: what `warnings.showwarning` is while a command runs."""
    text = warnings.formatwarning(message, category, filename, lineno, line)
    print_line(text.rstrip("\n"), file or sys.stderr)


def print_traceback(error: BaseException) -> None:
    """Prints where an error was raised, on stderr."""
    print_line("".join(traceback.format_exception(error)).rstrip("\n"), sys.stderr)


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
        with (
            os.fdopen(os.dup(sink), "w", errors="backslashreplace", encoding="utf-8") as stray,
            redirect_stdout(stray),
        ):
            os.dup2(sink, 1)
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(sink)


UNITS = {
    "_us": "{:,.0f} µs",
    "seconds": "{:,.1f} s",
    "_db_output": "{:.1f} dB",
    "_db_worst": "{:.1f} dB",
}
"""Ending of a figure's name -> its text"""


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
    for ending, form in UNITS.items():
        if name.endswith(ending):
            return form.format(value)
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
