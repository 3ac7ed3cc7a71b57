"""pyOCD (extra `flash`): pip installs all of it, also where there is no OpenOCD."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinyssl.core.errors import DeviceError, DeviceNotFound, TinysslError, ToolMissing
from tinyssl.device.chip import WRONG_CHIP, check_chip, chip_of
from tinyssl.device.flashers.job import UploadJob, load_segments

INSTALL = "pip install 'tinyssl[flash]'"
BLOCK = 4096
"""Bytes read back at a time"""


def flash(job: UploadJob) -> Iterator[str]:
    """Connects, compares the chip, writes, reads back, and starts the image.

    Yields:
        What was done, line by line.

    Raises:
        ToolMissing: pyOCD is not installed, or does not know the chip.
        DeviceNotFound: No probe, more than one, or another chip.
        DeviceError: What was read back differs, or the probe failed.
    """
    target = str(_debug(job).get("pyocd_target", "cortex_m"))
    under_reset = bool(_debug(job).get("connect_under_reset"))
    options = {
        "target_override": target,
        "connect_mode": "under-reset" if under_reset else "halt",
        "hide_programming_progress": True,
    }
    if job.dry_run:
        yield f"pyocd: target {target}, connect {options['connect_mode']}, {job.elf}"
        return
    with session(job.port, options) as opened:
        yield f"probe {opened.probe.unique_id}, target {target}"
        yield from program(opened, job)


@contextmanager
def session(port: str | None, options: dict[str, Any]) -> Iterator[Any]:
    """A session of pyOCD with the probe called `port` (its serial number, or a part of it)."""
    try:
        from pyocd.core import exceptions
        from pyocd.core.helpers import ConnectHelper
        from pyocd.core.session import Session
    except ImportError as error:
        raise ToolMissing("pyOCD is not installed", hint=f"run `{INSTALL}`") from error
    logging.getLogger("pyocd").setLevel(logging.ERROR)
    try:
        found = ConnectHelper.get_all_connected_probes(
            blocking=False, unique_id=port, print_wait_message=False
        )
        with Session(_only(found, port), options=options) as opened:
            yield opened
    except AssertionError as error:  # how some of its targets refuse a chip that is not theirs
        raise DeviceNotFound(
            f"wrong chip, says pyOCD: {error}; nothing was written", hint=WRONG_CHIP
        ) from error
    except exceptions.Error as error:
        raise _refused(error, str(options.get("target_override"))) from error


def _only(found: list[Any], port: str | None) -> Any:
    """The one probe that is there."""
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{probe.unique_id} ({probe.description})" for probe in found)
        raise DeviceNotFound(
            f"{len(found)} probes match: {names}", hint="name the serial number of one with --port"
        )
    raise DeviceNotFound(
        "pyOCD finds no debug probe" + (f" {port}" if port else ""),
        hint="plug in the board's USB cable; `tinyssl flash --list-probes` lists what is there",
    )


def program(opened: Any, job: UploadJob) -> Iterator[str]:
    """Writes and verifies an image in an open session."""
    from pyocd.flash.file_programmer import FileProgrammer

    target = opened.target
    chip = chip_of(job.board)
    if chip:
        check_chip(chip, target.read32(chip.address))
        yield f"chip {chip.name}"
    target.reset_and_halt()
    FileProgrammer(opened, smart_flash=False).program(str(job.elf), file_format="elf")
    total = 0
    for segment in load_segments(job.elf):
        for start in range(0, len(segment.data), BLOCK):
            wanted = segment.data[start : start + BLOCK]
            place = segment.address + start
            if bytes(target.read_memory_block8(place, len(wanted))) != wanted:
                raise DeviceError(
                    f"verify failed between {place:#010x} and {place + len(wanted):#010x}",
                    hint="flash again; if it stays, the flash is worn out or write-protected",
                )
        total += len(segment.data)
    yield f"{total:,} bytes written and read back"
    target.reset()


def probes() -> list[dict[str, str]]:
    """Probes that pyOCD sees; none where it is not installed."""
    try:
        from pyocd.core.helpers import ConnectHelper
    except ImportError:
        return []
    logging.getLogger("pyocd").setLevel(logging.CRITICAL)
    try:
        found = ConnectHelper.get_all_connected_probes(blocking=False, print_wait_message=False)
    except Exception as error:  # of libusb, hidapi or a plug-in
        raise DeviceNotFound(
            f"pyOCD cannot list the probes: {error}", hint="`pyocd list` shows more"
        ) from error
    return [
        {"probe": probe.unique_id, "name": probe.description, "tool": "pyocd"} for probe in found
    ]


def _debug(job: UploadJob) -> dict[str, Any]:
    extra = job.board.model_extra or {}
    return dict(extra.get("debug", {}))


def _refused(error: Exception, target: str) -> TinysslError:
    text = str(error) or type(error).__name__
    kind = type(error).__name__
    if kind == "TargetSupportError" or "not recognized" in text:
        return ToolMissing(
            f"pyOCD does not know the target {target}: {text}",
            hint=f"run `pyocd pack install {target}` once (needs a network), or take `--protocol "
            "openocd`",
        )
    if kind == "ProbeError":
        return DeviceNotFound(f"the probe cannot be used: {text}", hint="unplug it, plug it in")
    return DeviceError(
        f"pyOCD: {text}", hint="hold the board's reset button while it connects, or power-cycle it"
    )
