"""The range of flash for what is learnt: where it lies, what it leaves, what saving costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.targets.boards import BoardSection, all_boards, find_board, read_board
from tinyssl.targets.ports import flash_driver
from tinyssl.targets.store import capacity, slots, wear, with_store

WITH_FLASH = [board.id for board in all_boards() if board.tinyssl.store]
SECTORS = "sectors"


def regions(board: str) -> dict[str, tuple[int, int, tuple[str, ...]]]:
    found = with_store(find_board(board)).tinyssl.regions
    return {region.name: (region.origin, region.end, region.use) for region in found}


@pytest.mark.parametrize("name", WITH_FLASH)
def test_a_stored_board_is_a_board_whose_regions_leave_the_range_alone(name) -> None:
    board = find_board(name)
    stored = with_store(board)
    assert stored.tinyssl.store is not None
    assert board.tinyssl.store is not None
    assert stored.tinyssl.store.reserved
    assert not board.tinyssl.store.reserved
    BoardSection.model_validate(stored.tinyssl.model_dump())  # all rules of a board hold
    if stored.tinyssl.regions:
        assert regions(name)["store"][2] == ("store",)


@pytest.mark.parametrize("name", WITH_FLASH)
def test_each_driver_is_there_and_brings_the_sizes(name) -> None:
    board = find_board(name)
    assert board.tinyssl.store is not None
    files = flash_driver(board, board.tinyssl.store.driver).files
    assert {"port_flash.h", "flash_geometry.c", f"{board.tinyssl.store.driver}.c"} <= set(files)


def test_the_end_of_flash_is_cut_off() -> None:
    found = regions("nucleo_l4r5zi")
    assert found["flash"] == (0x08000000, 0x081E0000, ("vectors", "code", "weights"))
    assert found["store"][:2] == (0x081E0000, 0x08200000)


def test_a_range_behind_the_first_sector_leaves_the_vectors_before_it() -> None:
    found = regions("nucleo_f446re")
    assert found["flash_start"] == (0x08000000, 0x08004000, ("vectors",))
    assert found["store"][:2] == (0x08004000, 0x08020000)
    assert found["flash"] == (0x08020000, 0x08080000, ("code", "weights"))


def test_a_view_of_the_flash_is_cut_at_the_same_place() -> None:
    found = regions("esp32-c3-devkitm-1")
    assert found["irom"][1] - found["irom"][0] == found["drom"][1] - found["drom"][0] == 0x3E0000


def test_the_budget_of_flash_falls_by_the_range() -> None:
    board = find_board("nrf52840_dk")
    assert with_store(board).tinyssl.budget.flash == board.tinyssl.budget.flash - 128 * 1024


def test_a_board_without_such_flash_says_so() -> None:
    store = with_store(find_board("esp32dev")).tinyssl.store
    assert store is not None
    assert (store.driver, capacity(store), slots(store)) == ("flash_none", 0, (0, 0))


def test_wear_as_figures() -> None:
    """A head of 64 features and 10 classes on a Nucleo F446RE: 18 and 24 records in its slots."""
    store = find_board("nucleo_f446re").tinyssl.store
    assert store is not None
    cost = wear(store, 650 * 4)
    assert (cost.slots, cost.saves) == ((48 * 1024, 64 * 1024), (18, 24))
    assert cost.erases_a_day(24) == pytest.approx(24 / 42)
    assert cost.years(24) == pytest.approx(10_000 * 42 / 24 / 365.25)
    with pytest.raises(ValueError, match="the store takes 49116"):
        wear(store, 49117)


def test_memory_does_not_wear() -> None:
    store = find_board("mps2_an500").tinyssl.store
    assert store is not None
    assert wear(store, 100).years(1000) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"driver": "stm32"}, "driver"),
        ({SECTORS: [{"size": "0x1000"}]}, "two sectors"),
        ({SECTORS: [{"size": 1000, "count": 2}], "write_unit": 32}, "not a multiple of 32"),
        ({"write_unit": 12}, "write_unit"),
    ],
)
def test_a_wrong_store_is_refused(tmp_path: Path, change, problem) -> None:
    content = json.loads((boards_folder() / "mps2_an500.json").read_text())
    content["tinyssl"]["store"] |= change
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=problem):
        read_board(file)


def test_a_missing_driver_is_told_with_both_folders() -> None:
    with pytest.raises(UsageError, match="no flash driver 'flash_of_mine'"):
        flash_driver(find_board("mps2_an500"), "flash_of_mine")
