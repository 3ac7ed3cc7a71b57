"""Board files: what ships is sound, and a file that is not says which field."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tinyssl.boards import all_boards, find_board, read_board
from tinyssl.errors import UsageError
from tinyssl.paths import boards_folder

BOARDS = all_boards()


def content(name: str = "mps2_an500") -> Any:
    return json.loads((boards_folder() / f"{name}.json").read_text())


def test_the_boards_of_this_release_are_there() -> None:
    assert {
        "host",
        "mps2_an385",
        "mps2_an386",
        "mps2_an386_64k",
        "mps2_an500",
        "mps3_an547",
        "nucleo_h743zi",
        "riscv32_virt",
    } <= {board.id for board in BOARDS}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.id)
def test_regions_do_not_overlap_and_hold_the_budget(board: Any) -> None:
    regions = sorted(board.tinyssl.regions, key=lambda region: region.origin)
    for low, high in pairwise(regions):
        assert low.origin + low.size <= high.origin, (low.name, high.name)
    if board.tinyssl.port != "host":
        writable = sum(region.size for region in regions if "w" in region.access)
        assert board.tinyssl.budget.ram <= writable
        assert board.tinyssl.budget.flash <= sum(region.size for region in regions)
        assert board.region("code").source  # where the figures are from


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.id)
def test_an_emulator_counts_instructions(board: Any) -> None:
    if board.tinyssl.emulator:
        assert board.tinyssl.tick_unit == "instructions"


def test_names_and_aliases_are_unique() -> None:
    names = [name for board in BOARDS for name in (board.id, *board.tinyssl.aliases)]
    assert len(names) == len(set(names))
    for name in names:
        assert name in (find_board(name).id, *find_board(name).tinyssl.aliases)


def test_fast_memory_must_be_a_region(tmp_path: Path) -> None:
    broken = content("nucleo_h743zi")
    broken["tinyssl"]["fast"] = {"kernels": "ccm"}
    file = tmp_path / "board.json"
    file.write_text(json.dumps(broken))
    with pytest.raises(UsageError, match="fast: no region is called 'ccm'"):
        read_board(file)


def test_wrong_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="no board 'mps2_an50'") as caught:
        find_board("mps2_an50")
    assert "did you mean mps2_an500?" in caught.value.hint


def drop_use(board: Any) -> None:
    board["tinyssl"]["regions"][1]["use"].remove("stack")


def misspell(board: Any) -> None:
    board["tinyssl"]["clock_hertz"] = board["tinyssl"].pop("clock_hz")


def bad_isa(board: Any) -> None:
    board["tinyssl"]["isa"] = "cortex-m99"


def empty_region(board: Any) -> None:
    board["tinyssl"]["regions"][0]["size"] = "0x0"


def no_section(board: Any) -> None:
    del board["tinyssl"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (drop_use, "0 regions hold `stack`"),
        (misspell, "tinyssl.clock_"),
        (bad_isa, "tinyssl.isa"),
        (empty_region, "tinyssl.regions.0.size"),
        (no_section, "tinyssl"),
    ],
)
def test_broken_file_names_the_field(tmp_path: Path, change: Any, problem: str) -> None:
    board = content()
    change(board)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(board))
    with pytest.raises(UsageError, match="board file") as caught:
        read_board(path)
    assert problem in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_what_is_not_a_board_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"mine\.json"):
        read_board(path)


def test_a_new_file_is_a_new_board(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(content()))
    assert [board.id for board in all_boards(tmp_path)] == ["mine"]
    assert find_board("mine", tmp_path).tinyssl.clock_hz == content()["tinyssl"]["clock_hz"]
