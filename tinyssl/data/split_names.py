"""Folders that are splits by their names: `train`, `Validation`, `test_set`, `cats_train`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable

_WORDS = {
    "train": "train training trn trainval",
    "val": "val valid validation validate validating dev devel development",
    "test": "test testing tst holdout heldout",
    "eval": "eval evaluation evaluate",
}
"""Role -> words for it; `eval` means whichever of val and test has no other folder"""
_ROLES = {word: role for role, words in _WORDS.items() for word in words.split()}
_NEUTRAL = "set|data|dataset|images?|imgs?|pictures?|photos?|samples?|files?|split|folder|dir"
_NEUTRAL_WORD = re.compile(rf"({_NEUTRAL}|\d+)")
_JOINED = re.compile(rf"({'|'.join(sorted(_ROLES, key=len, reverse=True))})({_NEUTRAL})?\d*")


def split_word(name: str) -> tuple[str, str]:
    """(role, rest) of a folder's name: `("train", "")` of `Train_set`.

    The rest are other words: `("test", "cats")` of `cats-test`. The role is empty for a name that
    is no split, or is two.
    """
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if word]
    found = [(word, match) for word in words if (match := _JOINED.fullmatch(word))]
    if len(found) != 1:
        return "", ""
    word, match = found[0]
    rest = [other for other in words if other != word and not _NEUTRAL_WORD.fullmatch(other)]
    return _ROLES[match[1]], " ".join(rest)


def find_splits(names: Collection[str]) -> dict[str, str]:
    """Folder -> role as its name says it, for those that are splits.

    A name with another word in it (`cats_train`) is a split where another folder has the same word
    and another role; alone it is a class (`train_station`).
    """
    words = {name: split_word(name) for name in sorted(names)}
    roles = defaultdict(set)
    for role, rest in words.values():
        roles[rest].add(role)
    return {
        name: role
        for name, (role, rest) in words.items()
        if role and (not rest or len(roles[rest]) > 1)
    }


def assign_roles(found: Mapping[str, str]) -> dict[str, str]:
    """Folder -> train, val or test; a validation split without a test split is the test.

    Raises:
        DataError: Two folders for one split, or none to train on.
    """
    taken = set(found.values())
    instead = "val" if "test" in taken else "test"
    roles = {name: instead if role == "eval" else role for name, role in found.items()}
    names = defaultdict(list)
    for name, role in roles.items():
        names[role].append(f"{printable(name)}/")
    double = next((folders for folders in names.values() if len(folders) > 1), None)
    if double:
        raise DataError(
            f"{' and '.join(double)} are both names of one split",
            hint="merge them into one folder, or rename one: train, val and test are understood",
        )
    if "train" not in names:
        folders = [folder for of_role in names.values() for folder in of_role]
        raise DataError(
            f"{' and '.join(folders)} are splits, but there is none to train on",
            hint="add the folder train/ beside them, or give them other names if they are classes",
        )
    if "test" not in names:
        return {name: "test" if role == "val" else role for name, role in roles.items()}
    return roles
