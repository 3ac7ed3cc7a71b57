"""Tests and whatever they start see only the programs of `tinyssl/core/toolchain.py`.

The PATH of a session is one folder of links to the programs of that list and to some that every
Debian has. So a test that calls, or a build that needs, a program that `make test` does not install
fails on every computer, not only on a new one. A program that Python starts by its path, or that
lies on the PATH that was hidden, fails the test with its name.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tinyssl.core.toolchain import night_tools, tools

WHOLE = "PYTEST_WHOLE_PATH"
"""The PATH that was hidden, for the workers of a session"""
ESSENTIAL = frozenset((
    "bash", "cat", "chmod", "cp", "dash", "echo", "env", "false", "grep", "kill", "ldconfig",
    "ls", "mkdir", "mv", "rm", "sed", "sh", "sleep", "sort", "stty", "tar", "taskset",
    "touch", "tr", "true", "uname",
))  # fmt: skip
"""Of Debian's essential packages, which are on every Debian"""
ROOT = Path(__file__).resolve().parent.parent


def listed() -> frozenset[str]:
    """Names of all programs that a test may call."""
    return ESSENTIAL | {name for tool in (*tools(), *night_tools()) for name in tool.programs}


def _links(names: frozenset[str]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tinyssl-programs-"))
    for name in sorted(names):
        path = shutil.which(name)
        if path:
            (folder / name).symlink_to(path)
    return folder


def is_ours(path: Path) -> bool:
    """Whether a program is Python's, of its packages, the checkout's or a test's own."""
    homes = (sys.prefix, tempfile.gettempdir(), ROOT)  # not base_prefix: Debian's is /usr
    if "site-packages" in path.parts or path.name.startswith("python"):
        return True
    return any(path.is_relative_to(home) for home in homes)


def refuse(program: str, names: frozenset[str], whole: str) -> str:
    """Why Python may not start a program; empty where it may, or where there is none."""
    found = (
        program if os.sep in program else shutil.which(program) or shutil.which(program, path=whole)
    )
    if not found or Path(program).name in names or program in os.environ.values():
        return ""
    if is_ours(Path(found)):
        return ""
    return f"tests call {program}, which is in no list of tinyssl/core/toolchain.py"


def _audit(names: frozenset[str], whole: str) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
            problem = refuse(os.fsdecode(arguments[0]), names, whole)
            if problem:
                pytest.fail(problem)

    sys.addaudithook(hook)


def hide_others(config: pytest.Config) -> None:
    """Gives this session the listed programs alone; a session with a real board keeps its PATH."""
    if config.getoption("--board"):
        return
    names = listed()
    if WHOLE not in os.environ:
        os.environ[WHOLE] = os.environ.get("PATH", os.defpath)
        folder = _links(names)
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), str(folder)))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.add_cleanup(lambda: os.environ.update(PATH=os.environ.pop(WHOLE)))
    _audit(names, os.environ[WHOLE])
