"""How a folder of pictures is sorted: into classes, into splits, both, or neither."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.split_names import assign_roles, find_splits
from tinyssl.data.walk import Listing

Parts = tuple[str, ...]
ROLES = ("train", "val", "test")

DRAWN = "drawn"
"""Stands for the folder of a split that is drawn from the training images"""


@dataclass(frozen=True)
class FolderLayout:
    """What the folders mean, for each picture in the order of the listing."""

    classes: tuple[str, ...]
    """Names of the class folders, sorted; empty where pictures are unlabelled"""
    class_of: tuple[str, ...]
    """Folder that would be the class; empty where a picture lies in none"""
    role_of: tuple[str, ...] = ()
    """train, val or test; empty where there are no split folders"""
    roles: dict[str, str] = field(default_factory=dict)
    """Split folder -> train, val or test"""
    base: Parts = ()
    """Folders that hold everything and mean nothing"""
    depth: int = 0
    """Folders above those of the classes"""
    inner: bool = False
    """True where the class folders hold the splits (cat/train/…)"""
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`splits` or `drawn splits`, with or without classes."""
        split = "splits" if self.roles else "one set"
        return f"{split}, {'classes' if self.classes else 'unlabelled'}"

    def folder_of(self, role: str) -> str:
        """The folder of a split, or `DRAWN`."""
        return next((name for name, of in self.roles.items() if of == role), DRAWN)

    def as_json(self) -> dict[str, Any]:
        """What a record and `--json` hold."""
        return {
            "kind": self.kind,
            "base": printable("/".join(self.base)),
            "splits": {role: printable(self.folder_of(role)) for role in ROLES}
            if self.roles
            else {},
            "text": str(self),
        }

    def __str__(self) -> str:
        where = f"in {printable('/'.join(self.base))}/: " if self.base else ""
        count = len(self.classes)
        if not self.roles:
            what = f"{count} class folders" if count else "no classes"
            return f"{where}{what}; the splits are drawn"
        what = f"with {count} class folders" if count else "without classes"
        if self.inner:
            what = f"inside {count} class folders"
        return f"{where}split folders {what}: {', '.join(map(self._origin, ROLES))}"

    def _origin(self, role: str) -> str:
        """`test from val/`."""
        folder = self.folder_of(role)
        if folder == DRAWN:
            return f"{role} drawn from {printable(self.folder_of('train'))}/"
        return f"{role} from {printable(folder)}/"


def find_layout(listing: Listing) -> FolderLayout:
    """Reads the layout from the paths of the pictures.

    Raises:
        DataError: Folders that cannot be told: splits beside other folders or beside pictures, two
            folders for one split, splits with other classes than the training split, one file in
            two classes.
    """
    base, tails = _unwrap([path.parts for path in listing.pictures])
    tops = _tops(tails)
    splits = find_splits(tops - {""})
    inner = not splits and _split_inside(tails)
    if inner:
        tails = [(tail[1], tail[0], *tail[2:]) for tail in tails]
        splits = find_splits(_tops(tails))
    if len(splits) == len(tops) == 1:  # a lone train/ with pictures in it
        base, tails, splits = (*base, *splits), [tail[1:] for tail in tails], {}
    layout = _with_splits(tails, splits, base) if splits else _classes(tails, base)
    if inner:
        layout = replace(layout, inner=True, depth=len(base))
    _refuse_two_classes(listing, layout)
    return layout


def _tops(tails: Iterable[Parts]) -> set[str]:
    """First folders; an empty name for pictures that lie in none."""
    return {tail[0] if len(tail) > 1 else "" for tail in tails}


def _unwrap(tails: list[Parts]) -> tuple[Parts, list[Parts]]:
    """Takes off folders that hold nothing but one or more folders, as archives unpack."""
    base: Parts = ()
    while len(tops := _tops(tails)) == 1 and min(map(len, tails)) > 2:
        base += tuple(tops)
        tails = [tail[1:] for tail in tails]
    return base, tails


def _split_inside(tails: Sequence[Parts]) -> bool:
    """True where each class folder holds nothing but splits (cat/train/…, cat/test/…).

    Raises:
        DataError: Some class folders do, and others do not.
    """
    inside = defaultdict(set)
    for tail in tails:
        inside[tail[0] if len(tail) > 1 else ""].add(tail[1] if len(tail) > 2 else "")
    found = {name: find_splits(folders) for name, folders in inside.items()}
    whole = [name for name, folders in inside.items() if len(found[name]) == len(folders)]
    if not any(len(found[name]) > 1 and "train" in found[name].values() for name in whole):
        return False
    others = sorted(set(inside) - set(whole))
    if not others:
        return True
    other = f"{printable(others[0])}/" if others[0] else "the pictures beside it"
    raise DataError(
        f"{printable(min(whole))}/ is sorted into splits ({_listed(inside[min(whole)])}), but not "
        f"{other}",
        hint="sort every class folder into the same splits, or none",
    )


