"""Whatever lies on the disk: a reader gives its content or one error, and never waits for ever."""

import json
import os
from pathlib import Path

import pytest

from tinyssl.core.files import (
    MAX_LINE,
    Unreadable,
    read_bytes,
    read_json,
    read_json_lines,
    read_text,
    read_toml,
    write_atomic,
    write_text,
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b'"caf\xe9"', "not UTF-8: byte 0xe9 at 4"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "no JSON"),  # Python reads no longer numbers
    ],
)
def test_what_is_no_json_is_unreadable(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        read_json(path)


def test_a_folder_a_pipe_and_nothing_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # who opens one waits for a writer
    (tmp_path / "link").symlink_to("/dev/zero")
    for name, why in (("folder", "folder"), ("pipe", "no file"), ("link", "no file"), ("x", "No")):
        with pytest.raises(Unreadable, match=why):
            read_bytes(tmp_path / name)


def test_a_name_that_no_file_can_have_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="null"):
        read_bytes(Path("a\0b"))


def test_lines_of_no_file_are_unreadable(tmp_path: Path) -> None:
    assert list(read_json_lines(tmp_path / "gone")) == []
    with pytest.raises(Unreadable, match="folder"):
        list(read_json_lines(tmp_path))


def test_a_file_over_the_limit_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(Unreadable, match="it has 5 bytes; at most 4 are read"):
        read_bytes(path, 4)
    with pytest.raises(Unreadable, match="more than"):
        read_toml(Path("/dev/zero"))


def test_numbers_that_are_none_become_null(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("[NaN, Infinity, -Infinity, 1e999, 1.5, 2]")
    assert read_json(tmp_path / "x") == [None, None, None, None, 1.5, 2]


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b'\xef\xbb\xbfa = "\xc3\xa9"\r\nb = 2\r\n')
    assert read_text(tmp_path / "x") == 'a = "é"\nb = 2\n'
    assert read_toml(tmp_path / "x") == {"a": "é", "b": 2}
    assert read_toml(Path("/dev/null")) == {}


@pytest.mark.parametrize(
    "data", [b"a = 1\na = 2", b"a = \xff", b"a = " + b"[" * 50_000, b"\0", b"a = 2026-99-01"]
)
def test_what_is_no_toml_is_unreadable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(Unreadable):
        read_toml(tmp_path / "x")


def test_lines_that_are_no_objects_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert list(read_json_lines(path)) == []
    long = json.dumps({"step": 2, "text": "x" * MAX_LINE}).encode()
    path.write_bytes(b'{"step": 1}\n[1]\n\xff\n' + long + b'\n{"step": 3}\n{"step": 4}')
    assert list(read_json_lines(path)) == [{"step": 1}, {"step": 3}]


def test_a_write_that_fails_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    with pytest.raises(OSError, match="taken"):
        write_atomic(tmp_path / "taken", b"x")
    with pytest.raises(FileNotFoundError, match=r"gone/x'$"):
        write_atomic(tmp_path / "gone" / "x", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_text_is_utf8_whatever_the_name_holds(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "é \udce9\n")
    assert (tmp_path / "x").read_bytes() == "é ?\n".encode()
