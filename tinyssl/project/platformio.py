"""Runs the real PlatformIO, without a network and without touching the user's own installation.

PlatformIO keeps its packages in a core directory. Ours lies in the cache folder and holds one
package, `tool-scons`, which is the SCons that pip installed. A user who runs `pio run` by hand in
a project uses their own core directory and PlatformIO's registry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from tinyssl.core import compilers
from tinyssl.core.child_process import ChildStopped, run_child
from tinyssl.core.errors import BudgetExceeded, BuildError, TinysslError, ToolMissing
from tinyssl.core.paths import PACKAGE, cache_error, cache_folder
from tinyssl.core.records import write_atomic
from tinyssl.core.scratch import work_folder
from tinyssl.core.toolchain import Language, compiler_tools, install_hint, problem_of
from tinyssl.project.upload_errors import upload_error, uploader_error
from tinyssl.targets.boards import Board

LOG = "pio.log"
BUILD_SECONDS = 900.0
ERROR_LINES = 12
LINE_CHARACTERS = 400
"""Of a line of PlatformIO's output, in an error"""
NO_PLATFORMIO = "PlatformIO is not installed in this Python"
INSTALL_PLATFORMIO = "run `pip install platformio scons`"
PROJECT = "TINYSSL_PROJECT"
"""Variable that names the real folder of the project whose copy PlatformIO uploads"""
BUILD_LEFT_OUT = ("platforms", LOG)
UPLOAD_LEFT_OUT = ("platforms", "libdeps", "*.o", "*.a", LOG)
"""Files and folders of the project that PlatformIO's copy does without"""
DOWNLOAD = frozenset((
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSH_AUTH_SOCK"),
))  # fmt: skip
"""Variables that a download may need, in capitals"""
PYTHON_KEPT = ("PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE")
"""Python's variables that say where its packages are, or what it writes"""

SCONS = """\
\"\"\"PlatformIO's tool-scons, played by the SCons of this Python.\"\"\"
import os

import SCons.Script
from platformio import fs

# SCons replaces `$` in the folder of PlatformIO's tools; tinyssl gives a link to it without one.
if "TINYSSL_PLATFORMIO" in os.environ:
    fs.get_source_dir = lambda: os.environ["TINYSSL_PLATFORMIO"]

SCons.Script.main()
"""

ERROR_LINE = re.compile(r"\berror\b|undefined reference|multiple definition|Error: ")
OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")
NOT_FETCHED = re.compile(
    r"(?:Platform|Tool|Library) Manager: Installing (\S+)(?:(?!Manager: Installing).)*"
    r"(?:HTTPClientError|InternetConnectionError|You are not connected to the Internet)",
    re.DOTALL,
)


def check_compiler(board: Board, engine: str = "aot") -> None:
    """Raises ToolMissing where a small program for the board cannot be compiled and linked.

    In C++ too for `tflm`. The hint names what installs the compiler, or the library that it lacks.
    """
    languages: tuple[Language, ...] = ("c", "c++") if engine == "tflm" else ("c",)
    for language in languages:
        for tool in compiler_tools(board.tinyssl.isa, language):
            problem = problem_of(tool)
            if problem is None:
                continue
            use = "; TensorFlow Lite Micro is C++" if language == "c++" else ""
            raise ToolMissing(
                f"{problem.text}{use}",
                hint=install_hint(problem.packages)
                if problem.packages
                else "put one that has its library first on the PATH; `--engine aot` needs none",
            )


def scons_version() -> str:
    """Version of its package `tool-scons` that PlatformIO asks for.

    Raises:
        ToolMissing: PlatformIO is not installed in this Python.
    """
    try:
        from platformio.dependencies import get_core_dependencies
    except ImportError as error:
        raise ToolMissing(NO_PLATFORMIO, hint=INSTALL_PLATFORMIO) from error
    return str(get_core_dependencies()["tool-scons"]).lstrip("~^=")


