"""Boards that run on this computer: QEMU, or the firmware as a process, on a pseudo-terminal.

PlatformIO's `upload` target of such a board calls this module:

    python -m tinyssl.device.emulator start PROJECT ELF
    python -m tinyssl.device.emulator stop PROJECT
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import shutil
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tinyssl.core.errors import DeviceTimeout, TinysslError, ToolMissing
from tinyssl.core.own_files import new_file
from tinyssl.core.records import BuildInfo
from tinyssl.core.text import printable_lines
from tinyssl.core.toolchain import emulator_packages, install_hint
from tinyssl.device.flashed import Flashed
from tinyssl.device.link import open_link
from tinyssl.device.session import Session
from tinyssl.targets.boards import Board, read_board

LOG = "emulator.log"
MARK = "TINYSSL_EMULATED_PROJECT"
"""Environment variable of an emulator's process: the folder that it was started from"""
PORT = re.compile(r"(?:char device redirected to|serial port) (/dev/\S+)")
"""How QEMU and the host port name their pseudo-terminal"""

QEMU_OPTIONS = ("-display", "none", "-monitor", "none", "-parallel", "none", "-serial", "pty")
START_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
LOG_BYTES = 65536
"""Of the log's start, where the port is named"""
SHOWN_LINES, SHOWN_CHARACTERS = 5, 1000
"""Of the log, in an error"""
CONTROL_SECONDS = 1.0
"""QEMU looks once a second whether somebody opened its terminal"""


def command(board: Board, elf: Path) -> list[str]:
    """Program and arguments that run `elf`."""
    if board.tinyssl.emulator is None:
        return [str(elf)]
    return [*(_placed(part, elf) for part in board.tinyssl.emulator.command), *QEMU_OPTIONS]


def _placed(part: str, elf: Path) -> str:
    """A word with the image's path; among the options of a longer word QEMU doubles a comma."""
    return part.replace("{elf}", str(elf) if part == "{elf}" else str(elf).replace(",", ",,"))


def start(project: Path, elf: Path, *, timeout: float = START_SECONDS) -> Flashed:
    """Runs an image, detached from this process, and waits until it answers.

    An emulator that still runs from the same project is stopped first. What the emulator prints
    goes to `emulator.log`, where it can be found goes to `device.json`, both in the project.

    Raises:
        ToolMissing: QEMU is not installed.
        DeviceTimeout: It ended, named no terminal or did not answer within `timeout` seconds.
    """
    board = _board(project)
    stop(project)
    arguments = command(board, elf)
    _check_program(board, arguments[0])
    log = project / LOG
    pid = _spawn(arguments, log, os.environ | {MARK: str(project.resolve())})
    started = Flashed(
        board=board.id,
        kind=board.kind,
        port="",
        pid=pid,
        build_id=_build_id(project),
        flashed="",
        program=shlex.join(arguments),
    )
    try:
        # Already: where this process is killed, `stop` still ends the emulator.
        started.save(project)
        end = time.monotonic() + timeout
        port = _wait_for_port(pid, log, end)
        _wait_for_answer(port, board.tinyssl.serial.baud, end)
    except BaseException:
        stop(project)
        raise
    flashed = replace(started, port=port, flashed=datetime.now(UTC).isoformat(timespec="seconds"))
    flashed.save(project)
    return flashed


def _check_program(board: Board, program: str) -> None:
    """Raises ToolMissing where the emulator is not installed, or the image may not be run."""
    if shutil.which(program) is not None:
        return
    if board.kind == "host":
        raise ToolMissing(
            f"the system does not run {program}",
            hint="build into a folder on a disk that is not mounted `noexec` (--out), or run "
            "`tinyssl build` again",
        )
    packages = emulator_packages(program)
    hint = install_hint(packages) if packages else f"install {program}"
    raise ToolMissing(f"{program} is not on the PATH", hint=hint)


