"""Texts of source files by path, and how they become files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

Sources = dict[str, str]
"""Path, relative and with slashes -> text"""


def write_sources(sources: Sources, folder: Path) -> list[Path]:
    """Writes sources below a folder, which is created.

    Returns:
        The C files among them.

    Raises:
        ValueError: A path leaves the folder.
    """
    for name, text in sources.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise ValueError(f"source path {name!r} leaves its folder")
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(sources) if name.endswith(".c")]
