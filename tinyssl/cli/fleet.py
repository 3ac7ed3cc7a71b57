"""`tinyssl fleet`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.config import CatalogConfig
from tinyssl.core.errors import EXIT_GATE, EXIT_OK, UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.stages.catalog import Catalog

ACTIONS = ("list", "deploy")
FIGURES = {
    "accuracy_device": "accuracy",
    "agreement": "same answer",
    "flash_bytes": "flash",
    "ram_bytes": "RAM",
}
"""Result of a bench run -> title of its column"""
COLUMNS = ("device", "board", "port", "seen", "model", "build", "health", "last start")


def fleet(call: Call, what: tuple[str, ...] = (), boards: str | None = None) -> Result:
    """Show the devices that are there, or put the best models onto them.

    `tinyssl fleet` asks the boards on USB and the emulators of this workspace who they are, and
    lists those that were seen before, too. `tinyssl fleet deploy --task keyword --boards A,B` puts
    the best model that the catalogue knows onto each board: builds, flashes and measures one after
    the other. The first board that does not give the reference's bytes, or less than
    --min-accuracy, ends it with exit code 3, and what ran there before is put back. Settings of
    build, flash and bench are those of tinyssl.toml.
    """
    action = what[0] if what else "list"
    if len(what) > 1 or action not in ACTIONS:
        raise UsageError(
            f"fleet {' '.join(what)}: not understood", hint=f"one of {', '.join(ACTIONS)}"
        )
    config = call.config(CatalogConfig)
    if action == "deploy":
        return _deploy(call, config, boards or config.board or "")
    if boards:
        raise UsageError("--boards says where to deploy", hint="tinyssl fleet deploy --boards …")
    from tinyssl.stages.catalog import open_catalog

    opened = open_catalog(call.workspace, call.progress, config)
    opened.refresh()
    return devices_result(opened, config)


def devices_result(opened: Catalog, config: CatalogConfig) -> Result:
    """The devices that answer, then those that did once; exit code 3 where a bad image runs."""
    from tinyssl.catalog.live import seen_before
    from tinyssl.catalog.rules import running_bad_images
    from tinyssl.stages.catalog import policy_of

    found = opened.devices()
    gone = seen_before(opened.store, {each.name for each in found})
    rows = [
        (
            each.name,
            each.board,
            each.port,
            "now",
            each.identity.model,
            each.identity.build_id,
            each.health or "good",
            each.identity.reset,
        )
        for each in found
    ]
    rows += [(*each, "–", "–", "–", "–") for each in gone]
    none = "no device answers; `tinyssl flash` puts a build on one, or starts its emulator"
    bad = running_bad_images(opened.store, policy_of(config))
    blocks: list[Table | str] = [Table(COLUMNS, rows)] if rows else []
    blocks += [] if found else [none]
    blocks += [
        f"{name} runs {image}, which must not run: build and flash it anew" for name, image in bad
    ]
    data = {
        "devices": [*map(asdict, found)],
        "seen_before": [dict(zip(COLUMNS, each, strict=False)) for each in gone],
        "bad_images": dict(bad),
    }
    return Result(data, blocks, EXIT_GATE if bad else EXIT_OK)


def _deploy(call: Call, config: CatalogConfig, boards: str) -> Result:
    from tinyssl.stages.deploy import Deployed, deploy

    done: Sequence[Deployed] = deploy(call, config, boards)
    rows, data = [], []
    for each in done:
        results = each.record.results
        figures = {name: results[name] for name in FIGURES if name in results}
        cells = [format_value(name, figures[name]) if name in figures else "–" for name in FIGURES]
        rows.append((each.match.target_name, each.match.model_name, *cells))
        data.append({
            "board": each.match.target_name,
            "model": each.match.model_name,
            "run": each.record.folder,
            "figures": figures,
        })  # fmt: skip
    table = Table(("board", "model", *FIGURES.values()), rows)
    return Result({"deployed": data}, (table, "", "next: tinyssl report"))


BOARDS = click.RichOption(
    ["--boards"],
    metavar="A,B,…",
    help="Boards to deploy to, in this order; default: the best emulated one",
)
command = make_command(
    fleet,
    stages=("catalog",),
    own=(click.Argument(["what"], nargs=-1, metavar=f"[{' | '.join(ACTIONS)}]"), BOARDS),
)
