"""What `tinyssl doctor` looks at: each check tells its state and the command that repairs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from tinyssl.boards import Board
from tinyssl.device.usb import RULES, probes_of, udev_rule, usb_devices
from tinyssl.paths import cache_folder
from tinyssl.records import Workspace

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
TRAIN = ("torch", "filelock", "safetensors", "scikit-learn", "litert-torch", "ai-edge-quantizer")
USB_SERIAL_GROUPS = ("dialout", "uucp", "plugdev")
UDEV_FOLDERS = ("/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
ST_VENDOR = "0483"
"""USB vendor of ST-Link probes"""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    """ok; warn: something optional is missing; fail: something needed is"""
    found: str
    repair: str = ""
    """Exact command, empty where there is nothing to do"""


def all_checks(boards: Iterable[Board], workspace: Workspace) -> list[Check]:
    """Every check, in the order in which a newcomer would repair."""
    boards = list(boards)
    return [
        _python(),
        *(_package(name, use) for name, use in BASE.items()),
        _platformio(),
        _tflm(),
        _extra_train(),
        _host_compiler(),
        _arm_compiler(),
        _newlib(),
        _riscv_compiler(),
        *_emulators(boards),
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
    """The command that installs Debian packages, with sudo where the user is not root."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def _pip(extra: str = "") -> str:
    return f"{sys.executable} -m pip install 'tinyssl{extra}'"


def output_of(*command: str) -> str:
    """What a program prints (stdout and stderr), empty where it is missing or fails."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON:
        return Check("Python", "ok", found)
    return Check("Python", "fail", f"{found}; 3.11 or newer is needed", apt("python3.11-venv"))


def _package(name: str, use: str) -> Check:
    version = _version(name)
    if version:
        return Check(name, "ok", version)
    return Check(name, "fail", f"not installed; {use}", f"{sys.executable} -m pip install {name}")


def _platformio() -> Check:
    versions = {name: _version(name) for name in ("platformio", "scons")}
    missing = [name for name, version in versions.items() if not version]
    if missing:
        repair = f"{sys.executable} -m pip install {' '.join(missing)}"
        return Check("PlatformIO", "fail", f"{', '.join(missing)} not installed", repair)
    return Check("PlatformIO", "ok", f"{versions['platformio']}, scons {versions['scons']}")


def _tflm() -> Check:
    version = _version("tflite-micro")
    if version:
        return Check("tflite-micro", "ok", version)
    repair = f"{sys.executable} -m pip install --pre tflite-micro"
    return Check("tflite-micro", "warn", "not installed; `verify` needs it (Linux x86-64)", repair)


def _extra_train() -> Check:
    missing = [name for name in TRAIN if not _version(name)]
    if not missing:
        return Check("extra train", "ok", f"torch {_version('torch')}")
    found = f"without {', '.join(missing)}; only pretrain, probe and convert need them"
    return Check("extra train", "warn", found, _pip("[train]"))


def _program(name: str, programs: Iterable[str], package: str, state: State, use: str) -> Check:
    for program in programs:
        if shutil.which(program):
            line = _first_line(output_of(program, "--version")) or program
            return Check(name, "ok", line)
    wanted = " or ".join(programs)
    return Check(name, state, f"{wanted} not on the PATH; {use}", apt(package))


def _host_compiler() -> Check:
    """Compiles and links a program: Debian's gcc alone comes without the headers of libc."""
    use = "verify and the host board need it"
    found = _program("host compiler", ("cc", "gcc", "clang"), "gcc", "fail", use)
    if found.state != "ok":
        return replace(found, repair=apt("gcc", "libc6-dev"))
    compiler = next(name for name in ("cc", "gcc", "clang") if shutil.which(name))
    command = (compiler, "-x", "c", "-", "-o", os.devnull)
    program = "#include <stdint.h>\n#include <string.h>\nint main(void) { return 0; }\n"
    done = subprocess.run(command, input=program, text=True, capture_output=True, check=False)
    if done.returncode == 0:
        return found
    problem = f"{compiler} makes no program ({_first_line(done.stderr)}); {use}"
    return Check("host compiler", "fail", problem, apt("libc6-dev"))


def _arm_compiler() -> Check:
    use = "Cortex-M boards need it"
    return _program("ARM compiler", ("arm-none-eabi-gcc",), "gcc-arm-none-eabi", "fail", use)


def _riscv_compiler() -> Check:
    packages = "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"
    use = "board riscv32_virt needs it"
    return _program("RISC-V compiler", ("riscv64-unknown-elf-gcc",), packages, "warn", use)


def _newlib() -> Check:
    """newlib-nano is there when the compiler knows the full path of its libc."""
    command = ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-print-file-name=libc_nano.a")
    path = output_of(*command).strip()
    if Path(path).is_absolute() and Path(path).exists():
        return Check("newlib-nano", "ok", str(Path(path).resolve()))
    return Check(
        "newlib-nano", "fail", "libc_nano.a not found; Cortex-M boards need it",
        apt("libnewlib-arm-none-eabi"),
    )  # fmt: skip


