"""Options of `bench --all` and `run --boards` that cannot be right. tests/emulator does them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
TOML = '[build]\nboard = "host"\n[flash]\n[bench]\n'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bench", "--all", "--board", "host"], "--board host and --all contradict"),
        (["bench", "--all", "--serial", "/dev/ttyACM0"], "--serial /dev/ttyACM0 and --all"),
        (["bench", "--all"], "no board that was built in"),
        (["bench", "--at-once", "2"], "--at-once 2 goes with --all"),
        (["run", "--resume"], "--resume goes with --boards or --model"),
        (["run", "--boards", "host", "--board", "host"], "--board host and --boards contradict"),
        (["run", "--boards", "host,mps2_an38"], "no board 'mps2_an38'"),
        (["run", "--boards", ", ,"], "--boards names no board"),
    ],
)
def test_usage_error(invoke: Invoke, workspace: Path, arguments: list[str], said: str) -> None:
    (workspace / "tinyssl.toml").write_text(TOML)
    shown = invoke(*arguments, "--json")
    error = json.loads(shown.stdout)["error"]
    assert (shown.exit_code, error["kind"]) == (2, "UsageError")
    assert said in error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    "step",
    [
        "[build]\nout = 'x'\n[bench]\n",
        "[build]\n[flash]\nport = '066FFF'\n",
        "[bench]\nserial = '/dev/ttyACM0'\n",
        "[convert]\n",
    ],
)
def test_a_file_that_is_not_for_many_boards(invoke: Invoke, workspace: Path, step: str) -> None:
    (workspace / "tinyssl.toml").write_text(step)
    shown = invoke("run", "--boards", "host", "--json")
    assert shown.exit_code == 2
    assert "--boards" in json.loads(shown.stdout)["error"]["message"]


def test_a_board_that_cannot_be_built_is_a_row(
    invoke: Invoke, workspace: Path, tiny_tflite: Path
) -> None:
    """Both fail before anything is compiled: the one model is damaged."""
    (workspace / "cut.tflite").write_bytes(tiny_tflite.read_bytes()[:999])
    (workspace / "tinyssl.toml").write_text('[build]\nmodel = "cut.tflite"\n[flash]\n[bench]\n')
    shown = invoke("run", "--boards", "host,mps2_an386", "--json")
    content = json.loads(shown.stdout)
    assert (shown.exit_code, content["ok"]) == (1, False)
    assert [row["board"] for row in content["boards"]] == ["host", "mps2_an386"]
    assert {row["error"]["kind"] for row in content["boards"]} <= {"ModelError", "UnsupportedModel"}
    table = invoke("run", "--boards", "host,mps2_an386")
    assert "0 of 2 boards without an error" in table.stdout
