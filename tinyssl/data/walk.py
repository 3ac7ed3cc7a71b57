"""All files below a folder: through links, each real folder once, nothing lost without a word."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.kinds import (
    BROKEN,
    CIRCLE,
    EMPTY,
    HIDDEN,
    ICLOUD,
    REPEATED,
    SPECIAL,
    SYSTEM,
    kind_of,
    picture_suffixes,
)
from tinyssl.data.left_out import LeftOut, LeftOutCounts, advice, describe
from tinyssl.data.limits import unreadable

SYSTEM_FOLDERS = {
    "__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found",
    "__pycache__",
}  # fmt: skip
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}

Inode = tuple[int, int]


@dataclass(frozen=True)
class Listing:
    """The pictures below a folder, in the order of their paths."""

    root: Path
    pictures: tuple[Path, ...]
    """Relative to root"""
    left_out: tuple[LeftOut, ...] = ()
    repeats: tuple[tuple[Path, Path], ...] = ()
    """(left out, kept): the same file or folder under two paths, the first one through a link"""


def list_pictures(root: Path) -> Listing:
    """Finds the pictures below `root`, by the extensions that Pillow can decode; see `list_files`.

    Raises:
        DataError: `root` is no folder, holds no picture, or a folder in it cannot be opened.
    """
    return list_files(root, picture_suffixes(), "pictures", ".jpg .png .bmp .webp .tif …")


def list_files(root: Path, suffixes: frozenset[str], what: str, examples: str) -> Listing:
    """Finds the files below `root` that have one of the extensions.

    Links to files and folders are followed. What can be reached in several ways counts once: under
    its own path, or the first one of the links.

    Args:
        root: Where to look, as deep as they lie.
        suffixes: In lower case, with the dot.
        what: What they are, for the error.
        examples: Extensions that the error names.

    Raises:
        DataError: `root` is no folder, holds no such file, or a folder in it cannot be opened.
    """
    walk = _Walk(root, suffixes)
    try:
        if not root.is_dir():
            raise DataError(f"{printable(str(root))} is not a folder", hint="check --data-path")
        walk.run()
    except OSError as error:
        raise unreadable(root, error) from error
    pictures = sorted(walk.pictures, key=lambda path: path.parts)
    for folder in walk.empty_folders():
        walk.tally.add(EMPTY, folder)
    left_out = walk.tally.result()
    if not pictures:
        raise _nothing_found(root, left_out, what, examples)
    return Listing(root, tuple(pictures), left_out, tuple(walk.repeats))


def _nothing_found(
    root: Path, left_out: tuple[LeftOut, ...], what: str, examples: str
) -> DataError:
    files = tuple(part for part in left_out if part.kind != EMPTY)
    instead = f": it holds {describe(files)}" if files else ", nor other files"
    way_out = advice(files)
    return DataError(
        f"{printable(str(root))} holds no {what} that can be read{instead}",
        hint=way_out or f"{what} are found by their extension: {examples}",
    )


@dataclass
class _Walk:
    """One pass over a folder: first its own tree, then what the links in it lead to."""

    root: Path
    suffixes: frozenset[str]
    pictures: list[Path] = field(default_factory=list)
    repeats: list[tuple[Path, Path]] = field(default_factory=list)
    tally: LeftOutCounts = field(default_factory=LeftOutCounts)
    _folders: dict[Inode, Path] = field(default_factory=dict)
    """Every folder that was entered"""
    _files: dict[Inode, Path] = field(default_factory=dict)
    """Every picture"""
    _links: deque[Path] = field(default_factory=deque)
    """To be followed when the tree has been walked"""
    _above: set[Inode] = field(default_factory=set)
    """The root and the folders around it"""

    def run(self) -> None:
        real = self.root.resolve()
        self._above = {_inode(folder.stat()) for folder in (real, *real.parents)}
        self._folder(Path(), self.root.stat(), linked=False)
        while self._links:
            self._follow(self._links.popleft())

    def empty_folders(self) -> Iterator[Path]:
        """The topmost folders below which there is no picture."""
        full = {parent for path in self.pictures for parent in path.parents}
        for folder in self._folders.values():
            if folder not in full and folder.parent in full:
                yield folder

    def _folder(self, folder: Path, state: os.stat_result, *, linked: bool) -> None:
        """Walks `folder` and all real folders in it; `linked` where a link led there."""
        waiting = [(folder, _inode(state))]
        while waiting:
            current, inode = waiting.pop()
            if inode in self._folders:
                self._repeat(current, self._folders[inode])
                continue
            self._folders[inode] = current
            for entry in self._entries(current):
                path = current / entry.name
                if self._skipped(entry, path):
                    continue
                if entry.is_symlink():
                    self._links.append(path)
                elif entry.is_dir():
                    waiting.append((path, _inode(entry.stat())))
                else:
                    self._file(path, entry.stat(), linked=linked)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        with os.scandir(self.root / folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)

    def _skipped(self, entry: os.DirEntry[str], path: Path) -> bool:
        """Hidden things and those that systems leave behind, counted with all that they hold."""
        name = entry.name.lower()
        hidden = name.startswith(".") and not name.endswith(ICLOUD)
        if not hidden and name not in SYSTEM_FOLDERS | SYSTEM_FILES:
            return False
        kind = HIDDEN if hidden else SYSTEM
        if entry.is_dir(follow_symlinks=False):
            for folder, _, files in os.walk(self.root / path):
                for file in files:
                    self.tally.add(kind, Path(folder, file).relative_to(self.root))
        else:
            self.tally.add(kind, path)
        return True

    def _follow(self, link: Path) -> None:
        try:
            state = (self.root / link).stat()
        except OSError as error:  # ELOOP: links that lead to each other
            self.tally.add(CIRCLE if error.errno == errno.ELOOP else BROKEN, link)
            return
        if not stat.S_ISDIR(state.st_mode):
            self._file(link, state, linked=True)
        elif _inode(state) in self._above:
            self.tally.add(CIRCLE, link)
        else:
            self._folder(link, state, linked=True)

    def _file(self, path: Path, state: os.stat_result, *, linked: bool) -> None:
        if not stat.S_ISREG(state.st_mode):
            self.tally.add(SPECIAL, path)
            return
        if path.suffix.lower() not in self.suffixes:
            self.tally.add(kind_of(self.root / path), path)
            return
        inode = _inode(state)
        if linked and inode in self._files:
            self._repeat(path, self._files[inode])
            return
        self._files.setdefault(inode, path)
        self.pictures.append(path)

    def _repeat(self, path: Path, kept: Path) -> None:
        self.repeats.append((path, kept))
        self.tally.add(REPEATED, path)


def _inode(state: os.stat_result) -> Inode:
    return state.st_dev, state.st_ino
