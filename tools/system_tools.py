"""Installs the programs that the demo or the tests need and that are not here: `make tools`.

    python3 tools/system_tools.py demo|test|night [--list]

Runs before there is a virtual environment: standard library only. What is here stays as it is,
whoever installed it. `--list` prints the Debian packages that are missing and installs nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tinyssl.core.toolchain import (
    Problem,
    Tool,
    install_command,
    night_tools,
    problem_of,
    tools,
)


def venv_problem() -> str:
    """What Python's own `venv` lacks; Debian ships it in a package of its own."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    return f"{sys.executable} has no module {' and '.join(missing)}" if missing else ""


VENV = Tool(
    "venv", (), (f"python3.{sys.version_info.minor}-venv",), "the virtual environment needs it",
    "demo", (), venv_problem,
)  # fmt: skip


def problems(which: str) -> list[tuple[Tool, Problem]]:
    """The tools of a set that do not work, and why."""
    wanted = [VENV, *(tool for tool in tools() if which != "demo" or tool.needed_by == "demo")]
    wanted += night_tools() if which == "night" else []
    return [(tool, problem) for tool in wanted if (problem := problem_of(tool))]


def install(packages: list[str]) -> int:
    """Runs apt-get; returns its exit status. What it prints is shown where it fails."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    calm = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = ["install", "-y", "-qq", "--no-install-recommends", *packages]
    for words in (["update", "-qq"], install):
        done = subprocess.run(
            [*calm, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            say(done.stdout.decode(errors="replace"))
            return done.returncode
    return 0


def say(*lines: str) -> None:
    """To stderr: the lists of make's own output stay clean."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def main() -> int:
    """Finds what is missing, installs it, and looks again."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("which", choices=("demo", "test", "night"))
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args()
    found = problems(chosen.which)
    packages = list(dict.fromkeys(name for _, problem in found for name in problem.packages))
    if chosen.list:
        sys.stdout.write("".join(f"{name}\n" for name in packages))
        return 0
    if not found:
        return 0
    say(*(f"{tool.name}: {problem.text}" for tool, problem in found))
    if shutil.which("apt-get") is None or not packages:
        say(install_command(packages) if packages else "install these, then try again")
        return 1
    say(f"installing {' '.join(packages)}")
    status = install(packages)
    left = problems(chosen.which)
    say(*(f"still wrong: {tool.name}: {problem.text}" for tool, problem in left))
    return status or bool(left)


if __name__ == "__main__":
    raise SystemExit(main())
