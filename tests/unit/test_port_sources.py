"""What every port's source must keep to."""

import re

import pytest

from tinyssl.core.paths import firmware_folder

SOURCES = sorted((firmware_folder() / "port").glob("*.[ch]*"))
EMPTY_WAIT = re.compile(
    r"\bwhile \((?!0\))(?:[^{};]|\n)*\) ?(?:\{\s*(?:/\*.*?\*/)?\s*\}|;\s*\n\s*\n)"
)


def waits(text: str) -> list[str]:
    """Loops that do nothing but look at a register, with no count of the looks."""
    return [match[0] for match in EMPTY_WAIT.finditer(text) if "poll <" not in match[0]]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_wait_is_without_an_end(path):
    assert waits(path.read_text()) == []


@pytest.mark.parametrize("text", ["while (!(ISR & TC)) {\n    }\n", "while (X) { /* wait */ }"])
def test_a_wait_without_an_end_is_found(text):
    assert waits(text) == [text.rstrip("\n")]