def _with_splits(tails: list[Parts], found: dict[str, str], base: Parts) -> FolderLayout:
    _refuse_mixed(tails, found)
    roles = assign_roles(found)
    role_of = tuple(roles[tail[0]] for tail in tails)
    inside, below = _unwrap([_below_split(tail) for tail in tails])
    class_of = tuple(tail[0] if len(tail) > 1 else "" for tail in below)
    names = set(class_of)
    layout = FolderLayout((), class_of, role_of, roles, base, depth=len(base) + 1 + len(inside))
    if len(names) < 2:
        return replace(layout, warnings=_one_class(names))
    loose = [tail for tail, name in zip(tails, class_of, strict=True) if not name]
    if loose:
        raise DataError(
            f"{len(loose):,} of {len(tails):,} pictures lie in no class folder, "
            f"{_path(loose[0])} first; others do",
            hint="sort the pictures of every split into class folders, or move that split out of "
            "the folder: without a test split, one is drawn from the training pictures",
        )
    classes = {
        role: {name for name, of in zip(class_of, role_of, strict=True) if of == role}
        for role in set(roles.values())
    }
    missing = _compare_classes(classes, roles)
    return replace(layout, classes=tuple(sorted(names)), warnings=(*missing, *_alike(names)))


def _below_split(tail: Parts) -> Parts:
    """What follows the split folder; archives often repeat its name (test_set/test_set/cat/…)."""
    repeated = len(tail) > 3 and tail[0].casefold() == tail[1].casefold()
    return tail[1 + repeated :]


def _refuse_mixed(tails: Sequence[Parts], found: dict[str, str]) -> None:
    """Raises DataError where splits lie beside class folders or beside pictures."""
    tops = Counter(tail[0] if len(tail) > 1 else "" for tail in tails)
    others = sorted(set(tops) - set(found))
    if not others:
        return
    if others == [""]:
        loose = next(tail for tail in tails if len(tail) == 1)
        raise DataError(
            f"{tops['']:,} pictures lie beside the split folders {_listed(found)}: "
            f"{_path(loose)} first",
            hint="move them into a split, or out of the folder",
        )
    beside = _listed(name for name in others if name)
    are = "is named like a split" if len(found) == 1 else "are named like splits"
    raise DataError(
        f"{_listed(found)} {are}, {beside} beside {'it' if len(found) == 1 else 'them'} "
        f"{'is' if len(others) == 1 else 'are'} not",
        hint=f"move {beside} out of the folder; or, if all are classes, rename "
        f"{printable(min(found))}/, for example to class_{printable(min(found))}/",
    )


def _classes(tails: list[Parts], base: Parts) -> FolderLayout:
    class_of = tuple(tail[0] if len(tail) > 1 else "" for tail in tails)
    names = set(class_of)
    layout = FolderLayout((), class_of, base=base, depth=len(base))
    if len(names) < 2:
        return replace(layout, warnings=_one_class(names))
    if "" in names:
        loose = class_of.count("")
        return replace(
            layout,
            warnings=(
                f"folders are not taken as classes: {loose:,} of {len(tails):,} pictures lie in "
                f"no folder, {_path(tails[class_of.index('')])} first",
            ),
        )
    return replace(layout, classes=tuple(sorted(names)), warnings=_alike(names))


def _one_class(names: set[str]) -> tuple[str, ...]:
    name = printable("".join(names))
    return (f"folders are not taken as classes: there is only one ({name})",) if name else ()


def _compare_classes(classes: dict[str, set[str]], roles: dict[str, str]) -> tuple[str, ...]:
    """Warnings for classes that a split lacks.

    Raises:
        DataError: A split has a class that the training split lacks.
    """
    known, folders = classes["train"], {role: printable(name) for name, role in roles.items()}
    for role in ("val", "test"):
        unknown = sorted(classes.get(role, set()) - known)
        if unknown:
            alike = {_alike_key(name): name for name in known}
            near = alike.get(_alike_key(unknown[0]))
            hint = (
                f"give {printable(near)} and {printable(unknown[0])} the same name" if near else
                f"add training pictures of it, or move it out of {folders[role]}/"
            )  # fmt: skip
            raise DataError(
                f"{folders[role]}/ has {_listed(unknown)}, which {folders['train']}/ lacks", hint
            )
    return tuple(
        f"{folders[role]}/ has no pictures of {_listed(known - classes[role])}"
        for role in ("val", "test")
        if role in classes and known - classes[role]
    )


def _alike(names: Iterable[str]) -> tuple[str, ...]:
    """A warning for folders that a person reads as the same word."""
    groups = defaultdict(list)
    for name in sorted(names):
        groups[_alike_key(name)].append(name)
    return tuple(
        f"{_listed(group)} are read as different classes: their names differ in case or "
        "in the coding of a letter only"
        for group in groups.values()
        if len(group) > 1
    )


def _alike_key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _refuse_two_classes(listing: Listing, layout: FolderLayout) -> None:
    """Raises DataError where a link puts the same pictures into two classes."""
    if not layout.classes:
        return
    for left_out, kept in listing.repeats:
        names = ["".join(path.parts[layout.depth :][:1]) for path in (left_out, kept)]
        if all(names) and names[0] != names[1]:
            raise DataError(
                f"{_path(left_out.parts)} is a link to {_path(kept.parts)}: the same picture in "
                f"the classes {printable(names[0])} and {printable(names[1])}",
                hint="delete one of them",
            )


def _listed(names: Iterable[str], most: int = 5) -> str:
    """`cat/, dog/ and 3 more`."""
    ordered = sorted(names)
    shown = ", ".join(f"{printable(name)}/" for name in ordered[:most])
    return shown + (f" and {len(ordered) - most} more" if len(ordered) > most else "")


def _path(parts: Parts) -> str:
    return printable(str(Path(*parts)))
