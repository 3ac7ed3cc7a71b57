"""What stands beside a measured figure: commit, date, machine."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def stamp(*programs: str) -> dict[str, str]:
    """Commit, date, and machine with versions of programs.

    The commit ends in `-dirty` where files differ from it, but below docs/: a measurement writes
    there as it goes on.
    """
    versions = [f"{program} {version(program)}" for program in programs]
    git = ("git", "-C", str(ROOT))
    changed = _output(*git, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return {
        "commit": _output(*git, "describe", "--always") + ("-dirty" if changed else ""),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": ", ".join([platform.machine(), *versions]),
    }


def version(program: str) -> str:
    """The number that `program --version` names first."""
    words = _output(program, "--version").splitlines()[0].split()
    return next(word for word in words if word[:1].isdigit() and "." in word)


def _output(*command: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        encoding="utf-8",
        errors="replace",
    )
    return done.stdout.strip()
