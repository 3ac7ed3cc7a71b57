"""What `tinyssl doctor` looks at: each check tells its state and the command that repairs it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from tinyssl.core.paths import cache_folder
from tinyssl.core.records import Workspace
from tinyssl.core.toolchain import (
    OWN,
    Tool,
    emulators_of,
    found_text,
    install_command,
    problem_of,
    tools,
)
from tinyssl.device.usb import RULES, probes_of, udev_rule, usb_devices
from tinyssl.targets.boards import Board

State = Literal["ok", "warn", "fail"]
PYTHON = (3, 11)
FREE_BYTES = 2 * 10**9
"""Free disk that a build and a short training need, with room"""
BASE = {
    "ai-edge-litert": "reads models",
    "numpy": "all figures",
    "jinja2": "generates C",
    "pyserial": "talks to boards",
    "pyelftools": "measures flash and RAM",
}
TRAIN = ("torch", "safetensors", "scikit-learn", "litert-torch", "ai-edge-quantizer")
USB_SERIAL_GROUPS = ("dialout", "uucp", "plugdev")
UDEV_FOLDERS = ("/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
ST_VENDOR = "0483"
"""USB vendor of ST-Link probes"""


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at."""

    name: str
    state: State
    """ok; warn: something optional is missing; fail: something needed is"""
    found: str
    repair: str = ""
    """Exact command, empty where there is nothing to do"""


def all_checks(boards: Iterable[Board], workspace: Workspace) -> list[CheckResult]:
    """Every check, in the order in which a newcomer would repair."""
    boards = list(boards)
    return [
        _python(),
        *(_package(name, use) for name, use in BASE.items()),
        _platformio(),
        _tflm(),
        _extra_train(),
        *_tools(boards),
        _flashers(),
        _esptool(),
        _serial_group(),
        _udev(),
        _attached(boards),
        _disk(workspace.root),
        _writable("workspace", workspace.root),
        _writable("cache", cache_folder()),
    ]


def apt(*packages: str) -> str:
    """The command that installs Debian packages without a question."""
    return install_command(packages, "-y --no-install-recommends")


def _pip(extra: str = "") -> str:
    return f"{sys.executable} -m pip install 'tinyssl{extra}'"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _python() -> CheckResult:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON:
        return CheckResult("Python", "ok", found)
    return CheckResult(
        "Python", "fail", f"{found}; 3.11 or newer is needed", apt("python3.11-venv")
    )


def _package(name: str, use: str) -> CheckResult:
    version = _version(name)
    if version:
        return CheckResult(name, "ok", version)
    return CheckResult(
        name, "fail", f"not installed; {use}", f"{sys.executable} -m pip install {name}"
    )


def _platformio() -> CheckResult:
    versions = {name: _version(name) for name in ("platformio", "scons")}
    missing = [name for name, version in versions.items() if not version]
    if missing:
        repair = f"{sys.executable} -m pip install {' '.join(missing)}"
        return CheckResult("PlatformIO", "fail", f"{', '.join(missing)} not installed", repair)
    return CheckResult("PlatformIO", "ok", f"{versions['platformio']}, scons {versions['scons']}")


def _tflm() -> CheckResult:
    version = _version("tflite-micro")
    if version:
        return CheckResult("tflite-micro", "ok", version)
    repair = f"{sys.executable} -m pip install --pre tflite-micro"
    return CheckResult(
        "tflite-micro", "warn", "not installed; `verify` needs it (Linux x86-64)", repair
    )


def _extra_train() -> CheckResult:
    missing = [name for name in TRAIN if not _version(name)]
    if not missing:
        return CheckResult("extra train", "ok", f"torch {_version('torch')}")
    found = f"without {', '.join(missing)}; only pretrain, probe and convert need them"
    return CheckResult("extra train", "warn", found, _pip("[train]"))


def _tools(boards: Iterable[Board]) -> list[CheckResult]:
    """One check for each compiler and emulator, one for all that only our own tests call."""
    commands = [board.tinyssl.emulator.command for board in boards if board.tinyssl.emulator]
    known = tools(emulators_of(commands))
    return [
        *(_tool(tool) for tool in known if tool.use != OWN),
        _programs_of_tests([tool for tool in known if tool.use == OWN]),
    ]


def _tool(tool: Tool) -> CheckResult:
    problem = problem_of(tool)
    if problem is None:
        return CheckResult(tool.name, "ok", found_text(tool))
    state: State = "fail" if tool.needed_by == "demo" else "warn"
    repair = apt(*problem.packages) if problem.packages else f"install {tool.programs[0]}"
    return CheckResult(tool.name, state, f"{problem.text}; {tool.use}", repair)


