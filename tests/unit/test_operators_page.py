"""docs/operators.md is that of the operators as they are."""

from __future__ import annotations

import json

from tinyssl.ops import OPS
from tools.operators_page import DOCUMENT, LIST, page


def test_page_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == page(), "run `make operators-page`, and commit docs/operators.md"


def test_every_registration_method_is_one_of_tflm() -> None:
    """A misspelt name in a `SPEC` would show only when firmware with TFLM is built."""
    known = json.loads(LIST.read_text(encoding="utf-8"))["operators"]
    for kind, spec in OPS.items():
        if spec.tflm.adder:
            assert known[spec.tflm.adder] == kind


def test_operators_without_kernels_say_why() -> None:
    text = page()
    assert "| RESHAPE |" in text
    assert "no code: a view" in text
    assert "| ethos-u | | commands of an NPU" in text
    assert "`mean_s8_mve`" in text
