"""Board files: what ships is sound, and a file that is not says which field."""

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.targets.boards import all_boards, find_board, read_board

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


def test_a_new_file_is_a_new_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = content()
    board["tinyssl"]["clock_hz"] = 1234
    del board["tinyssl"]["aliases"]
    (tmp_path / "mine.json").write_text(json.dumps(board))
    monkeypatch.setenv("TINYSSL_BOARDS", str(tmp_path))
    assert find_board("mine").tinyssl.clock_hz == 1234
    assert len(all_boards()) == len(BOARDS) + 1


def at(*path: Any, value: Any) -> Any:
    """A change: puts `value` at a place of a board file."""

    def change(board: Any) -> None:
        for key in path[:-1]:
            board = board[key]
        board[path[-1]] = value

    return change


def overlap(board: Any) -> None:
    board["tinyssl"]["regions"][1]["origin"] = board["tinyssl"]["regions"][0]["origin"]


REGION = ("tinyssl", "regions", 0)
SERIAL = ("tinyssl", "serial")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (at("name", value="x\n[env]\nextra_scripts = pre:x.py"), "name: the character '\\n'"),
        (at("vendor", value="x\ry"), "vendor: the character"),
        (at("url", value="x\x1b[2J"), "url: the character"),
        (at("name", value="x */ INPUT(evil.o) /*"), "name: a comment"),
        (at(*REGION, "source", value="*/ INPUT(evil.o) /*"), "source: a comment"),
        (at("name", value="x" * 2000), "2,000 characters"),
        (at("name", value="\u2028"), "name: the character"),
        (at("name", value="\udce9"), "name: the character"),
        (at("name", value=""), "name"),
        (at("id", value="other"), "id: "),
        (at("new\nkey", value=1), "cannot be a key"),
        (overlap, "overlap at 0x0"),
        (at(*REGION, "name", value="ssram23"), "two regions are called ssram23"),
        (at(*REGION, "name", value="a b"), "tinyssl.regions.0.name"),
        (at(*REGION, "size", value="0x100000001"), "tinyssl.regions.0.size"),
        (at(*REGION, "origin", value="0xFFFFFFFF"), "beyond 32 bits"),
        (at("tinyssl", "regions", value=["x"]), "tinyssl.regions.0"),
        (at("tinyssl", "clock_hz", value=2**32), "tinyssl.clock_hz"),
        (at("tinyssl", "stack_bytes", value=2**40), "tinyssl.stack_bytes"),
        (at("tinyssl", "aliases", value=["a; b"]), "tinyssl.aliases.0"),
        (at("tinyssl", "flashers", value=[]), "tinyssl.flashers"),
        (at("tinyssl", "flashers", value=["stlink"]), "no command for stlink"),
        (at("tinyssl", "emulator", "command", value=[]), "tinyssl.emulator.command"),
        (at("tinyssl", "emulator", "instructions_per_second", value=0), "instructions_per"),
        (at("tinyssl", "budget", "ram", value=2**40), "tinyssl.budget.ram"),
        (at(*SERIAL, "baud", value=10**12), "tinyssl.serial.baud"),
        (at(*SERIAL, "tx", value="P0.06"), "tx and rx"),
        (at(*SERIAL, "usb_ids", value=[["0483", "x"]]), "tinyssl.serial.usb_ids.0"),
        (at("build", "extra_flags", value="!touch RAN"), "build.extra_flags"),
        (at("build", "f_cpu", value="1;touch RAN"), "build.f_cpu"),
        (at("build", value=[]), "build"),
        (at("upload", "commands", value={"emulator": "one text"}), "upload.commands.emulator"),
        (at("upload", "commands", value={"emulator": []}), "upload.commands.emulator"),
        (at("upload", "maximum_size", value=-1), "upload.maximum_size"),
        (at("upload", "chip", value={"name": "x", "address": "y"}), "upload.chip"),
        (at("debug", value={"jlink_device": "-x y"}), "debug.jlink_device"),
        (at("debug", value=3), "debug"),
        (
            at("tinyssl", "arduino", value={"platform": "x\t", "board": "y"}),
            "arduino.platform: the character",
        ),
        (
            at("tinyssl", "arduino", value={"platform": "${sysenv.X}", "board": "y"}),
            "tinyssl.arduino.platform",
        ),
        (
            at("tinyssl", "arduino", value={"platform": "x", "board": "y", "build_flags": ["!ls"]}),
            "tinyssl.arduino.build_flags.0",
        ),
    ],
)
def test_what_would_not_stay_where_it_is_put_is_refused(
    tmp_path: Path, change: Any, problem: str
) -> None:
    board = content()
    change(board)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(board))
    with pytest.raises(UsageError, match=r"board file .*mine\.json: ") as caught:
        read_board(path)
    assert problem in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"name": "a", "name": "b"}', "the key 'name' is there twice"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ("[" * 100_000, "nested"),
        ('{"a":' * 20 + "1" + "}" * 20, "nested"),
        (" " * 300_000, "more than 262,144 bytes"),
        ("{" + ",".join(f'"{n}": 1' for n in range(5000)) + "}", "too many keys"),
    ],
)
def test_a_file_that_is_no_sound_json_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_board(path)
    assert problem in caught.value.message


def test_a_pipe_is_no_board_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.json")
    with pytest.raises(UsageError, match="it is no file"):
        find_board(str(tmp_path / "mine.json"))


@pytest.mark.parametrize("name", ["a b", "a;b", "$(touch RAN)", "-x", "a\nb", "é"])
def test_the_name_of_a_file_is_an_id(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(content()))
    with pytest.raises(UsageError, match="a board's id"):
        read_board(path)
