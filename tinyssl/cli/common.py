"""Options that every command takes. Imports no configs, so that `tinyssl --help` is quick."""

from __future__ import annotations

from typing import Any

import rich_click as click

CONTEXT: dict[str, Any] = {
    "help_option_names": ["--help", "-h"],
    "rich_help_config": {"options_table_column_types": ["opt_all_metavar", "help"]},
}
GLOBAL = ("workspace", "config", "json", "quiet", "verbose")
PANEL = "Options of every command"


def global_options() -> list[click.Option]:
    """Options that every command takes, before or after the command's name."""
    return [
        click.RichOption(
            ["--workspace", "-w"],
            type=click.Path(file_okay=False),
            help="Folder that holds runs/ and build/  [default: .]",
            panel=PANEL,
        ),
        click.RichOption(
            ["--config"],
            type=click.Path(dir_okay=False),
            help="Settings to read  [default: tinyssl.toml in the workspace]",
            panel=PANEL,
        ),
        click.RichOption(
            ["--json"], is_flag=True, help="Print one JSON object on stdout", panel=PANEL
        ),
        click.RichOption(["--quiet", "-q"], is_flag=True, help="No progress", panel=PANEL),
        click.RichOption(
            ["--verbose", "-v"],
            is_flag=True,
            help="Tracebacks, and what libraries print",
            panel=PANEL,
        ),
    ]
