"""SEGGER's J-Link Commander (`JLinkExe`): a script for each of two runs, first look, then write."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tinyssl.core.child_process import ChildStopped, run_child
from tinyssl.core.errors import DeviceError, DeviceNotFound, DeviceTimeout, ToolMissing, UsageError
from tinyssl.core.scratch import work_folder
from tinyssl.device.chip import check_chip, chip_of
from tinyssl.device.flashers.job import UploadJob

PROGRAMS = ("JLinkExe", "JLink")
IMAGE = "firmware"
SCRIPT = "commands.jlink"
SPEED_KHZ = 4000
SECONDS = 120.0
TAIL_CHARACTERS = 600
"""Of the last lines, in an error"""
WORD = re.compile(r"^([0-9A-Fa-f]{8}) = ([0-9A-Fa-f]{8})", re.MULTILINE)
"""Answer to `mem32`"""
NO_PROBE = re.compile(r"Connecting to J-Link.*FAILED|Cannot connect to (?:the )?(?:J-Link|probe)")
NO_CHIP = re.compile(r"Cannot connect to target|Could not connect to (?:the )?target")
FAILED = re.compile(r"^.*(?:Verify failed|Failed to|Error occurred|ERROR:).*$", re.MULTILINE)
LOADED = re.compile(r"^O\.K\.\s*$", re.MULTILINE)


def flash(job: UploadJob) -> Iterator[str]:
    """Looks at the chip, writes, verifies (as `loadfile` does, and once more), starts.

    Raises:
        ToolMissing: There is no JLinkExe.
        DeviceNotFound: No probe, no chip, or another chip.
        DeviceError: Writing or verifying failed.
    """
    chip, device = chip_of(job.board), _device(job)
    look = [f"mem32 {chip.address:#x} 1", "exit"] if chip else []
    binary = job.elf.with_suffix(".bin")
    origin = job.board.region("vectors").origin
    write = [
        *("r", "h", f'loadfile "{IMAGE}.hex"', f'verifybin "{IMAGE}.bin" {origin:#x}'),
        *("r", "g", "exit"),
    ]
    if job.dry_run:
        yield from ["# first run", *look, "# second run", *write]
        return
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise ToolMissing(
            "JLinkExe is not on the PATH",
            hint="install the J-Link software of segger.com, or take another `--protocol`",
        )
    command = [program, "-NoGui", "1", "-ExitOnError", "1", "-AutoConnect", "1", "-If", "SWD"]
    command += ["-Speed", str(SPEED_KHZ), "-Device", device]
    command += ["-USB", job.port] if job.port else []
    if chip:
        check_chip(chip, _word(_run(command, look, job.elf), chip.address))
        yield f"chip {chip.name}"
    output = _run(command, write, job.elf)
    if not LOADED.search(output):
        raise DeviceError(f"J-Link did not say that it wrote: {_tail(output)}", hint="flash again")
    yield f"{binary.stat().st_size:,} bytes written and verified"


def _device(job: UploadJob) -> str:
    extra = job.board.model_extra or {}
    name = extra.get("debug", {}).get("jlink_device")
    if not name:
        raise UsageError(
            f"the board file of {job.board.id} has no debug.jlink_device",
            hint="add SEGGER's name of the chip, or take another `--protocol`",
        )
    return str(name)


def _run(command: list[str], script: list[str], elf: Path) -> str:
    """Runs a script beside links to the image: a path of the user's could end a line of it."""
    with work_folder() as folder:
        (folder / SCRIPT).write_text("\n".join(script) + "\n", encoding="utf-8")
        for kind in (".hex", ".bin"):
            (folder / f"{IMAGE}{kind}").symlink_to(elf.with_suffix(kind).absolute())
        try:
            ended = run_child([*command, "-CommandFile", SCRIPT], seconds=SECONDS, folder=folder)
        except ChildStopped as stopped:
            raise DeviceTimeout(
                f"{command[0]} {stopped.why}: {_tail(stopped.output)}",
                hint="unplug the probe, plug it in",
            ) from stopped
    _check(ended.output, ended.code)
    return ended.output


def _check(output: str, code: int) -> None:
    if NO_PROBE.search(output):
        raise DeviceNotFound(
            "no J-Link probe answered", hint="plug in the board's USB cable, or name it with --port"
        )
    if NO_CHIP.search(output):
        raise DeviceNotFound("the J-Link does not reach the chip", hint="is the board powered?")
    failed = FAILED.search(output)
    if failed or code:
        raise DeviceError(
            f"J-Link failed: {failed[0].strip()[:TAIL_CHARACTERS] if failed else _tail(output)}",
            hint="flash again",
        )


def _word(output: str, address: int) -> int:
    for place, word in WORD.findall(output):
        if int(place, 16) == address:
            return int(word, 16)
    raise DeviceError(f"J-Link did not read {address:#010x}: {_tail(output)}", hint="flash again")


def _tail(output: str) -> str:
    return " / ".join(output.strip().splitlines()[-3:])[-TAIL_CHARACTERS:] or "it said nothing"
