"""Makes the click command of a command function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import rich_click as click

from tinyssl.cli.common import CONTEXT, global_options
from tinyssl.cli.invoke import invoke
from tinyssl.cli.options import stage_options


def make_command(
    execute: Callable[..., Any],
    *,
    stages: Sequence[str] = (),
    own: Sequence[click.Parameter] = (),
) -> click.RichCommand:
    """A command that runs `execute(call, **own options) -> Result`; its docstring is the help."""
    params: list[click.Parameter] = [*own]
    for stage in stages:
        params += stage_options(stage, panel=f"Options of {stage}")
    sources = [f"TINYSSL_{stage.upper()}_<OPTION> or [{stage}] in tinyssl.toml" for stage in stages]

    def callback(**values: Any) -> None:
        invoke(cast(click.Context, click.get_current_context()), execute, values)

    return click.RichCommand(
        name=execute.__name__,
        params=[*params, *global_options()],
        callback=callback,
        help=execute.__doc__,
        epilog=f"Options may also be set by {', '.join(sources)}." if sources else None,
        context_settings=CONTEXT,
    )