def _programs_of_tests(wanted: Iterable[Tool]) -> CheckResult:
    problems = [problem for tool in wanted if (problem := problem_of(tool))]
    if not problems:
        return CheckResult("programs of the tests", "ok", ", ".join(tool.name for tool in wanted))
    found = f"{'; '.join(problem.text for problem in problems)}; {OWN}"
    packages = dict.fromkeys(name for problem in problems for name in problem.packages)
    return CheckResult("programs of the tests", "warn", found, apt(*packages))


def _flashers() -> CheckResult:
    """One of the two that drive debug probes is enough; J-Link's own program is a third way."""
    programs = {"openocd": "OpenOCD", "JLinkExe": "JLinkExe"}
    found = [name for program, name in programs.items() if shutil.which(program)]
    found += [f"{name} {_version(name)}" for name in ("pyocd",) if _version(name)]
    if found:
        return CheckResult("debug probes", "ok", ", ".join(found))
    use = "neither OpenOCD nor pyOCD; only real boards with a debug probe need one"
    return CheckResult("debug probes", "warn", use, _pip("[flash]"))


def _esptool() -> CheckResult:
    version = _version("esptool")
    if version:
        return CheckResult("esptool", "ok", version)
    found = "not installed; only ESP32 boards need it"
    return CheckResult("esptool", "warn", found, _pip("[flash]"))


def _attached(boards: Iterable[Board]) -> CheckResult:
    """Probes that are plugged in and may not be opened, with the rule that lets this user."""
    devices = usb_devices()
    probes = {probe.node: probe for board in boards for probe in probes_of(board, devices)}
    blocked = [probe for probe in probes.values() if not probe.allowed]
    if not blocked:
        found = f"{len(probes)}, this user may open them" if probes else "none"
        return CheckResult("attached probes", "ok", found)
    rules = "\n".join(sorted({udev_rule(probe) for probe in blocked}))
    names = ", ".join(f"{probe.product or probe.vid} ({probe.node})" for probe in blocked)
    return CheckResult(
        "attached probes", "warn", f"this user may not open {names}",
        f"echo '{rules}' | sudo tee -a {RULES} && sudo udevadm control --reload && sudo udevadm "
        "trigger",
    )  # fmt: skip


def _serial_group() -> CheckResult:
    """Serial ports belong to a group (dialout on Debian); root needs none."""
    if sys.platform == "darwin" or os.geteuid() == 0:
        return CheckResult("serial ports", "ok", "this user may open them")
    import grp

    mine = {grp.getgrgid(group).gr_name for group in os.getgroups()}
    if mine & set(USB_SERIAL_GROUPS):
        return CheckResult("serial ports", "ok", f"member of {', '.join(sorted(mine))}")
    repair = "sudo usermod -aG dialout $USER  # then log in again"
    return CheckResult(
        "serial ports", "warn", "not in the group dialout; only real boards need it", repair
    )


def _udev() -> CheckResult:
    """A rule that names ST's vendor id lets a user other than root reach the probe."""
    for folder in map(Path, UDEV_FOLDERS):
        for path in sorted(folder.glob("*.rules")) if folder.is_dir() else []:
            if ST_VENDOR in path.read_text(errors="replace", encoding="utf-8"):
                return CheckResult("ST-Link udev rules", "ok", str(path))
    if os.geteuid() == 0:
        return CheckResult("ST-Link udev rules", "ok", "none, and root needs none")
    return CheckResult(
        "ST-Link udev rules", "warn", "none; only ST-Link probes need them",
        f"{apt('openocd')}\n    sudo udevadm control --reload && sudo udevadm trigger",
    )  # fmt: skip


def _existing(path: Path) -> Path:
    """The nearest folder above `path` that is there."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _disk(root: Path) -> CheckResult:
    free = shutil.disk_usage(_existing(root)).free
    found = f"{free / 1e9:.1f} GB free at {root.absolute()}"
    if free >= FREE_BYTES:
        return CheckResult("disk", "ok", found)
    repair = f"rm -r {cache_folder()}"  # safe: it is made anew when it is needed
    return CheckResult("disk", "fail", f"{found}; {FREE_BYTES / 1e9:.0f} GB are needed", repair)


def _writable(name: str, folder: Path) -> CheckResult:
    if os.access(_existing(folder), os.W_OK):
        return CheckResult(name, "ok", f"{folder.absolute()} can be written")
    repair = f"sudo chown -R $USER {_existing(folder)}"
    return CheckResult(name, "fail", f"{folder.absolute()} cannot be written", repair)
