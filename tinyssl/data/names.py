"""Names of classes: safe to show, and no two alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tinyssl.core.errors import DataError
from tinyssl.core.text import printable
from tinyssl.data.limits import CLASSES, NAME_CHARACTERS


def checked_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """The names as records, tables and reports show them.

    Args:
        names: As folders or arrays hold them.
        where: Whose they are, for errors.

    Raises:
        DataError: Too many, one that is blank or too long, or two that look the same.
    """
    if len(names) > CLASSES:
        raise DataError(
            f"{where} has {len(names):,} classes; {CLASSES:,} are the most",
            hint="use fewer classes",
        )
    shown = tuple(map(printable, names))
    for name in shown:
        if not name.strip() or len(name) > NAME_CHARACTERS * len(r"\xff"):
            what = "blank" if not name.strip() else f"{len(name):,} characters long"
            raise DataError(
                f"{where} has a class whose name is {what}",
                hint=f"give it a name of 1 to {NAME_CHARACTERS} characters",
            )
    double = [name for name, count in Counter(shown).items() if count > 1]
    if double:
        raise DataError(
            f"{where} has two classes with the name {double[0]}", hint="rename one of them"
        )
    return shown
