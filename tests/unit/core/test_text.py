"""`printable`: nothing that a file, a model or a device calls itself steers a terminal."""

import os
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyssl.core.text import (
    LONGEST_NAME,
    percent_decoded,
    percent_encoded,
    printable,
    printable_lines,
)

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


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("vww_96-v2.1", "vww_96-v2.1"),
        ("kws (1) + pad, 8 bit: #3", "kws (1) + pad, 8 bit: #3"),
        ("kws-[int8]", "kws-%5Bint8%5D"),
        ("m-ready", "m%2Dready"),
        ("100%", "100%25"),
        ('a"b\\c??/', "a%22b%5Cc%3F%3F/"),
        ("é\n\0", "%C3%A9%0A%00"),
        ("caf\udce9", "caf%E9"),
        ("", ""),
    ],
)
def test_names_on_the_line(name: str, encoded: str) -> None:
    assert percent_encoded(name) == encoded
    assert percent_decoded(encoded) == name


@given(NAMES | st.binary(max_size=40).map(os.fsdecode))
def test_every_file_name_comes_back(name: str) -> None:
    encoded = percent_encoded(name)
    assert percent_decoded(encoded) == name
    assert re.fullmatch(r"[ !#$&-Z^-~]*(%[0-9A-F]{2}[ !#$&-Z^-~]*)*", encoded)
    assert not set(encoded) & set('[]"\\?')
    assert "m-ready" not in encoded


@given(st.text(st.characters(exclude_categories=())))
def test_no_name_is_too_odd_or_too_long_to_encode(name: str) -> None:
    encoded = percent_encoded(name * 300)
    assert len(encoded) <= LONGEST_NAME
    assert not re.search("%(?![0-9A-F]{2})", encoded)
    percent_decoded(encoded)
