"""Figures, progress and what keeps stdout clean."""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyssl.cli.output import (
    ENVELOPE,
    Result,
    Table,
    format_value,
    plain,
    print_failure,
    print_result,
    print_traceback,
    show_warning,
    value_rows,
)
from tinyssl.core.errors import Failure
from tinyssl.core.progress import Silent
from tinyssl.device.flashed import Flashed
from tinyssl.monitor.display import LineDisplay
from tinyssl.monitor.progress import (
    BarProgress,
    PlainProgress,
    WarningsOnly,
    choose_progress,
    in_ci,
)
from tinyssl.zoo.card import ModelCard


@dataclass
class Inner:
    path: Path
    values: np.ndarray


def test_everything_becomes_json() -> None:
    value = {"a": Inner(Path("/x"), np.arange(2)), "b": float("nan"), 3: (np.float32(0.5), None)}
    assert json.loads(json.dumps(plain(value))) == {
        "a": {"path": "/x", "values": [0, 1]},
        "b": None,
        "3": [0.5, None],
    }


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy_int8", 0.98765, "98.77 %"),
        ("knn", 1, "100.00 %"),
        ("flash_bytes", 123456, "123,456 B"),
        ("latency_us", 1234.6, "1,235 µs"),
        ("seconds", 12.345, "12.3 s"),
        ("loss", 4.123456, "4.123"),
        ("images", 1797, "1,797"),
        ("equal", True, "True"),
        ("note", "x", "x"),
    ],
)
def test_figures_carry_their_unit(name: str, value: object, text: str) -> None:
    assert format_value(name, value) == text


def test_nested_figures_become_dotted_rows_and_lists_are_left_out() -> None:
    values = {"latency": {"median": 5, "unit": "instructions"}, "all": [1, 2]}
    assert value_rows(values) == [("latency.median", "5"), ("latency.unit", "instructions")]


def test_brackets_in_values_are_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(("name [unit]",), [("[bold]x[/bold]",)], title="[red]t")
    print_result("x", Result({}, (table, "[dim]y")), as_json=False)
    text = capsys.readouterr().out
    for literal in ("name [unit]", "[bold]x[/bold]", "[red]t", "[dim]y"):
        assert literal in text


def test_colons_in_errors_are_text_not_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure("build", Failure("ModelError", 1, "root:x:0", "a:smile:b"), as_json=False)
    shown = capsys.readouterr().err
    assert "root:x:0" in shown
    assert "a:smile:b" in shown


def test_wide_tables_are_not_folded_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    wide = "x" * 150
    print_result("x", Result({}, (Table(("a", "b"), [("1", wide)]),)), as_json=False)
    assert wide in capsys.readouterr().out


STRAY = """
import os, sys
from tinyssl.cli.output import results_only
with results_only(show={show}):
    print("python")
    sys.stdout.flush()
    os.system("echo child")
    os.write(1, b"c library\\n")
print("result")
"""


@pytest.mark.parametrize("show", [True, False])
def test_libraries_cannot_write_on_stdout(show: bool) -> None:
    code = STRAY.format(show=show)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "result\n"
    assert sorted(done.stderr.splitlines()) == (["c library", "child", "python"] if show else [])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "stream", "options", "kind"),
    [
        ({}, Terminal(), {}, BarProgress),
        ({}, io.StringIO(), {}, WarningsOnly),
        ({"CI": "true"}, Terminal(), {}, PlainProgress),
        ({"CI": "true"}, io.StringIO(), {}, PlainProgress),
        ({"CI": "false"}, io.StringIO(), {}, WarningsOnly),
        ({}, io.StringIO(), {"verbose": True}, PlainProgress),
        ({"CI": "1"}, Terminal(), {"quiet": True}, Silent),
    ],
)
def test_display_suits_the_stream(
    environ: dict[str, str], stream: io.StringIO, options: dict[str, bool], kind: type
) -> None:
    assert type(choose_progress(environ, stream=stream, **options)) is kind


