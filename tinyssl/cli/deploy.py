"""`tinyssl deploy`."""

from __future__ import annotations

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.config import CatalogConfig
from tinyssl.stages.call import Call


def deploy(call: Call, boards: str | None = None) -> Result:
    """Put the best model that the catalogue knows onto each board, and measure it there.

    `tinyssl deploy --task keyword --boards mps2_an386,mps2_an500` builds, flashes and measures one
    after the other. The first board that does not give the reference's bytes, or less than
    --min-accuracy, ends it with exit code 3, and what ran there before is put back. Settings of
    build, flash and bench are those of tinyssl.toml.
    """
    from tinyssl.stages.deploy import deploy as run

    config = call.config(CatalogConfig)
    done = run(call, config, boards or config.board or "")
    rows, data = [], []
    for each in done:
        results = each.record.results
        figures = {
            name: results[name]
            for name in ("accuracy_device", "agreement", "flash_bytes", "ram_bytes")
            if name in results
        }
        cells = [format_value(name, value) for name, value in figures.items()]
        rows.append((each.match.target_name, each.match.model_name, ", ".join(cells)))
        data.append({
            "board": each.match.target_name,
            "model": each.match.model_name,
            "run": each.record.folder,
            "figures": figures,
        })  # fmt: skip
    table = Table(("board", "model", "measured"), rows)
    return Result({"deployed": data}, (table, "", "next: tinyssl report"))


BOARDS = click.RichOption(
    ["--boards"],
    metavar="A,B,…",
    help="Boards, in this order; default: the best emulated one",
)
command = make_command(deploy, stages=("catalog",), own=(BOARDS,))
