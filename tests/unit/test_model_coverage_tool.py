"""tools/model_coverage: shares, reasons, a second call, and models that break the check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.ops.flatfile import Flatfile
from tests.ops.operators.reduce import reduce
from tinyssl.verify.original import Referee
from tools.model_coverage.__main__ import Survey, main, parse
from tools.model_coverage.check import check
from tools.model_coverage.document import document, summary
from tools.model_coverage.row import EQUAL, FAILED, REFUSED, Row, read_rows, write_rows


def unknown_to_tflm() -> bytes:
    """LiteRT has TILE, TensorFlow Lite Micro has not."""
    file = Flatfile()
    start, output = file.activation((1, 4)), file.activation((1, 8))
    file.operator("TILE", [start, file.constant(np.array([1, 2], np.int32))], [output])
    return file.data()


def open_blocks() -> bytes:
    """Blocks of a row whose number the file leaves open, as TensorFlow writes a dilation."""
    file = Flatfile()
    start, output = file.activation((1, 4, 2)), file.activation((1, 4, 2))
    blocks, made = (file.activation((1, 2, 2)) for _ in range(2))
    for index in (blocks, made):
        file.tensors[index].shapeSignature = [-1, 2, 2]
    sides = [file.constant(np.array(values, np.int32)) for values in ([2], [[0, 0]])]
    file.operator("SPACE_TO_BATCH_ND", [start, *sides], [blocks])
    file.operator("RELU", [blocks], [made])
    file.operator("BATCH_TO_SPACE_ND", [made, *sides], [output])
    return file.data()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "models"
    (found / "below").mkdir(parents=True)
    (found / "pool.tflite").write_bytes(cases.pool())
    (found / "state.tflite").write_bytes(cases.CASES["svdf"]())
    (found / "below" / "sum.tflite").write_bytes(reduce("SUM", shape=(2,) * 8, axes=(0, 2, 4, 6)))
    (found / "tile.tflite").write_bytes(unknown_to_tflm())
    (found / "junk.tflite").write_bytes(b"no model")
    return found


def run(folder: Path, *more: str) -> tuple[int, dict[str, Row]]:
    """Exit code and rows by file."""
    table = folder.parent / "rows.csv"
    code = main([str(folder), "--images", "36", "--csv", str(table), *more])
    return code, {row.file: row for row in read_rows(table)}


def test_every_model_has_its_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = run(folder)
    assert code == 0
    assert {name for name, row in rows.items() if row.result == EQUAL} == {
        "pool.tflite",
        "state.tflite",
        "tile.tflite",
    }
    assert rows["state.tflite"].inputs == 36
    assert rows["below/sum.tflite"].result == REFUSED
    assert "loops; up to N" in rows["below/sum.tflite"].reasons
    tile = rows["tile.tflite"]
    assert (tile.counts, tile.result, tile.judge) == (False, EQUAL, Referee.LITERT)
    assert rows["pool.tflite"].judge == Referee.TFLM
    assert not rows["junk.tflite"].counts
    assert "Covered: 2 of 3 (66.7 %)." in capsys.readouterr().out


def test_litert_judges_sizes_that_the_file_leaves_open(tmp_path: Path) -> None:
    """TensorFlow Lite Micro takes the number of blocks at its word."""
    path = tmp_path / "blocks.tflite"
    path.write_bytes(open_blocks())
    found = check(path, 12)
    assert (found["tflm"], found["result"], found["judge"]) == ("runs", EQUAL, Referee.LITERT)


def test_a_check_that_takes_too_long_is_a_row(folder: Path) -> None:
    for path in folder.glob("*.tflite"):
        if path.name != "pool.tflite":
            path.unlink()
    (folder / "below" / "sum.tflite").unlink()
    _, rows = run(folder, "--seconds", "0.1")
    assert rows["pool.tflite"].result == FAILED
    assert "did not end" in rows["pool.tflite"].reasons


def test_a_second_call_does_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "state.tflite").write_bytes(cases.CASES["svdf"]())
    table = tmp_path / "rows.csv"

    def prepared(commit: str, *more: str) -> Survey:
        words = [str(tmp_path), "--images", "36", "--csv", str(table), *more]
        return Survey(parse(words), commit)

    def survey(*more: str) -> Row:
        (row,) = prepared("abc", *more).run()
        return row

    here = survey()
    assert (here.result, here.board_result) == (EQUAL, "")
    write_rows(table, [replace(here, reasons="of the first call")])
    there = survey("--board", "host", "--jobs", "1")
    assert (there.reasons, there.board_result, there.board_inputs) == (
        "of the first call",
        EQUAL,
        12,
    )
    assert there.board_flash > 0
    assert survey() == survey("--board", "host") == there
    assert not prepared("another").rows
    assert not prepared("abc-dirty").rows


def test_document_tells_differences_and_reasons() -> None:
    facts: dict[str, Any] = {
        "sha256": "",
        "bytes": 1,
        "kind": "quantised",
        "tflm": "runs",
        "inputs": 4,
    }
    rows = [
        Row(file="a", result=EQUAL, ends="int8 -> int8", **facts),
        Row(file="b", result=REFUSED, reasons="X: no | Y: no", **facts),
        Row(file="c", result=REFUSED, reasons="X: no", **facts),
        Row(file="d", result="differs", reasons="input 3", **facts),
        Row(file="e", result=EQUAL, judge=Referee.LITERT.value, **facts),
    ]
    text = "\n".join(summary(rows))
    assert "Covered: 2 of 5 (40.0 %).\nOf these, 1 has another judge.\n" in text
    assert "| 2 | 1 | X: no |" in text
    assert "| 1 |  | Y: no |" in text
    assert "**differs**: d: input 3" in text
    origin = {"commit": "abc", "date": "2026-01-01", "machine": "x86"}
    page = document(rows, "f", origin)
    assert "Commit abc, 2026-01-01, x86; folder `f`, 5 files." in page
    assert "serial" not in page
    assert "| e | 1 |  | equal (judge: LiteRT's reference kernels) |" in page


def test_document_has_a_column_for_the_board() -> None:
    facts: dict[str, Any] = {"sha256": "", "bytes": 1, "kind": "quantised", "tflm": "runs"}
    facts |= {"result": EQUAL, "board": "m7"}
    fits: dict[str, Any] = {"board_inputs": 12, "board_flash": 1024, "board_ram": 20}
    rows = [
        Row(file="a", board_result=EQUAL, **facts, **fits),
        Row(file="b", board_result="does not fit: ram: 5 bytes", **facts),
        Row(file="c", board_result="differs: output 0", **facts, **fits),
    ]
    page = document(rows, "f", {"commit": "abc", "date": "2026-01-01", "machine": "x86"})
    assert "On the emulated m7: 1 equal of 2 that fit; 1 do not fit." in page
    assert "on 12 inputs" in page
    assert "| a | 1 |  | equal | equal | 1,024 | 20 |" in page
    assert "| b | 1 |  | equal | does not fit: ram: 5 bytes |  |  |" in page
    assert [row.wrong for row in rows] == [False, False, True]
