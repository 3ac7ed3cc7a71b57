"""`tinyssl flash`."""

from __future__ import annotations

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result, Table, plain, value_rows
from tinyssl.config import FlashConfig


def flash(call: Call) -> Result:
    """Put the last build on its board, or start its emulator.

    Exit code 4 when no port or probe matches, or more than one does.
    """
    config = call.config(FlashConfig)
    from tinyssl import build as stage

    flashed = plain(stage.flash(config, call.workspace, call.progress))
    return Result(flashed, (Table(("flash", ""), value_rows(flashed)),))


command = make_command(flash, stages=("flash",))