def _emulators(boards: Iterable[Board]) -> list[Check]:
    """One check a program, with the machines that the boards ask it for."""
    wanted: dict[str, list[str]] = {}
    for board in boards:
        if board.tinyssl.emulator:
            command = list(board.tinyssl.emulator.command)
            machines = wanted.setdefault(command[0], [])
            flag = next((flag for flag in ("-machine", "-M") if flag in command), None)
            if flag:
                machines.append(command[command.index(flag) + 1].split(",")[0])
    return [_emulator(program, machines) for program, machines in sorted(wanted.items())]


def _emulator(program: str, machines: list[str]) -> Check:
    arm = "arm" in program
    package = "qemu-system-arm" if arm else "qemu-system-misc"
    if not shutil.which(program):
        state: State = "fail" if arm else "warn"  # the default board is one of Arm's
        return Check(program, state, "not on the PATH; emulated boards need it", apt(package))
    known = re.findall(r"^(\S+)", output_of(program, "-machine", "help"), re.MULTILINE)
    missing = sorted(set(machines) - set(known))
    version = _first_line(output_of(program, "--version"))
    if missing:
        return Check(program, "fail", f"{version} has no {', '.join(missing)}", apt(package))
    return Check(program, "ok", f"{version}: {', '.join(sorted(set(machines)))}")


def _flashers() -> Check:
    """One of the two that drive debug probes is enough; J-Link's own program is a third way."""
    programs = {"openocd": "OpenOCD", "JLinkExe": "JLinkExe"}
    found = [name for program, name in programs.items() if shutil.which(program)]
    found += [f"{name} {_version(name)}" for name in ("pyocd",) if _version(name)]
    if found:
        return Check("debug probes", "ok", ", ".join(found))
    use = "neither OpenOCD nor pyOCD; only real boards with a debug probe need one"
    return Check("debug probes", "warn", use, _pip("[flash]"))


def _esptool() -> Check:
    version = _version("esptool")
    if version:
        return Check("esptool", "ok", version)
    found = "not installed; only ESP32 boards need it"
    return Check("esptool", "warn", found, _pip("[flash]"))


def _attached(boards: Iterable[Board]) -> Check:
    """Probes that are plugged in and may not be opened, with the rule that lets this user."""
    devices = usb_devices()
    probes = {probe.node: probe for board in boards for probe in probes_of(board, devices)}
    blocked = [probe for probe in probes.values() if not probe.allowed]
    if not blocked:
        found = f"{len(probes)}, this user may open them" if probes else "none"
        return Check("attached probes", "ok", found)
    rules = "\n".join(sorted({udev_rule(probe) for probe in blocked}))
    names = ", ".join(f"{probe.product or probe.vid} ({probe.node})" for probe in blocked)
    return Check(
        "attached probes", "warn", f"this user may not open {names}",
        f"echo '{rules}' | sudo tee -a {RULES} && sudo udevadm control --reload && sudo udevadm "
        "trigger",
    )  # fmt: skip


def _serial_group() -> Check:
    """Serial ports belong to a group (dialout on Debian); root needs none."""
    if sys.platform == "darwin" or os.geteuid() == 0:
        return Check("serial ports", "ok", "this user may open them")
    import grp

    mine = {grp.getgrgid(group).gr_name for group in os.getgroups()}
    if mine & set(USB_SERIAL_GROUPS):
        return Check("serial ports", "ok", f"member of {', '.join(sorted(mine))}")
    repair = "sudo usermod -aG dialout $USER  # then log in again"
    return Check(
        "serial ports", "warn", "not in the group dialout; only real boards need it", repair
    )


def _udev() -> Check:
    """A rule that names ST's vendor id lets a user other than root reach the probe."""
    for folder in map(Path, UDEV_FOLDERS):
        for path in sorted(folder.glob("*.rules")) if folder.is_dir() else []:
            if ST_VENDOR in path.read_text(errors="replace"):
                return Check("ST-Link udev rules", "ok", str(path))
    if os.geteuid() == 0:
        return Check("ST-Link udev rules", "ok", "none, and root needs none")
    return Check(
        "ST-Link udev rules", "warn", "none; only ST-Link probes need them",
        apt("openocd") + " && sudo udevadm control --reload && sudo udevadm trigger",
    )  # fmt: skip


def _existing(path: Path) -> Path:
    """The nearest folder above `path` that is there."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(_existing(root)).free
    found = f"{free / 1e9:.1f} GB free at {root.absolute()}"
    if free >= FREE_BYTES:
        return Check("disk", "ok", found)
    repair = f"rm -r {cache_folder()}"  # safe: it is made anew when it is needed
    return Check("disk", "fail", f"{found}; {FREE_BYTES / 1e9:.0f} GB are needed", repair)


def _writable(name: str, folder: Path) -> Check:
    if os.access(_existing(folder), os.W_OK):
        return Check(name, "ok", f"{folder.absolute()} can be written")
    repair = f"sudo chown -R $USER {_existing(folder)}"
    return Check(name, "fail", f"{folder.absolute()} cannot be written", repair)
