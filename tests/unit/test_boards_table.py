"""docs/boards.md: what each board was checked on comes from the tests, and no board is left out."""

import json
import re
from pathlib import Path

import pytest

from tests.networks import network
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import write_model
from tinyssl.project.arena import check_arena
from tinyssl.project.source import load_model
from tinyssl.targets.boards import find_board
from tools.boards_table import DOCUMENT, JSON, Row, bare_metal, checked, document, lines, reason

SIZES = {"flash": 12345, "weights": 1000, "ram": 2000, "arena": 96}


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
    rows = [
        Row("nano33ble", "aot", "small", SIZES, checked="built", commit="abc", date="today"),
        Row("nano33ble", "tflm", "large", {}, "RAM: 300,000 of 262,144", commit="def"),
    ]
    *_, built, refused = lines(rows)
    assert built == (
        "| `nano33ble` | cortex-m4 | aot | small | 12,345 | 1,000 | 2,000 | 96 | built |"
    )
    assert "RAM: 300,000 of 262,144 |" in refused
    assert built.count("|") == refused.count("|")
    page = document(rows, "")
    assert "- `aot`: commit abc, today" in page
    assert "- `tflm`: commit def" in page
    assert "a 3.3 V adapter at P1.03 (sends) and P1.10 (receives)" in page
    assert "**No board was run on silicon.**" in page


def test_the_boards_are_named_where_rows_of_an_engine_are_of_several_commits() -> None:
    rows = [Row("mps2_an500", "tflm", "m", SIZES, commit="a"), Row("nano33ble", "tflm", "m", SIZES)]
    page = document(rows, "")
    assert "- `tflm`: commit a, ,  (`mps2_an500`)" in page
    assert "- `tflm`: commit , ,  (`nano33ble`)" in page


def test_a_refusal_is_cut_to_its_figures(tmp_path: Path) -> None:
    """The message is the real one, of a model that cannot fit."""
    model = tmp_path / "net.tflite"
    model.write_bytes(write_model(network()))
    board = find_board("mps2_an500")
    source = load_model(model, Workspace(tmp_path), isa=board.tinyssl.isa)
    with pytest.raises(BudgetExceeded) as caught:
        check_arena(BuildConfig(engine="tflm", ram_budget=9000), source, board)
    short = reason(caught.value.message)
    assert re.fullmatch(r"refused: an arena of at least [0-9,]+, and room for 808", short)
    assert reason("does not fit\nmore") == "does not fit"


def test_the_page_has_every_bare_metal_board() -> None:
    text = DOCUMENT.read_text()
    assert [board.id for board in bare_metal() if f"| `{board.id}` |" not in text] == []
    rows = [Row(**fields) for fields in json.loads(JSON.read_text())]
    assert text in (document(rows, network) for network in ("", " and without a network"))
