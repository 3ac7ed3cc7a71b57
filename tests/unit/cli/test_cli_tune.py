"""What `tinyssl tune` prints."""

from pathlib import Path

from tinyssl.cli.output import Table
from tinyssl.cli.tune import tune_result
from tinyssl.compiler.calls import KernelCall
from tinyssl.stages.tune import Candidate, Tuned


def candidate(name: str, total: int, arena: int) -> Candidate:
    return Candidate(name, (KernelCall(0, 0),), total, "instructions", (total,), arena, 3000, 2000)


def result(chosen: int):
    found = (candidate("cost model", 2000, 96), candidate("one operator a call", 1500, 256))
    refused = (("blocks, set 1", "RAM 70,000 B > 65,536 B"),)
    return tune_result(
        Tuned("mps2_an500", Path("m.tflite"), found, found[chosen], refused, Path("t.json"))
    )


def test_every_image_is_a_row_and_one_is_chosen() -> None:
    table, _, verdict, file = result(chosen=1).blocks
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["cost model", "one operator a call", "blocks, set 1"]
    assert [row[-1] for row in table.rows] == ["", "chosen", ""]
    assert table.rows[2][1] == "does not fit"
    assert verdict == "25.0 % fewer instructions than by cost model, arena 96 -> 256 B"
    assert file == "t.json"


def test_the_same_choice_is_no_gain() -> None:
    assert "nothing changes" in result(chosen=0).blocks[2]


def test_json_has_figures_and_reasons() -> None:
    data = result(chosen=1).data
    assert [row["chosen"] for row in data["candidates"]] == [False, True]
    assert data["candidates"][1]["steps"] == [[0, 0]]
    assert data["refused"] == [{"name": "blocks, set 1", "reason": "RAM 70,000 B > 65,536 B"}]
