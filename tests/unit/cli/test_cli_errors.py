"""Exit codes and messages, through the real command line."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import tinyssl.data
from tinyssl.cli.app import COMMANDS
from tinyssl.core import errors

Invoke = Callable[..., Result]

DOCUMENTED = {
    "TinysslError": 1, "UsageError": 2, "DataError": 1, "TrainingError": 1, "ModelError": 1,
    "UnsupportedModel": 1, "InterpreterFailed": 1, "BuildError": 1, "ToolMissing": 1,
    "GateFailed": 3, "BudgetExceeded": 3, "AccuracyDrop": 3, "AccuracyTooLow": 3, "Collapsed": 3,
    "Mismatch": 3, "DeviceNotFound": 4, "DeviceTimeout": 5, "DeviceError": 1,
}  # fmt: skip


def tree(root: type[errors.TinysslError]) -> Iterator[type[errors.TinysslError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def test_documented_codes_cover_the_whole_tree() -> None:
    assert {kind.__name__ for kind in tree(errors.TinysslError)} == set(DOCUMENTED)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `tinyssl data` fail with an error that its stage could raise."""

    def fail_with(error: BaseException) -> None:
        def load_dataset(*_: Any) -> None:
            raise error

        monkeypatch.setattr(tinyssl.data, "load_dataset", load_dataset)

    return fail_with


@pytest.mark.parametrize("kind", list(tree(errors.TinysslError)), ids=lambda kind: kind.__name__)
def test_error_class_gives_its_exit_code(
    kind: type[errors.TinysslError], invoke: Invoke, failing: Callable[[BaseException], None]
) -> None:
    failing(kind("3 of 4 went wrong", hint="run `tinyssl doctor`"))
    shown = invoke("data")
    assert shown.exit_code == DOCUMENTED[kind.__name__]
    assert shown.stdout == ""
    assert "Error: 3 of 4 went wrong" in shown.stderr
    assert "run `tinyssl doctor`" in shown.stderr
    as_json = invoke("data", "--json")
    assert as_json.exit_code == shown.exit_code
    assert json.loads(as_json.stdout) == {
        "schema": 1,
        "command": "data",
        "ok": False,
        "error": {
            "kind": kind.__name__,
            "code": shown.exit_code,
            "message": "3 of 4 went wrong",
            "hint": "run `tinyssl doctor`",
        },
    }


def test_unexpected_exception_is_called_a_bug_and_hides_the_traceback(
    invoke: Invoke, failing: Callable[[BaseException], None]
) -> None:
    failing(ZeroDivisionError("division by zero"))
    shown = invoke("data")
    assert shown.exit_code == 1
    assert "ZeroDivisionError: division by zero (this is a bug in tinyssl)" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "Traceback" in invoke("data", "-v").stderr


def test_missing_package_names_the_extra(
    invoke: Invoke, failing: Callable[[BaseException], None]
) -> None:
    failing(ModuleNotFoundError("No module named 'torch'", name="torch"))
    shown = invoke("data")
    assert shown.exit_code == 1
    assert "torch is not installed" in shown.stderr
    assert "pip install 'tinyssl[train]'" in shown.stderr


def test_interrupt_tells_how_to_go_on(
    invoke: Invoke, failing: Callable[[BaseException], None]
) -> None:
    failing(KeyboardInterrupt("go on with: tinyssl pretrain --resume 'my runs/a'"))
    shown = invoke("data")
    assert shown.exit_code == 130
    assert "tinyssl pretrain --resume 'my runs/a'" in shown.stderr


def test_interrupt_is_130(invoke: Invoke, failing: Callable[[BaseException], None]) -> None:
    failing(KeyboardInterrupt())
    shown = invoke("data", "--json")
    assert shown.exit_code == 130
    assert json.loads(shown.stdout)["error"]["code"] == 130


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["pretran"], "did you mean pretrain?"),
        (["build", "--bord", "x"], "--board"),
        (["build", "--board", "mps2_an50"], "did you mean mps2_an500?"),
        (["build", "--engine", "aat"], "'aot', 'tflm'"),
        (["pretrain", "--epochs", "0"], "--epochs 0: should be greater than or equal to 1"),
        (["pretrain", "-o", "temperature"], "not KEY=VALUE"),
        (["run"], "tinyssl run --model FILE"),
        (["run", "--config", "missing.toml"], "missing.toml: no such file"),
        (["boards", "shwo", "host"], "tinyssl boards show NAME"),
        (["convert"], "tinyssl probe"),
        (["build"], "tinyssl convert"),
        (["data", "--dataset", "folder"], "--data-path"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage_mistakes_are_2_and_say_what_to_do(
    args: list[str], text: str, invoke: Invoke
) -> None:
    shown = invoke(*args)
    assert shown.exit_code == 2, shown.stderr
    assert text in shown.stderr
    assert shown.stdout == ""


def test_unknown_key_and_variable_are_2(invoke: Invoke, workspace: Path) -> None:
    assert invoke("boards", TINYSSL_BENCH_RUN="3").exit_code == 2
    (workspace / "tinyssl.toml").write_text("[bench]\nrun = 3\n")
    shown = invoke("boards")
    assert shown.exit_code == 2
    assert "did you mean runs?" in shown.stderr


def test_empty_image_folder_is_1(invoke: Invoke, workspace: Path) -> None:
    (workspace / "images").mkdir()
    assert invoke("data", "--dataset", "folder", "--data-path", "images").exit_code == 1


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_names_the_exit_codes_or_the_options(command: str, invoke: Invoke) -> None:
    shown = invoke(*filter(None, [command, "--help"]))
    assert shown.exit_code == 0
    for option in ("--workspace", "--config", "--json", "--quiet", "--verbose"):
        assert option in shown.stdout
    if not command:
        assert "3 gate failed (budget, accuracy, mismatch)" in shown.stdout


def process(*args: str, **options: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tinyssl", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **(pipes | options))


def test_codes_of_real_processes(workspace: Path) -> None:
    for args, code in ((["boards"], 0), (["bords"], 2), (["build"], 2)):
        child = process(*args)
        child.communicate(timeout=60)
        assert child.returncode == code


def test_reader_that_is_gone_is_no_error(workspace: Path) -> None:
    child = process("boards", "--json")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()  # before anything was written
    assert child.stderr.read() == ""
    child.wait(timeout=60)
    child.stderr.close()


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs with &
sys.meta_path.insert(0, Interrupter())
from tinyssl.cli.main import run
sys.argv = ["tinyssl", "boards"]
run()
"""


@pytest.mark.parametrize("module", ["tinyssl.cli.app", "rich_click", "tinyssl.targets.boards"])
def test_interrupt_during_import_is_130(module: str) -> None:
    code = INTERRUPTED_IMPORT.replace("sys.argv[1]", repr(module))
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_interrupted_training_leaves_a_record(workspace: Path) -> None:
    child = process("pretrain", "--epochs", "1000", "--json", "-v", env=os.environ | {"CI": "1"})
    assert child.stderr is not None
    for line in child.stderr:  # progress: it is training now
        if "/s" in line:
            break
    child.send_signal(signal.SIGINT)
    stdout, _ = child.communicate(timeout=120)
    assert child.returncode == 130
    error = json.loads(stdout)["error"]
    assert error["kind"] == "Interrupted"
    (record,) = workspace.glob("runs/pretrain-*/record.json")
    assert shlex.split(error["hint"])[-2:] == ["--resume", str(record.parent)]
    assert json.loads(record.read_text())["status"] == "interrupted"
