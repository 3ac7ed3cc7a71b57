"""Runs the real PlatformIO, without a network and without touching the user's own installation.

PlatformIO keeps its packages in a core directory. Ours lies in the cache folder and holds one
package, `tool-scons`, which is the SCons that pip installed. A user who runs `pio run` by hand in
a project uses their own core directory and PlatformIO's registry.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tinyssl.boards import Board
from tinyssl.build.upload_errors import upload_error, uploader_error
from tinyssl.errors import (
    BudgetExceeded,
    BuildError,
    TinysslError,
    ToolMissing,
)
from tinyssl.paths import cache_folder
from tinyssl.records import write_atomic, write_json
from tinyssl.toolchain import Language, compiler_tools, install_hint, problem_of

LOG = "pio.log"
BUILD_SECONDS = 900.0
ERROR_LINES = 12

SCONS = """\
\"\"\"PlatformIO's tool-scons, played by the SCons of this Python.\"\"\"
import SCons.Script

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
        raise ToolMissing(
            "PlatformIO is not installed in this Python", hint="run `pip install platformio scons`"
        ) from error
    return str(get_core_dependencies()["tool-scons"]).lstrip("~^=")


def core_folder() -> Path:
    """Our PlatformIO core directory, with `tool-scons` in the version that PlatformIO asks for.

    Raises:
        ToolMissing: PlatformIO is not installed in this Python.
    """
    version = scons_version()
    core = cache_folder() / "pio"
    package = core / "packages" / "tool-scons"
    package.mkdir(parents=True, exist_ok=True)
    spec = {
        "owner": "platformio",
        "id": None,
        "name": "tool-scons",
        "requirements": None,
        "uri": None,
    }
    meta = {"type": "tool", "name": "tool-scons", "version": version, "spec": spec}
    write_atomic(package / "scons.py", SCONS.encode())
    write_json(package / "package.json", {"name": "tool-scons", "version": version})
    write_json(package / ".piopm", meta)
    return core


def environment() -> dict[str, str]:
    """The environment for PlatformIO: our core directory, no telemetry, no look for updates.

    The user's own `PLATFORMIO_…` variables are left out: they could move the build elsewhere.
    """
    package_root = Path(__file__).resolve().parents[2]
    python_path = os.pathsep.join(
        filter(None, (str(package_root), os.environ.get("PYTHONPATH", "")))
    )
    users = {name: text for name, text in os.environ.items() if not name.startswith("PLATFORMIO_")}
    return users | {
        "PLATFORMIO_CORE_DIR": str(core_folder()),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
        "PYTHONPATH": python_path,
    }


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
    """`pio run [-t TARGET …]` in a project folder; all output also goes to `pio.log` there.

    Returns:
        What PlatformIO wrote.

    Raises:
        BudgetExceeded: The linker ran out of a memory region.
        BuildError: PlatformIO or the compiler failed, or took longer than `timeout` seconds.
    """
    command = pio_command(*targets, upload_port=upload_port)
    chosen = {"PLATFORMIO_UPLOAD_PROTOCOL": upload_protocol} if upload_protocol else {}
    code, output = _run(command, project, timeout, environment() | chosen)
    (project / LOG).write_text(output)
    if code != 0:
        raise failure(output, project)
    return output


def _run(
    command: list[str], folder: Path, timeout: float, environ: dict[str, str]
) -> tuple[int, str]:
    """Exit status and output. Whatever ends the wait also ends PlatformIO's own children."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise BuildError(
                    f"PlatformIO did not finish in {timeout:.0f} s", hint="give a longer --timeout"
                ) from error
            raise
    return process.returncode, output


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
    shown = "\n".join((lines or output.splitlines()[-ERROR_LINES:])[:ERROR_LINES])
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
        "smaller images (`tinyssl pretrain --image-size`)",
        "a narrower backbone (`tinyssl pretrain --backbone`)",
        "another board (`tinyssl boards`)",
        *([f"a higher {flag}"] if flag else []),
    ]
    return f"use {', '.join(ways[:-1])} or {ways[-1]}"
