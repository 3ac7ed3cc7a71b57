"""The drawn tree is the tree, and each error carries its hint and code."""

import re
from collections.abc import Iterator
from typing import Any

from tinyssl.core import errors


def tree(root: type[Any], depth: int = 0) -> Iterator[tuple[type[Any], int]]:
    yield root, depth
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child, depth + 1)


def drawn() -> dict[str, int]:
    """Error -> depth, as the module's docstring draws it."""
    found = {}
    for line in str(errors.__doc__).splitlines():
        match = re.match(r"^([│ ]*)(?:├── |└── )?([A-Z]\w+)\s{2,}", line)
        if match:
            branch = "├── " in line or "└── " in line
            found[match[2]] = len(match[1]) // 4 + branch
    return found


def test_docstring_draws_the_tree() -> None:
    assert drawn() == {kind.__name__: depth for kind, depth in tree(errors.TinysslError)}


def test_drawn_exit_codes_are_true() -> None:
    codes = dict(re.findall(r"([A-Z]\w+)\s+exit (\d)", str(errors.__doc__)))
    assert len(codes) > 10
    assert codes == {name: str(getattr(errors, name).exit_code) for name in codes}


def test_message_and_hint_are_kept() -> None:
    error = errors.BudgetExceeded("needs 3 bytes; has 2", hint="try --width 0.5")
    assert str(error) == error.message == "needs 3 bytes; has 2"
    assert error.hint == "try --width 0.5"
    assert error.exit_code == 3