def test_ci_may_say_no() -> None:
    assert [in_ci({"CI": value}) for value in ("true", "1", "0", "false", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_plain_progress_ends_with_the_whole_count() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.note("hello")
    with progress.track("train", 20, "image") as tracker:
        for _ in range(10):
            tracker.advance(2, loss=0.123456)
    note, line = stream.getvalue().splitlines()
    assert note == "hello"
    assert line.startswith("train: 20/20 image (")
    assert line.endswith("loss=0.1235")


def test_resumed_steps_are_no_part_of_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("tinyssl.monitor.progress.time.monotonic", lambda: float(next(clock)))
    stream = io.StringIO()
    with PlainProgress(stream).track("train", 2000) as tracker:
        tracker.advance(1000)  # done by the run that is resumed
        tracker.advance(2)
    rate = re.search(r"1002/2000 step \((\S+)/s", stream.getvalue())
    assert rate
    assert float(rate[1]) <= 2


def test_narrow_terminal_keeps_the_remaining_time_whole() -> None:
    code = (
        "from tinyssl.monitor.progress import choose_progress\n"
        "progress = choose_progress({})\n"
        "with progress.track('pretrain simclr', 4800) as tracker:\n"
        "    tracker.advance(13)\n"
        "    tracker.advance(1, **{'loss': 4.095, 'image/s': 221.7})\n"
        "progress.note('go on with ' + 'x' * 40 + ' --resume ' + 'y' * 60)\n"
    )
    parent, child = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    environ |= {"TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, stderr=child, env=environ)
    os.close(child)
    shown = os.read(parent, 2**16).decode()
    os.close(parent)
    assert re.search(r" 14/4800 .*step/s (-|\d+):\S*\d\d .*image/s=221\.7", shown), shown
    assert "x --resume y" in shown  # one line: it is to be copied


def test_bars_run_on_a_real_terminal() -> None:
    """A pseudo-terminal as stderr: bars are drawn, with the rate and the fields."""
    code = (
        "from tinyssl.monitor.progress import choose_progress\n"
        "progress = choose_progress({})\n"
        "with progress.track('outer', 4, 'image') as outer:\n"
        "    with progress.track('inner [x]', 2) as inner:\n"
        "        inner.advance(2)\n"
        "    outer.advance(4, loss=0.5)\n"
        "progress.note('done [y]')\n"
    )
    parent, child = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    environ |= {"TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, stderr=child, env=environ)
    os.close(child)
    shown = b""
    try:
        while chunk := os.read(parent, 65536):
            shown += chunk
    except OSError:  # the other side is closed: end of the output on Linux
        pass
    os.close(parent)
    for text in (b"outer", b"inner [x]", b"4/4", b"image/s", b"loss=0.5", b"done [y]"):
        assert text in shown


@pytest.mark.parametrize("key", ENVELOPE)
def test_no_result_can_take_a_key_of_the_envelope(key: str) -> None:
    with pytest.raises(ValueError, match="the envelope's"):
        Result({key: "mine"})


@pytest.mark.parametrize("record", [Flashed, ModelCard])
def test_no_record_whose_fields_become_keys_takes_one_of_the_envelope(record: type) -> None:
    """`flash` and `zoo show` give all fields of a record."""
    Result({field.name: None for field in fields(record)})


EVIL = "\x1b]0;title\x07\x1b[2J\x9b31m\x7f\rover\u202egnp\udcff\ud800\0"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")


def test_no_text_steers_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables, lines, errors, hints, notes, progress and tracebacks."""
    monkeypatch.setenv("NO_COLOR", "1")
    table = Table((EVIL, "b"), [(EVIL, EVIL)], title=EVIL)
    print_result("x", Result({}, (table, EVIL)), as_json=False)
    print_failure("x", Failure("E", 1, EVIL, EVIL), as_json=False)
    print_traceback(ValueError(EVIL))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show_warning
        warnings.warn(EVIL, stacklevel=1)
    for progress in (PlainProgress(sys.stderr), BarProgress(), LineDisplay(sys.stderr)):
        progress.note(EVIL)
        with progress.track(EVIL, 2, EVIL) as task:
            task.advance(2, note=EVIL)
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert not STEERING.search(text.replace("\x1b[?25", "")), text
    assert shown.out.count(r"\x1b]0;title\x07\x1b[2J\x9b31m\x7f\rover\u202egnp\xff\ud800\x00") >= 3
    assert shown.err.count(r"\x1b]0;title") >= 7


def test_json_has_no_control_character_and_keeps_the_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_result("x", Result({"name": EVIL, EVIL: 1}), as_json=True)
    shown = capsys.readouterr().out
    assert not STEERING.search(shown)
    assert json.loads(shown)["name"] == EVIL


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_the_terminal_is_an_error(tmp_path: Path, encoding: str) -> None:
    """`µs`, boxes and a class called \\xff where stdout takes ASCII alone."""
    folder = tmp_path / "photos"
    for name in (b"gr\xc3\xbc\xc3\x9f", b"caf\xe9", b"a\x1b[31mb"):
        inner = os.fsencode(folder) + b"/" + name
        Path(os.fsdecode(inner)).mkdir(parents=True)
        for number in range(6):
            image = Image.new("RGB", (8, 8), (number * 40, 0, 0))
            image.save(os.fsdecode(inner) + f"/{number}.png")
    environ = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "tinyssl", "data", "--dataset", "folder"]
    command += ["--data-path", str(folder), "--image-size", "8"]
    done = subprocess.run(command, check=False, capture_output=True, env=environ)
    assert b"Unicode" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr


def test_a_warning_reaches_a_log_once_and_cannot_steer_it() -> None:
    stream = io.StringIO()
    progress = choose_progress({}, stream=stream)
    progress.note("reading")
    for _ in range(2):
        progress.warn("left out: 20 HEIC pictures (\x1b[2J)")
    assert stream.getvalue() == "Warning: left out: 20 HEIC pictures (\\x1b[2J)\n"
    quiet = io.StringIO()
    choose_progress({}, quiet=True, stream=quiet).warn("left out")
    assert quiet.getvalue() == ""


def test_every_display_can_warn(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    PlainProgress(stream).warn("lost [bold]x")
    BarProgress().warn("lost [bold]x")
    assert stream.getvalue() == "Warning: lost [bold]x\n"
    assert capsys.readouterr().err == "Warning: lost [bold]x\n"