def core_folder() -> Path:
    """Our PlatformIO core directory, with `tool-scons` in the version that PlatformIO asks for.

    Raises:
        ToolMissing: PlatformIO is not installed in this Python.
        UsageError: The cache folder cannot be written.
    """
    version = scons_version()
    core = cache_folder().absolute() / "pio"
    package = core / "packages" / "tool-scons"
    spec = {
        "owner": "platformio",
        "id": None,
        "name": "tool-scons",
        "requirements": None,
        "uri": None,
    }
    meta = {"type": "tool", "name": "tool-scons", "version": version, "spec": spec}
    files = {
        "scons.py": SCONS,
        "package.json": json.dumps({"name": "tool-scons", "version": version}, indent=2) + "\n",
        ".piopm": json.dumps(meta, indent=2) + "\n",
    }
    try:
        package.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if not _holds(package / name, text.encode()):
                write_atomic(package / name, text.encode())
    except OSError as error:
        raise cache_error(error) from error
    return core


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def environment(*, upload: bool = False) -> dict[str, str]:
    """The environment for PlatformIO: our core directory, no telemetry, no look for updates.

    Of the user's own `PLATFORMIO_…`, `PYTHON…` and SCons variables none is kept that could move
    the build elsewhere or change it.

    Args:
        upload: Nothing is compiled, so that uploaders get the user's variables; else compilers
            get what `compilers.environment` says, and PlatformIO what it needs for a download.
    """
    kept = os.environ if upload else {n: t for n, t in os.environ.items() if _for_download(n)}
    users = {name: text for name, text in kept.items() if not _of_pythons(name)}
    users |= {} if upload else compilers.environment()
    path = [str(PACKAGE.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return users | {name: os.environ[name] for name in PYTHON_KEPT if name in os.environ} | {
        "PATH": compilers.search_path(),
        "PLATFORMIO_CORE_DIR": str(core_folder()),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
        "SCONSFLAGS": "--no-site-dir",
        "PYTHONUTF8": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(str(Path(part).absolute()) for part in path),
    }  # fmt: skip


def _linked(variables: dict[str, str], work: Path) -> dict[str, str]:
    """The same, with links in a plain folder in place of all folders that a user chose.

    PlatformIO and SCons replace `$` in their folders, and have a shell script read HOME.
    """
    links = {
        "core": Path(variables["PLATFORMIO_CORE_DIR"]),
        "home": Path.home(),
        "platformio": _platformio_folder(),
        "python/tinyssl": PACKAGE,
    }
    for name, target in links.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).symlink_to(target)
    users = variables["PYTHONPATH"].removeprefix(str(PACKAGE.parent))
    return variables | {
        "PLATFORMIO_CORE_DIR": str(work / "core"),
        "HOME": str(work / "home"),
        "TINYSSL_PLATFORMIO": str(work / "platformio"),
        "PYTHONPATH": f"{work / 'python'}{users}",
    }


def _platformio_folder() -> Path:
    found = find_spec("platformio")
    if found is None or found.origin is None:
        raise ToolMissing(NO_PLATFORMIO, hint=INSTALL_PLATFORMIO)
    return Path(found.origin).resolve().parent


def _of_pythons(name: str) -> bool:
    return name.startswith(("PLATFORMIO_", "PYTHON", "SCONS"))


def _for_download(name: str) -> bool:
    return name.upper() in DOWNLOAD


def pio_command(*targets: str, upload_port: str | None = None) -> list[str]:
    """`pio run`, to be started in a project's folder."""
    command = [sys.executable, "-m", "platformio", "run", "--disable-auto-clean"]
    for target in targets:
        command += ["--target", target]
    return [*command, *(["--upload-port", upload_port] if upload_port else [])]


def pio_run(
    project: Path,
    *targets: str,
    upload_port: str | None = None,
    upload_protocol: str | None = None,
    timeout: float = BUILD_SECONDS,
) -> str:
    """`pio run [-t TARGET …]` for a project; all output also goes to `pio.log` there.

    PlatformIO works on a copy in a folder with a plain path. What it built is moved to the project,
    whose own path may hold any sign.

    Returns:
        What PlatformIO wrote.

    Raises:
        BudgetExceeded: The linker ran out of a memory region.
        BuildError: PlatformIO or the compiler failed, or took longer than `timeout` seconds.
        UsageError: There is no folder to work in.
    """
    upload = "upload" in targets
    command = pio_command(*targets, upload_port=upload_port)
    with work_folder(project) as work:
        copy = work / "project"
        left_out = UPLOAD_LEFT_OUT if upload else BUILD_LEFT_OUT
        shutil.copytree(project, copy, symlinks=True, ignore=shutil.ignore_patterns(*left_out))
        variables = _linked(environment(upload=upload), work)
        variables |= {PROJECT: str(project.absolute())} if upload else {"TMPDIR": str(work)}
        if upload_protocol:
            variables["PLATFORMIO_UPLOAD_PROTOCOL"] = upload_protocol
        code, output = _run(command, copy, timeout, variables)
        output = output.replace(str(copy), str(project))
        write_atomic(project / LOG, output.encode(errors="surrogateescape"))
        if code != 0:
            raise failure(output, project)
        if not upload:
            shutil.rmtree(project / ".pio", ignore_errors=True)
            shutil.move(copy / ".pio", project / ".pio")
    return output


def _run(
    command: list[str], folder: Path, timeout: float, environ: dict[str, str]
) -> tuple[int, str]:
    """Exit status and output."""
    try:
        ended = run_child(command, seconds=timeout, folder=folder, environment=environ)
    except ChildStopped as stopped:
        last = "\n".join(line[:LINE_CHARACTERS] for line in stopped.output.splitlines()[-3:])
        raise BuildError(
            f"PlatformIO {stopped.why}; last:\n{last or 'nothing'}", hint="give a longer --timeout"
        ) from stopped
    return ended.code, ended.output


def failure(output: str, project: Path) -> TinysslError:
    """What a failed run of PlatformIO means, as one of our errors."""
    overflows = OVERFLOW.findall(output)
    if overflows:
        text = ", ".join(f"{region} by {int(count):,} bytes" for region, count in overflows)
        return BudgetExceeded(f"does not fit: region overflow of {text}", hint=options())
    package = NOT_FETCHED.search(output)
    if package:
        return ToolMissing(
            f"PlatformIO could not fetch {package[1]}: the network does not answer",
            hint=(
                "build once with a network (what was fetched stays in "
                f"{cache_folder() / 'pio'}), write the project alone with --no-compile, or take "
                "--framework baremetal where the board has it: it needs no network"
            ),
        )
    known = upload_error(output) if "[upload]" in output else None
    if known:
        return known
    lines = [line for line in output.splitlines() if ERROR_LINE.search(line)]
    chosen = (lines or output.splitlines()[-ERROR_LINES:])[:ERROR_LINES]
    shown = "\n".join(line[:LINE_CHARACTERS] for line in chosen)
    hint = f"the whole output is in {project / LOG}"
    kind = uploader_error(output)
    if kind:
        return kind(shown.removeprefix("Error: "), hint=hint)
    return BuildError(f"PlatformIO failed:\n{shown}", hint=hint)


def options(flag: str = "") -> str:
    """Hint of every budget error: what makes an image or its RAM smaller.

    Args:
        flag: The budget that was passed; empty where the memory itself is full.
    """
    ways = [
        "a smaller model (of ours: `tinyssl pretrain --image-size` or `--backbone`)",
        "another board (`tinyssl boards`)",
        *([f"a higher {flag}"] if flag else []),
    ]
    return f"use {', '.join(ways[:-1])} or {ways[-1]}"
