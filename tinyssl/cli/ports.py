"""`tinyssl ports`."""

from __future__ import annotations

import json
import os
from typing import Any

import rich_click as click

from tinyssl.cli.call import Call
from tinyssl.cli.options import make_command
from tinyssl.cli.output import Result, Table, plain
from tinyssl.records import Workspace

NO_EMULATOR = "no emulator runs here; `tinyssl flash` starts one"


def ports(call: Call, stop: bool = False) -> Result:
    """List serial ports, and the emulators that `tinyssl flash` started in this workspace."""
    from tinyssl.build import stop_emulators
    from tinyssl.device import find_ports

    stopped = stop_emulators(call.workspace) if stop else 0
    serial = [plain(port) for port in find_ports(None)]
    emulators = flashed_devices(call.workspace)
    blocks: list[Table | str] = [_table("serial port", serial) if serial else "no serial port"]
    blocks += ["", _table("emulator", emulators) if emulators else NO_EMULATOR]
    if stop:
        blocks.append(f"{stopped} stopped")
    return Result({"ports": serial, "emulators": emulators, "stopped": stopped}, blocks)


def flashed_devices(workspace: Workspace) -> list[dict[str, Any]]:
    """The `device.json` of each build folder, of a process, with `running` added."""
    found = []
    for path in sorted(workspace.builds.glob("*/device.json")):
        device = json.loads(path.read_text())
        pid = device.get("pid")
        if device.get("kind") in ("emulator", "host"):
            found.append(device | {"running": bool(pid) and _alive(pid)})
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(rows[0])
    cells = [["" if row.get(name) is None else str(row[name]) for name in columns] for row in rows]
    return Table(columns, cells, title=title)


command = make_command(
    ports, own=(click.RichOption(["--stop"], is_flag=True, help="End those emulators"),)
)
