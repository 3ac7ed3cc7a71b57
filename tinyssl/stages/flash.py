"""The stage `flash`: the last build onto its board, through `pio run -t upload`."""

from __future__ import annotations

import shlex
from pathlib import Path

from tinyssl.core.config import FlashConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import emulator
from tinyssl.device.flashed import Flashed
from tinyssl.device.ports import touch
from tinyssl.device.usb import check_allowed, probes_of, usb_devices
from tinyssl.project.platformio import pio_command, pio_run
from tinyssl.project.protocols import check_tool, choose_protocol
from tinyssl.project.size import check_image
from tinyssl.project.upload import (
    BOSSAC,
    OVER_USB,
    check_port,
    choose_probe,
    find_build,
    serial_device,
    upload_command,
)
from tinyssl.targets.boards import read_board


def flash(config: FlashConfig, workspace: Workspace, progress: Progress | None = None) -> Flashed:
    """Puts a build on its board, or starts its emulator.

    Returns:
        What is also stored as `device.json` in the build folder (not for a dry run).

    Raises:
        UsageError: There is no build, or the board has no such protocol.
        BudgetExceeded: The image does not fit the board's memory.
        DeviceNotFound: No probe or port matches, more than one does, this user may not open it, or
            another chip is attached.
        DeviceTimeout: The emulator does not answer.
        ToolMissing: The uploader is not installed.
    """
    progress = progress or Silent()
    folder = find_build(config.board, workspace)
    info = BuildInfo.load(folder, workspace.root)
    board = read_board(folder / "boards" / f"{info.board}.json")
    elf = folder / info.artifacts["elf"]
    protocol = choose_protocol(board, config.protocol)
    check_port(config.port, protocol)
    probe = choose_probe(board, config, protocol)
    own = info.framework == "baremetal"
    if own:
        arguments = upload_command(board, folder, elf, probe, protocol)
    else:
        arguments = pio_command("nobuild", "upload", upload_port=probe)
    planned = Flashed(board.id, board.kind, "", None, info.build_id, "", shlex.join(arguments))
    if config.dry_run:
        return planned
    if own:  # else a framework links, and its uploader looks
        check_image(elf, board)
    plain = config_json(config)
    with workspace.start("flash", plain, inputs={"elf": elf}) as run:
        progress.note(f"flashing {board.name} ({protocol})")
        if own:  # else PlatformIO's platform brings the tool, and resets the board its way
            check_tool(board, protocol)
            if protocol == BOSSAC and probe:
                touch(probe)
        if protocol in OVER_USB:
            check_allowed(probes_of(board, usb_devices()), probe)
        _upload(folder, probe, protocol, config.timeout)
        flashed = Flashed.load(folder) if board.emulated else serial_device(planned, board, folder)
        run.results(board=board.id, port=flashed.port, build_id=info.build_id)
    return flashed


def _upload(folder: Path, probe: str | None, protocol: str, seconds: float) -> None:
    """Never compiled again here: what is flashed is the very image that was measured."""
    targets = ("nobuild", "upload")
    try:
        pio_run(folder, *targets, upload_port=probe, upload_protocol=protocol, timeout=seconds)
    except BaseException:
        emulator.stop(folder)  # one that did not answer in time would use a core for ever
        raise
