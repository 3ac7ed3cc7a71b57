"""Boards and ports from outside the package: folders, single files, packages."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.packages import install
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder, firmware_folder
from tinyssl.targets.boards import all_boards, find_board, read_board
from tinyssl.targets.ports import board_port, shipped_port, shipped_ports

SHIPPED = "mps2_an500"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a copy of a shipped board, with changes in its section `tinyssl`."""

    def to(place: str, **changes: Any) -> Path:
        content = json.loads((boards_folder() / f"{SHIPPED}.json").read_text())
        content["tinyssl"] |= {"aliases": []} | changes
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return to


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSSL_BOARDS", str(tmp_path))
    return tmp_path


def own_port(folder: Path, name: str, cut: str = "") -> Path:
    """The port of the MPS2 boards under another name, beside a board's file."""
    (folder / "port").mkdir()
    text = (firmware_folder() / "port" / "mps2.c").read_text()
    (folder / "port" / f"{name}.c").write_text(text.replace(cut, "other") if cut else text)
    return folder / "port" / f"{name}.c"


def test_a_folder_adds_to_the_shipped_boards(own: Path, write: Write) -> None:
    write("mine.json")
    write("acme/acme.json")
    write("acme/notes.json")  # not called as its folder
    ids = [board.id for board in all_boards()]
    assert {"mine", "acme", SHIPPED, "host"} <= set(ids)
    assert "notes" not in ids
    assert ids == sorted(ids)
    assert find_board("acme").file == own / "acme" / "acme.json"


def test_several_folders(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("one/first.json")
    write("two/second.json")
    monkeypatch.setenv("TINYSSL_BOARDS", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert {"first", "second"} <= {board.id for board in all_boards()}


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSSL_BOARDS", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"TINYSSL_BOARDS names .*gone"):
        all_boards()


@pytest.mark.parametrize(
    ("place", "changes"), [(f"{SHIPPED}.json", {}), ("mine.json", {"aliases": ["an500"]})]
)
def test_two_boards_of_one_name_are_an_error_that_names_both_files(
    own: Path, write: Write, place: str, changes: dict[str, Any]
) -> None:
    path = write(place, **changes)
    with pytest.raises(UsageError, match="two boards are called") as caught:
        find_board("host")
    assert str(path) in caught.value.message
    assert str(boards_folder() / f"{SHIPPED}.json") in caught.value.message
    assert "override" in caught.value.hint


def test_a_board_overrides_the_shipped_one_where_it_says_so(own: Path, write: Write) -> None:
    write(f"{SHIPPED}.json", override=True, stack_bytes=4096)
    assert find_board(SHIPPED).tinyssl.stack_bytes == 4096
    assert [board.id for board in all_boards()].count(SHIPPED) == 1


def test_override_takes_no_other_board_s_alias(own: Path, write: Write) -> None:
    write("mine.json", override=True, aliases=["an500"])
    with pytest.raises(UsageError, match="two boards are called an500"):
        all_boards()


def test_a_file_is_a_board(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("elsewhere/mine.json", stack_bytes=4096)
    assert find_board(str(path)).tinyssl.stack_bytes == 4096
    monkeypatch.chdir(tmp_path)
    assert find_board("elsewhere/mine.json").id == "mine"
    with pytest.raises(UsageError, match="no board 'mine'"):
        find_board("mine")
    with pytest.raises(UsageError, match=r"gone\.json: it is no file"):
        find_board("gone.json")
    with pytest.raises(UsageError, match="two boards are called"):
        find_board(str(write(f"{SHIPPED}.json")))


def test_a_file_that_the_folder_has_too_is_one_board(own: Path, write: Write) -> None:
    assert find_board(str(write("mine.json"))).id == "mine"


def test_a_package_brings_a_board(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("data/acme_one.json")
    install(
        tmp_path / "site",
        monkeypatch,
        {"acme_boards.py": f"ONE = {str(file)!r}\nWRONG = 3\n"},
        {
            "tinyssl.boards": {
                "acme_one": "acme_boards:ONE",
                "acme_number": "acme_boards:WRONG",
                "acme_gone": "acme_missing:ONE",
            }
        },
    )
    assert find_board("acme_one").file == file
    assert "acme_one" in [board.id for board in all_boards()]  # the broken ones are left out
    with pytest.raises(UsageError, match=r"acme 1\.2: the board 'acme_gone' cannot be imported"):
        find_board("acme_gone")
    with pytest.raises(UsageError, match="is not the path of a board file"):
        find_board("acme_number")


def test_a_port_is_what_its_includes_bring() -> None:
    files = set(shipped_port("esp32c3").files)
    assert {"esp32c3.c", "polled_read.c", "riscv.c", "startup.c", "port.h"} <= files
    assert not {"cortex_m.c", "mps2.c"} & files  # polled_read.c includes cortex_m.h in an #ifdef
    assert {"mps2", "stm32h7", "host", "arduino"} <= set(shipped_ports())
    assert not {"startup", "cortex_m", "cmsdk_uart", "stm32"} & set(shipped_ports())


def test_a_board_brings_its_port(own: Path, write: Write) -> None:
    write("acme/acme.json", port="acme_soc")
    source = own_port(own / "acme", "acme_soc")
    port = board_port(find_board("acme"))
    assert port.files["acme_soc.c"] == source
    assert port.files["cortex_m.c"] == firmware_folder() / "port" / "cortex_m.c"
    assert "mps2.c" not in port.files
    assert port.script is None
    (own / "acme" / "port" / "acme_soc.ld").write_text("SECTIONS { }\n")
    shutil.copy(firmware_folder() / "port" / "cortex_m.c", own / "acme" / "port")
    port = board_port(find_board("acme"))
    assert port.script == own / "acme" / "port" / "acme_soc.ld"
    assert port.files["cortex_m.c"].parent == source.parent


def test_a_port_that_is_not_there(own: Path, write: Write) -> None:
    write("mine.json", port="mps4")
    with pytest.raises(UsageError, match="board mine: no port 'mps4'") as caught:
        board_port(find_board("mine"))
    assert "did you mean mps" in caught.value.hint


def test_a_port_with_the_name_of_a_shipped_one(own: Path, write: Write) -> None:
    write("acme/acme.json", port="mps2")
    own_port(own / "acme", "mps2")
    with pytest.raises(UsageError, match=r"acme/port/mps2\.c has the name of a port"):
        board_port(find_board("acme"))


def test_a_port_without_one_of_its_functions(own: Path, write: Write) -> None:
    write("acme/acme.json", port="acme_soc")
    own_port(own / "acme", "acme_soc", cut="port_ticks_per_second")
    with pytest.raises(UsageError, match=r"does not define port_ticks_per_second$"):
        board_port(find_board("acme"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"/*" + bytes(1024 * 1024)])
def test_a_file_of_a_port_that_is_no_text(own: Path, write: Write, content: bytes) -> None:
    write("acme/acme.json", port="acme_soc")
    own_port(own / "acme", "acme_soc").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read as a C file"):
        board_port(find_board("acme"))


def test_the_copy_in_a_project_needs_no_port_beside_it(tmp_path: Path, write: Write) -> None:
    path = write("acme/acme.json", port="acme_soc")
    shutil.copy(path, tmp_path / "acme.json")
    assert read_board(tmp_path / "acme.json").tinyssl.port == "acme_soc"
