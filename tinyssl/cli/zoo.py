"""`tinyssl zoo`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
    pull,
    push,
    set_default,
)


@dataclass(frozen=True)
class ZooOptions:
    """Options of `tinyssl zoo`, most of them of one subcommand."""

    name: str | None = None
    data_name: str | None = None
    data_licence: str | None = None
    head_data_name: str | None = None
    started_from: str | None = None
    default: bool = False
    private: bool = False
    revision: str | None = None


def zoo(call: Call, what: tuple[str, ...] = (), **options: Any) -> Result:
    """List the trained models, show one, add one, or share them on the Hugging Face Hub.

    `tinyssl zoo`; `tinyssl zoo show NAME`; `tinyssl zoo add [RUN] --name NAME` makes an entry of a
    convert run that was measured on a board. Exit code 3 where INT8 loses more than half a point or
    the board gave other bytes. `tinyssl zoo push NAME OWNER/REPO` uploads an entry, `tinyssl zoo
    pull OWNER/REPO` downloads one and checks its SHA-256.
    """
    given = ZooOptions(**options)
    match what:
        case ():
            return _list_entries(entries())
        case ("show", name):
            return _show_entry(find_entry(name))
        case ("add", *run) if given.name and len(run) <= 1:
            return _add(call, run[0] if run else None, given)
        case ("push", name, repo):
            address = push(find_entry(name), repo, private=given.private, progress=call.progress)
            return Result({"model": name, "repo": repo, "commit": address}, (address,))
        case ("pull", repo):
            entry = pull(repo, revision=given.revision, name=given.name, progress=call.progress)
            return _show_entry(entry)
    raise UsageError(
        f"zoo {' '.join(what)}: not understood",
        hint="`tinyssl zoo show NAME`, `add [RUN] --name NAME`, `push NAME OWNER/REPO` or "
        "`pull OWNER/REPO`",
    )


def _add(call: Call, run: str | None, given: ZooOptions) -> Result:
    assert given.name is not None
    sources = find_sources(existing(run, "RUN"), call.workspace)
    texts = CardTexts(
        given.name,
        data_name=given.data_name,
        data_licence=given.data_licence,
        head_data_name=given.head_data_name,
        started_from=given.started_from,
    )
    entry = add_entry(sources, texts)
    if given.default or default_name() is None:
        set_default(given.name)
    return _show_entry(entry)


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
        click.Argument(
            ["what"],
            nargs=-1,
            metavar="[show NAME | add [RUN] | push NAME OWNER/REPO | pull OWNER/REPO]",
        ),
        click.RichOption(["--name"], metavar="NAME", help="Name of the new entry (add, pull)"),
        click.RichOption(["--data-name"], metavar="TEXT", help="What its images are (add)"),
        click.RichOption(["--data-licence"], metavar="TEXT", help="Licence of its images (add)"),
        click.RichOption(
            ["--head-data-name"],
            metavar="TEXT",
            help="What the images of the head are, where they are others (add)",
        ),
        click.RichOption(
            ["--started-from"],
            metavar="TEXT",
            help="What the weights of `pretrain --init` were trained on (add)",
        ),
        click.RichOption(
            ["--default"], is_flag=True, help="Make it the one that is used unnamed (add)"
        ),
        click.RichOption(
            ["--private"], is_flag=True, help="A new repository is seen by you alone (push)"
        ),
        click.RichOption(
            ["--revision"], metavar="NAME", help="Branch, tag or commit; default: main (pull)"
        ),
    ),
)
