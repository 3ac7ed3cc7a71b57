"""docs/boards.md: what each board was checked on comes from the tests, and no board is left out."""

import pytest

from tinyssl.boards import find_board
from tinyssl.records import BuildInfo
from tools.boards_table import DOCUMENT, Row, bare_metal, checked, document, lines

SIZES = {"flash": 12345, "weights": 1000, "ram": 2000, "arena": 96}
STAMP = {"commit": "abc", "date": "2026-01-01", "machine": "m", "network": ""}


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        ("mps2_an500", "QEMU"),
        ("netduinoplus2", "QEMU"),
        ("nucleo_l4r5zi", "simulator"),
        ("nucleo_h743zi", "simulator"),
        ("nano33ble", "same port: `nrf52840_dk`"),
    ],
)
def test_what_a_board_was_checked_on(board: str, expected: str) -> None:
    assert checked(find_board(board)) == expected


def test_a_row_has_the_figures_of_the_build_or_why_there_is_none() -> None:
    board = find_board("nano33ble")
    info = BuildInfo(board.id, "aot", "m", "0", "0", {}, SIZES, {})
    rows = [
        Row(board, "aot", "small", info),
        Row(board, "tflm", "large", None, "RAM: 300,000 of 262,144\nmore"),
    ]
    *_, built, refused = lines(rows)
    assert built == (
        "| `nano33ble` | cortex-m4 | aot | small | 12,345 | 1,000 | 2,000 | 96 |"
        " same port: `nrf52840_dk` |"
    )
    assert "RAM: 300,000 of 262,144 |" in refused
    assert built.count("|") == refused.count("|")
    page = document(rows, STAMP)
    assert "a 3.3 V adapter at P1.03 (sends) and P1.10 (receives)" in page
    assert "**No board was run on silicon.**" in page


def test_the_page_has_every_bare_metal_board() -> None:
    text = DOCUMENT.read_text()
    assert [board.id for board in bare_metal() if f"| `{board.id}` |" not in text] == []
