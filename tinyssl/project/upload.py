"""How a build gets onto its board: which folder, which probe, which command."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tinyssl.core.config import FlashConfig
from tinyssl.core.errors import DeviceNotFound, UsageError
from tinyssl.core.fields import Fields
from tinyssl.core.records import BuildInfo, RunRecord, Workspace
from tinyssl.device import emulator, find_ports, only_port
from tinyssl.device.flashed import Flashed
from tinyssl.targets.boards import Board, find_board

OVER_USB = ("openocd", "stlink", "pyocd", "jlink")
"""Protocols that open the probe itself; the others take its serial port or its drive"""
BOSSAC = "bossac"
TOOLS_SIGNS = re.compile(r"[][{}$\\\\\";#\x00-\x1f\x7f]")
"""Signs of a path with a meaning in a command of OpenOCD"""
SERIAL_NUMBER = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_.:/-]*")
"""What OpenOCD, whose commands are programs, reads as nothing but a word"""
PATH = re.compile(r"[^-\x00-\x1f\x7f][^\x00-\x1f\x7f]*")
SERIAL = ("esptool", BOSSAC)
"""Protocols that need to be told a serial port"""


def find_build(name: str | None, workspace: Workspace) -> Path:
    """Folder of the last build, or of the last one for the board called `name`.

    Raises:
        UsageError: There is none.
    """
    wanted = find_board(name).id if name else None
    for run in workspace.newest("build"):
        if run.status != "complete" or wanted not in (None, run.results.get("board")):
            continue
        folder = _built_in(run, workspace)
        if folder is not None and _has_image(folder, workspace):
            return folder
    what = f"firmware for {wanted}" if wanted else "firmware"
    raise UsageError(
        f"no finished build of {what} in {workspace.runs}",
        hint=f"run `tinyssl build --board {wanted or '…'}` first",
    )


def _built_in(run: RunRecord, workspace: Workspace) -> Path | None:
    """The folder that a build run made: in `build/` of this workspace, unless `--out` named one."""
    folder = Fields(run.results).text("folder")
    if not folder:
        return None
    elsewhere = Fields(run.config).text("out")
    return Path(folder) if elsewhere else workspace.builds / Path(folder).name


def _has_image(folder: Path, workspace: Workspace) -> bool:
    try:
        return bool(BuildInfo.load(folder, workspace.root).artifacts)
    except UsageError:
        return False


def upload_command(
    board: Board, project: Path, elf: Path, port: str | None, protocol: str | None = None
) -> list[str]:
    """The command that PlatformIO's `upload` target runs for this board.

    Args:
        board: Its file has a command for each protocol.
        project: The build folder; where its path has a sign that a tool would read in its own
            way, the command names files from there.
        elf: The image.
        port: Serial port or probe; None leaves the choice to the uploader.
        protocol: One of the board's; None: its default.
    """
    commands: Any = board.upload["commands"]
    parts: list[str] = []
    for part in commands[protocol or board.tinyssl.flashers[0]]:
        if isinstance(part, str):
            parts.append(part)
        elif port:
            parts += part
    if TOOLS_SIGNS.search(str(project)):  # then as PlatformIO names it, in the folder itself
        elf, project = elf.relative_to(project), Path()
    values = {"python": sys.executable, "project": project, "elf": elf, "port": port or ""}
    values |= {"bin": elf.with_suffix(".bin"), "hex": elf.with_suffix(".hex")}
    for name, value in values.items():
        parts = [part.replace(f"{{{name}}}", str(value)) for part in parts]
    return parts


def check_port(port: str | None, protocol: str) -> None:
    """Raises UsageError for a port that a tool would read as an option, or as a script."""
    allowed = SERIAL_NUMBER if protocol in OVER_USB else PATH
    if port is not None and not allowed.fullmatch(port):
        raise UsageError(
            f"--port {port!r} cannot be the name of a port or probe",
            hint="`tinyssl flash --list-probes` lists those that are attached",
        )


def choose_probe(board: Board, config: FlashConfig, protocol: str) -> str | None:
    """What `--port` says, else the serial port where the protocol needs one; None: no choice.

    Raises:
        DeviceNotFound: More than one matches, or a serial port is needed and there is none.
    """
    if config.port or board.emulated:
        return config.port
    ports = find_ports(board)
    if len(ports) > 1:
        names = ", ".join(f"{port.serial_number or '?'} ({port.port})" for port in ports)
        what = "serial number" if protocol in OVER_USB else "port"
        raise DeviceNotFound(
            f"{len(ports)} probes match {board.id}: {names}",
            hint=f"name the {what} of one with --port",
        )
    if protocol not in SERIAL or config.dry_run:
        return None
    if not board.tinyssl.serial.usb_ids:
        raise DeviceNotFound(
            f"{protocol} needs a serial port, and no USB id tells which one is {board.id}'s",
            hint="start the boot loader (Arduino: press reset twice quickly) and name its port "
            "with --port; `tinyssl flash --list-probes` lists them",
        )
    return only_port(board).port


def serial_device(planned: Flashed, board: Board, folder: Path) -> Flashed:
    ports = find_ports(board)
    port = ports[0].port if len(ports) == 1 else ""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    flashed = replace(planned, port=port, flashed=now)
    flashed.save(folder)
    return flashed


def stop_emulators(workspace: Workspace) -> int:
    """Ends all emulators that `flash` started in this workspace; returns how many ran."""
    return emulator.stop_all(workspace.builds)
