"""The models of a zoo folder by name, and the one that is used where none is named."""

from __future__ import annotations

import re
from pathlib import Path

from tinyssl.core.errors import ModelError, UsageError, unknown_name
from tinyssl.core.files import Unreadable, read_text, write_text
from tinyssl.core.paths import pulled_folder, zoo_folder
from tinyssl.zoo.card import CARD, MODEL, ModelCard, ZooEntry

DEFAULT = "default.txt"
"""Holds the name of the default entry"""
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
"""Of an entry, and of its folder"""


def entries(folder: Path | None = None) -> list[ZooEntry]:
    """All models of a zoo folder, by name; default: those that tinyssl ships and those pulled.

    Raises:
        ModelError: A card is damaged.
    """
    roots = {folder} if folder else {zoo_folder(), pulled_folder()}
    found = sorted(path.parent for root in roots for path in root.glob(f"*/{CARD}"))
    return sorted(
        (ZooEntry(place, ModelCard.load(place)) for place in found),
        key=lambda entry: entry.card.name,
    )


def find_entry(name: str | None = None, folder: Path | None = None) -> ZooEntry:
    """The entry `name`, else the default one; its files are checked.

    Raises:
        UsageError: There is none of this name, or no entry at all.
        ModelError: Its files are damaged.
    """
    known = {entry.card.name: entry for entry in entries(folder)}
    if not known:
        raise UsageError(
            f"the zoo {folder or zoo_folder()} holds no model",
            hint="train one (`tinyssl pretrain`, `probe`, `convert`), or set TINYSSL_ZOO",
        )
    wanted = name or default_name(folder) or next(iter(known))
    if wanted not in known:
        raise unknown_name("model in the zoo", wanted, known)
    known[wanted].check()
    return known[wanted]


def check_entry_name(name: str) -> str:
    """`name`, where it can be an entry's.

    Raises:
        UsageError: It cannot be the name of a folder everywhere.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a model", hint="a-z, 0-9, _ and - only")
    return name


def entry_of(sha256: str, folder: Path | None = None) -> ZooEntry | None:
    """The entry whose INT8 model has this SHA-256; None for a model from elsewhere.

    Raises:
        ModelError: A card is damaged.
    """
    found = (e for e in entries(folder) if e.card.files.get(MODEL, {}).get("sha256") == sha256)
    return next(found, None)


def default_name(folder: Path | None = None) -> str | None:
    """Name of the default entry, where the zoo names one.

    Raises:
        ModelError: The file that names it is damaged.
    """
    path = (folder or zoo_folder()) / DEFAULT
    if not path.is_file():
        return None
    try:
        return read_text(path).strip() or None
    except Unreadable as error:
        raise ModelError(f"{path}: {error}", hint="write the name of a model into it") from error


def set_default(name: str, folder: Path | None = None) -> None:
    """Makes `name` the default entry."""
    write_text((folder or zoo_folder()) / DEFAULT, name + "\n")
