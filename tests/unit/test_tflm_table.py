"""docs/tflm.md: its measured table is that of docs/tflm.json, and every output was TFLM's."""

import json

from tools import tflm_table
from tools.tflm_table import BEGIN, DOCUMENT, END, JSON, table

ROW = {
    "model": "small",
    "kernels": "reference",
    **dict.fromkeys(tflm_table.FIGURES, 1234),
    "equal": 15,
    "inputs": 16,
    "commit": "abc",
    "date": "today",
    "machine": "m",
}


def test_a_row_says_how_many_outputs_were_equal_and_where_it_is_from() -> None:
    head, line, row, _, origin = table([ROW])
    assert row.startswith("| small | reference | 1,234 |")
    assert row.endswith("| 15 of 16 |")
    assert head.count("|") == line.count("|") == row.count("|")
    assert origin == "- commit abc, today, m: small reference"


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path, monkeypatch) -> None:
    page = tmp_path / "tflm.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    monkeypatch.setattr(tflm_table, "DOCUMENT", page)
    monkeypatch.setattr(tflm_table, "JSON", tmp_path / "tflm.json")
    for _ in range(2):
        tflm_table.write([ROW])
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| model |")
    assert text.endswith(f"small reference\n\n{END}after\n")
    assert text.count("15 of 16") == 1
    assert "old" not in text


def test_the_page_has_what_was_measured() -> None:
    rows = json.loads(JSON.read_text())
    assert "\n".join(table(rows)) in DOCUMENT.read_text()
    assert [row for row in rows if row["equal"] != row["inputs"]] == []
    assert {row["kernels"] for row in rows} == {tflm_table.REFERENCE, tflm_table.CMSIS}
