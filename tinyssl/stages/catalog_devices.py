"""Live devices for the catalogue: each is asked who it is over its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tinyssl.bench.target import find_target
from tinyssl.catalog.thing import LiveDevice
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import TinysslError, UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.core.text import printable
from tinyssl.device import Session, find_ports, open_link
from tinyssl.stages.fleet import find_jobs
from tinyssl.targets.boards import find_board

TIMEOUT = 10.0
"""Seconds that a device may take for an answer"""


def ask_devices(workspace: Workspace, progress: Progress) -> list[LiveDevice]:
    """Devices of the workspace that answer: running emulators, and boards on USB that were built.

    One that does not answer is told of and left out.
    """
    try:
        jobs = find_jobs(BenchConfig(), workspace)
    except UsageError:
        return []
    found: list[LiveDevice] = []
    with progress.track("devices", len(jobs), "device") as task:
        for job in jobs:
            try:
                found += _ask(job.config, workspace)
            except TinysslError as error:
                progress.note(f"{job.name}: {error.message}")
            task.advance()
    return found


def _ask(config: BenchConfig, workspace: Workspace) -> Iterator[LiveDevice]:
    target = find_target(config, workspace)
    with Session(open_link(target.port, target.baud), TIMEOUT) as session:
        session.sync()
        identity, memory = session.identity(), session.memory()
    board = find_board(identity.board)
    serials = {port.port: port.serial_number for port in find_ports(None)}
    name = f"{board.id}-emulated" if board.emulated else serials.get(target.port) or target.port
    yield LiveDevice(
        name=name,
        board=board.id,
        port=target.port,
        baud=target.baud,
        identity=identity,
        seen=datetime.now(UTC).isoformat(timespec="seconds"),
        health=printable(identity.warning),
        emulated=board.emulated,
        stack_used=memory.stack_used,
    )
