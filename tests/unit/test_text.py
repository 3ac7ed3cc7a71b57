"""`printable`: nothing that a file, a model or a device calls itself steers a terminal."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyssl.text import printable, printable_lines

STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat", "cat"),
        ("Größe 3 µs, 猫\u3000犬, 4\u00a0%", "Größe 3 µs, 猫\u3000犬, 4\u00a0%"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\tc\rd\0", r"a\nb\tc\rd\x00"),
        ("\x7f\x85\x9b2J", r"\x7f\x85\x9b2J"),
        ("a\u202egnp.exe\u2066", r"a\u202egnp.exe\u2066"),
        ("caf\udce9.png", r"caf\xe9.png"),
        ("\ud83d", r"\ud83d"),
        ("\U000e0041", r"\U000e0041"),
        ("\uffff", r"\uffff"),
    ],
)
def test_each_kind_of_character(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_keep_their_ends_and_tabs() -> None:
    assert printable_lines("a\r\n\tb\x1b[2J\rc\n") == "a\n\tb\\x1b[2J\\rc\n"


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_steers_and_xml_takes_it(text: str) -> None:
    shown = printable(text)
    assert not STEERING.search(shown)
    assert printable(shown) == shown
    shown.encode()
    element = ET.Element("a")
    element.text = shown
    assert ET.fromstring(ET.tostring(element)).text == (shown or None)
    assert not STEERING.search(printable_lines(text).replace("\n", "").replace("\t", ""))
