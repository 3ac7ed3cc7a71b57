"""`tinyssl zoo`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import existing
from tinyssl.stages.call import Call
from tinyssl.zoo import (
    CardTexts,
    ZooEntry,
    add_entry,
    default_name,
    entries,
    find_entry,
    find_sources,
    set_default,
)


def zoo(
    call: Call,
    what: tuple[str, ...] = (),
    name: str | None = None,
    data_name: str | None = None,
    data_licence: str | None = None,
    default: bool = False,
) -> Result:
    """List the trained models, show one, or add one.

    `tinyssl zoo`; `tinyssl zoo show NAME`; `tinyssl zoo add [RUN] --name NAME` makes an entry of a
    convert run that was measured on a board. Exit code 3 where INT8 loses more than 1 point or the
    board gave other bytes.
    """
    if not what:
        return _list_entries(entries())
    if what[0] == "show" and len(what) == 2:
        return _show_entry(find_entry(what[1]))
    if what[0] == "add" and len(what) <= 2 and name:
        run = existing(what[1], "RUN") if len(what) == 2 else None
        entry = add_entry(
            find_sources(run, call.workspace), CardTexts(name, data_name, data_licence)
        )
        if default or default_name() is None:
            set_default(name)
        return _show_entry(entry)
    raise UsageError(
        f"zoo {' '.join(what)}: not understood",
        hint="`tinyssl zoo show NAME` or `tinyssl zoo add [RUN] --name NAME`",
    )


def _list_entries(found: list[ZooEntry]) -> Result:
    usual = default_name()
    rows = []
    for entry in found:
        card = entry.card
        rows.append((
            card.name + (" (default)" if card.name == usual else ""),
            f"{card.image_size} px",
            card.method,
            card.data["name"],
            str(len(card.classes)),
            f"{100 * card.accuracy['float']:.2f} %",
            f"{100 * card.accuracy['int8']:.2f} %",
            f"{card.files[entry.model.name]['bytes']:,} B",
        ))  # fmt: skip
    columns = ("model", "input", "method", "images", "classes", "float", "INT8", "size")
    data = {"models": [asdict(entry.card) for entry in found], "default": usual}
    empty = [] if found else ["the zoo is empty: `tinyssl zoo add` makes an entry"]
    return Result(data, (Table(columns, rows), *empty))


def _show_entry(entry: ZooEntry) -> Result:
    card = asdict(entry.card) | {"folder": entry.folder}
    return Result(card, (entry.page(), str(Path(entry.folder))))


command = make_command(
    zoo,
    own=(
        click.Argument(["what"], nargs=-1, metavar="[show NAME | add [RUN]]"),
        click.RichOption(["--name"], metavar="NAME", help="Name of the new entry"),
        click.RichOption(["--data-name"], metavar="TEXT", help="What its images are"),
        click.RichOption(["--data-licence"], metavar="TEXT", help="Licence of its images"),
        click.RichOption(["--default"], is_flag=True, help="Make it the one that is used unnamed"),
    ),
)
