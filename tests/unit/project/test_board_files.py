"""The board files that tinyssl ships: each can be built and flashed as it stands."""

import json
from itertools import pairwise

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.targets.boards import all_boards, find_board, read_board
from tinyssl.targets.ports import board_port, shipped_ports

BOARDS = [board.id for board in all_boards()]


def test_there_are_emulated_boards_a_real_one_and_this_computer() -> None:
    assert {
        "host",
        "mps2_an385",
        "mps2_an386",
        "mps2_an500",
        "mps3_an547",
        "nucleo_h743zi",
        "riscv32_virt",
    } <= set(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_has_a_port_and_a_command_for_each_flasher(name):
    board = find_board(name)
    assert board.tinyssl.port in shipped_ports()
    assert "port.h" in board_port(board).files
    commands = board.upload["commands"]
    assert isinstance(commands, dict)
    assert set(board.tinyssl.flashers) == set(commands)
    assert board.upload["protocol"] == board.tinyssl.flashers[0]


@pytest.mark.parametrize("name", BOARDS)
def test_regions_do_not_overlap_and_name_their_source(name):
    regions = sorted(find_board(name).tinyssl.regions, key=lambda region: region.origin)
    for left, right in pairwise(regions):
        assert left.origin + left.size <= right.origin
    assert all(region.source for region in regions)


@pytest.mark.parametrize("name", [name for name in BOARDS if name != "host"])
def test_the_budget_is_not_larger_than_the_memory(name):
    target = find_board(name).tinyssl
    flash = {region.name: region.size for region in target.regions if "code" in region.use}
    assert target.budget.flash <= sum(flash.values())
    writable = [r.size for r in target.regions if {"data", "stack", "arena"} & set(r.use)]
    assert target.budget.ram <= sum(writable)


@pytest.mark.parametrize(("typo", "meant"), [("nucleo_h745", "nucleo_h743"), ("mps2", "mps2_an")])
def test_a_wrong_name_suggests_the_nearest(typo, meant):
    with pytest.raises(UsageError, match=f"no board '{typo}'") as caught:
        find_board(typo)
    assert f"did you mean {meant}" in caught.value.hint


def test_the_alias_of_the_nucleo_board() -> None:
    assert find_board("nucleo_h743").id == "nucleo_h743zi"


def test_a_view_shows_the_region_of_the_code(tmp_path):
    """The ESP32-C3's flash: instructions on one bus, constants on another."""
    content = json.loads((boards_folder() / "esp32-c3-devkitm-1.json").read_text())
    view = next(part for part in content["tinyssl"]["regions"] if "view_of" in part)
    assert find_board("esp32-c3-devkitm-1").region("weights").view_of == "irom"
    view["view_of"] = "sram"
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="drom: a view is one of irom"):
        read_board(path)