def stop(project: Path) -> bool:
    """Ends the emulator that runs a project's image.

    Returns:
        True where there was one. `device.json` of an emulator is removed in any case.
    """
    try:
        flashed = Flashed.load(project)
    except TinysslError:
        return False
    if flashed.kind == "serial" or flashed.pid is None:
        return False
    ours = is_ours(flashed.pid, project)
    if ours:
        _kill(flashed.pid)
    (project / Flashed.FILE).unlink(missing_ok=True)
    return ours


def stop_all(builds: Path) -> int:
    """Ends the emulators of all build folders below `builds`; returns how many there were."""
    return sum(stop(path.parent) for path in builds.glob(f"*/{Flashed.FILE}"))


def is_ours(pid: int, project: Path) -> bool:
    """True where `pid` is a live process that runs an image of this project.

    Process ids are given again, so a number in a file proves nothing: the process must carry the
    mark of the project, which `start` puts into its environment (a command line would not do: the
    host's firmware replaces its own when it resets).
    """
    try:
        environment = (Path("/proc") / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return os.fsencode(f"{MARK}={project.resolve()}") in environment.split(b"\0")


def _board(project: Path) -> Board:
    return read_board(next(iter(sorted((project / "boards").glob("*.json")))))


def _build_id(project: Path) -> str:
    try:
        return BuildInfo.load(project).build_id
    except TinysslError:  # a project that was built by hand
        return ""


def _spawn(arguments: list[str], log: Path, environment: dict[str, str]) -> int:
    """Starts a process that outlives this one: own session, no shared terminal, output to `log`."""
    output = new_file(log)
    try:
        return os.posix_spawnp(
            arguments[0],
            arguments,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(output)


def _wait_for_port(pid: int, log: Path, end: float) -> str:
    while time.monotonic() < end:
        text = _start_of(log)
        found = PORT.search(text)
        if found:
            return found[1]
        if _ended(pid):
            said = " | ".join(text.strip().splitlines()[-SHOWN_LINES:])[-SHOWN_CHARACTERS:]
            raise DeviceTimeout(
                f"the emulator ended at once: {said or 'it said nothing'}", hint=f"see {log}"
            )
        time.sleep(POLL_SECONDS)
    raise DeviceTimeout("the emulator named no serial port in time", hint=f"see {log}")


def _start_of(log: Path) -> str:
    """What an emulator says at its start; whatever it prints for ever is left where it is."""
    with log.open("rb") as file:
        return file.read(LOG_BYTES).decode("utf-8", "replace")


def _wait_for_answer(port: str, baud: int, end: float) -> None:
    timeout = max(end - time.monotonic(), CONTROL_SECONDS)
    with Session(open_link(port, baud), timeout, 0) as session:
        session.sync()


def _ended(pid: int) -> bool:
    """True where the process is gone; also takes the status of a child, so that no zombie stays."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _kill(pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            if _ended(pid):
                return
            time.sleep(POLL_SECONDS)


def main() -> int:
    """The command line that PlatformIO's `upload` calls."""
    parser = argparse.ArgumentParser(prog="tinyssl.device.emulator")
    actions = parser.add_subparsers(dest="action", required=True)
    starter = actions.add_parser("start", help="run an image")
    starter.add_argument("project", type=Path)
    starter.add_argument("elf", type=Path)
    actions.add_parser("stop", help="end it").add_argument("project", type=Path)
    given = parser.parse_args()
    project = given.project.absolute()
    if given.action == "stop":
        sys.stdout.write("stopped\n" if stop(project) else "no emulator ran\n")
        return 0
    try:
        flashed = start(project, given.elf.absolute())
    except TinysslError as error:
        sys.stderr.write(printable_lines(f"Error: {error.message}\nhint: {error.hint}\n"))
        return error.exit_code
    sys.stdout.write(f"{flashed.board} answers on {flashed.port} (process {flashed.pid})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
