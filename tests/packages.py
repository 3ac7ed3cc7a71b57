"""Installed packages for tests: modules and a `dist-info` folder, on the path for one test."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def install(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    modules: Mapping[str, str],
    entry_points: Mapping[str, Mapping[str, str]],
    name: str = "acme",
) -> None:
    """Installs a package of version 1.2.

    Args:
        site: Folder that becomes its `site-packages`.
        monkeypatch: Takes the folder off the path again.
        modules: File -> text.
        entry_points: Group -> name -> `module:attribute`.
        name: Of the distribution.
    """
    info = site / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for file, text in modules.items():
        (site / file).write_text(text)
        monkeypatch.delitem(sys.modules, Path(file).stem, raising=False)
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
