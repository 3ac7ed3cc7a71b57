"""Where the data folders `boards/`, `codegen/`, `firmware/` and `zoo/` are.

In a checkout they lie beside the package; a wheel carries them inside it (see `pyproject.toml`).
"""

from __future__ import annotations

import os
from pathlib import Path

from tinyssl.core.errors import UsageError

PACKAGE = Path(__file__).resolve().parents[1]


def require_path(path: Path, *flags: str) -> None:
    """Refuses a path that is not there.

    Args:
        path: What an option names.
        flags: The options that may have named it, with their dashes.

    Raises:
        UsageError: There is nothing.
    """
    if not path.exists():
        raise UsageError(f"there is no {path}", hint=f"check the path of {' or '.join(flags)}")


def data_folder(name: str) -> Path:
    """Folder `name` (`boards`, `codegen`, `firmware` or `zoo`) of this installation.

    Raises:
        FileNotFoundError: The installation is broken.
    """
    for parent in (PACKAGE.parent, PACKAGE / "_data"):
        folder = parent / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"tinyssl is installed without its folder {name}/; reinstall it")


def boards_folder() -> Path:
    """Folder of the boards that tinyssl ships."""
    return data_folder("boards")


def board_folders() -> list[Path]:
    """Folders of board files: the shipped one, then those that `TINYSSL_BOARDS` names.

    Raises:
        UsageError: `TINYSSL_BOARDS` names something that is no folder.
    """
    named = [Path(name) for name in os.environ.get("TINYSSL_BOARDS", "").split(os.pathsep) if name]
    wrong = next((folder for folder in named if not folder.is_dir()), None)
    if wrong is not None:
        raise UsageError(
            f"TINYSSL_BOARDS names {wrong}, which is no folder",
            hint=f"name folders of board files, with `{os.pathsep}` between them, or unset it",
        )
    return [boards_folder(), *named]


def operators_folder() -> Path | None:
    """Folder of operators beside the shipped ones: `TINYSSL_OPERATORS`; None: it is not set."""
    named = os.environ.get("TINYSSL_OPERATORS")
    return Path(named) if named else None


def templates_folder() -> Path:
    """Folder of the Jinja templates."""
    return data_folder("codegen") / "templates"


def firmware_folder() -> Path:
    """Folder of the C sources."""
    return data_folder("firmware")


def zoo_folder() -> Path:
    """Folder of trained models: `TINYSSL_ZOO`, else that of the models that tinyssl ships."""
    named = os.environ.get("TINYSSL_ZOO")
    return Path(named) if named else data_folder("zoo")


def pulled_folder() -> Path:
    """Folder of models that `tinyssl zoo pull` fetched: in `TINYSSL_ZOO`, else in the cache."""
    named = os.environ.get("TINYSSL_ZOO")
    return Path(named) if named else cache_folder() / "zoo"


def cache_folder() -> Path:
    """Where downloads and compiled host code are kept; it may be deleted at any time.

    `TINYSSL_CACHE`, else `tinyssl` below `XDG_CACHE_HOME`, else `~/.cache/tinyssl`.
    """
    named = os.environ.get("TINYSSL_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyssl"


def cache_error(error: OSError) -> UsageError:
    """The error where something cannot be kept in the cache folder."""
    return UsageError(
        f"the cache folder {cache_folder()} cannot be used: {error.strerror}",
        hint="set TINYSSL_CACHE to a folder that you can write",
    )


def existing(path: str | None, flag: str) -> Path | None:
    """A path that was named by the user and must be there.

    Raises:
        UsageError: It is not.
    """
    if path is None or Path(path).exists():
        return Path(path) if path else None
    raise UsageError(f"{flag} {path}: no such file", hint="check the path")
