"""`tinyssl flash`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, plain, value_rows
from tinyssl.core.config import FlashConfig
from tinyssl.stages.call import Call

NO_PROBE = (
    "no probe and no serial port is attached (an emulated board needs none); the extra "
    "`flash` brings pyOCD, which knows more probes than the board files"
)


def flash(call: Call, list_probes: bool = False) -> Result:
    """Put the last build on its board, or start its emulator.

    The image is checked against the board's flash, the chip is compared before anything is written,
    and what was written is verified. Exit code 4 when no port or probe matches, more than one does,
    or another chip is attached.
    """
    if list_probes:
        return _probes()
    config = call.config(FlashConfig)
    from tinyssl.stages import flash as stage

    flashed = plain(stage.flash(config, call.workspace, call.progress))
    return Result(flashed, (Table(("flash", ""), value_rows(flashed)),))


def _probes() -> Result:
    from tinyssl.device.probes import list_probes
    from tinyssl.targets.boards import all_boards

    found = list_probes(all_boards())
    columns = ("probe", "name", "ids", "port", "boards", "allowed")
    rows = [[str(asdict(probe)[name]) for name in columns] for probe in found]
    blocks: list[Table | str] = [Table(columns, rows) if rows else NO_PROBE]
    rules = sorted({probe.udev_rule for probe in found if probe.udev_rule})
    if rules:
        from tinyssl.device.usb import RULES

        blocks += ["", f"missing udev rules, for {RULES}:", *rules]
    return Result({"probes": [asdict(probe) for probe in found]}, blocks)


command = make_command(
    flash,
    stages=("flash",),
    own=(
        click.RichOption(
            ["--list-probes"], is_flag=True, help="List probes and serial ports, flash nothing"
        ),
    ),
)
