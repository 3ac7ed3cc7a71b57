"""`tinyssl ports`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table, plain
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.stages.call import Call

NO_EMULATOR = "no emulator runs here; `tinyssl flash` starts one"


def ports(call: Call, stop: bool = False) -> Result:
    """List serial ports, and the emulators that `tinyssl flash` started in this workspace."""
    from tinyssl.device import find_ports
    from tinyssl.project import stop_emulators

    stopped = stop_emulators(call.workspace) if stop else 0
    serial = [plain(port) for port in find_ports(None)]
    emulators = flashed_devices(call.workspace)
    blocks: list[Table | str] = [_make_table("serial port", serial) if serial else "no serial port"]
    blocks += ["", _make_table("emulator", emulators) if emulators else NO_EMULATOR]
    if stop:
        blocks.append(f"{stopped} stopped")
    return Result({"ports": serial, "emulators": emulators, "stopped": stopped}, blocks)


def flashed_devices(workspace: Workspace) -> list[dict[str, Any]]:
    """The `device.json` of each build folder, of a process, with `running` added.

    A process that runs the image of another folder, as that of which this one is a copy, is none.
    """
    from tinyssl.device.emulator import is_ours
    from tinyssl.device.flashed import Flashed

    found = []
    for path in sorted(workspace.builds.glob(f"*/{Flashed.FILE}")):
        try:
            device = Flashed.load(path.parent)
        except UsageError:
            workspace.note(f"skipped {path}: it cannot be read")
            continue
        if device.kind != "serial":
            running = device.pid is not None and is_ours(device.pid, path.parent)
            found.append(asdict(device) | {"running": running})
    return found


def _make_table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(rows[0])
    cells = [["" if row.get(name) is None else str(row[name]) for name in columns] for row in rows]
    return Table(columns, cells, title=title)


command = make_command(
    ports, own=(click.RichOption(["--stop"], is_flag=True, help="End those emulators"),)
)
