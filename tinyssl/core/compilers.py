"""The environment in which compilers run: this computer's and those for boards.

Compilers, linkers, make and SCons read dozens of variables, which add folders, options or output
files. An image must not depend on them. So the environment is made anew, of the few variables that
say where programs and the user's own folders are.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

KEPT = (
    "HOME",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",  # programs that a user built may need it to start
    "DYLD_LIBRARY_PATH",
    "SDKROOT",
    "DEVELOPER_DIR",
    "CCACHE_DIR",
    "CCACHE_DISABLE",
)
"""Variables that reach a compiler as they are; PATH does with its absolute folders"""


def search_path() -> str:
    """PATH without the folders in it that depend on where a program is started."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(filter(os.path.isabs, folders))


def find_program(name: str) -> str | None:
    """Absolute path of a program, as a compiler's environment finds it; None: it is not there."""
    return shutil.which(name, path=search_path())


def environment(temporary: Path | None = None) -> dict[str, str]:
    """All variables of a compiler's process. Messages are English: they are read by programs.

    Args:
        temporary: Where it puts its own files; None: `/tmp`.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    made = {"PATH": search_path(), "LC_ALL": "C", "TMPDIR": str(temporary or "/tmp")}
    return kept | made
