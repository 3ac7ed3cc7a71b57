"""Whole commands on this computer as the board: gates, devices that are not there, and `run`."""

import contextlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def built(invoke: Invoke, tiny_tflite: Path) -> Iterator[Invoke]:
    """A workspace with a firmware for this computer; whatever `flash` starts is ended."""
    shown = invoke("build", "--board", "host", "--model", str(tiny_tflite))
    assert shown.exit_code == 0, shown.stderr
    yield invoke
    invoke("ports", "--stop")


def test_budget_gate_is_3_with_the_numbers(invoke: Invoke, tiny_tflite: Path) -> None:
    args = ["build", "--board", "host", "--model", str(tiny_tflite), "--json"]
    shown = invoke(*args, "--flash-budget", "100")
    assert shown.exit_code == 3, shown.stderr
    error = json.loads(shown.stdout)["error"]
    assert error["kind"] == "BudgetExceeded"
    assert "100" in error["message"]
    assert error["hint"]
    assert invoke(*args, TINYSSL_BUILD_RAM_BUDGET="100").exit_code == 3


def test_damaged_model_is_1(invoke: Invoke, tiny_tflite: Path, workspace: Path) -> None:
    data = tiny_tflite.read_bytes()
    (workspace / "cut.tflite").write_bytes(data[: len(data) // 2])
    shown = invoke("build", "--board", "host", "--model", "cut.tflite", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["error"]["kind"] in ("ModelError", "UnsupportedModel")


def test_port_that_is_not_there_is_4(built: Invoke) -> None:
    shown = built("bench", "--board", "host", "--serial", "/dev/ttyNOTHERE", "--json")
    assert shown.exit_code == 4, shown.stdout
    assert "/dev/ttyNOTHERE" in json.loads(shown.stdout)["error"]["message"]


def drain(descriptor: int) -> None:
    """Takes all bytes, as a wire does with nobody at its end; until the other side is closed."""
    with contextlib.suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    os.close(descriptor)


def test_silent_device_is_5(built: Invoke) -> None:
    parent, child = os.openpty()
    threading.Thread(target=drain, args=(parent,), daemon=True).start()
    args = ["bench", "--board", "host", "--serial", os.ttyname(child)]
    shown = built(*args, "--timeout", "0.5", "--retries", "1", "--json")
    os.close(child)
    assert shown.exit_code == 5, shown.stdout
    assert json.loads(shown.stdout)["error"]["kind"] == "DeviceTimeout"


def test_bench_shows_the_headline_and_the_slow_operators(built: Invoke) -> None:
    assert built("flash", "--board", "host").exit_code == 0
    shown = built("bench", "--runs", "2", "--images", "12")
    assert shown.exit_code == 0, shown.stderr
    assert re.search(r"same answer on both +100\.00 %", shown.stdout)
    assert re.search(r"latency, median +[\d,]+ nanoseconds", shown.stdout)
    assert re.search(r"#\d+ [A-Z_0-9]+ +[\d,]+ +\d+\.\d %", shown.stdout)
    assert "12 of 12 noise inputs" in shown.stdout


def test_c_target_leaves_a_folder(invoke: Invoke, tiny_tflite: Path, workspace: Path) -> None:
    args = ["build", "--target", "c", "--out", "lib", "--model", str(tiny_tflite)]
    shown = invoke(*args)
    assert shown.exit_code == 0
    assert shown.stdout.rstrip().endswith("lib")  # where it is
    assert "board" not in shown.stdout  # the C is for any
    assert {"model.c", "model.h"} <= {path.name for path in (workspace / "lib").rglob("*")}


def test_a_project_that_is_not_compiled_says_so(
    invoke: Invoke, tiny_tflite: Path, workspace: Path
) -> None:
    args = ["build", "--board", "esp32dev", "--no-compile", "--model", str(tiny_tflite)]
    shown = invoke(*args)
    assert shown.exit_code == 0, shown.stderr
    assert "board esp32dev, engine aot, framework arduino, not compiled" in shown.stdout
    assert (workspace / "build" / "esp32dev" / "src" / "main.cpp").exists()
    assert invoke("flash").exit_code == 2  # there is nothing to flash


def test_kernels_follow_the_core_unless_asked_otherwise(
    invoke: Invoke, tiny_tflite: Path, workspace: Path
) -> None:
    args = ["build", "--target", "c", "--board", "mps2_an500", "--model", str(tiny_tflite)]
    assert invoke(*args, "--out", "fast").exit_code == 0
    assert invoke(*args, "--out", "plain", "--kernels", "reference").exit_code == 0
    assert list((workspace / "fast").rglob("*_dsp.c"))
    assert not list((workspace / "plain").rglob("*_dsp*"))


TOML = """
[pretrain]
backbone = "mobilenet_v2_tiny"
epochs = 1
batch_size = 64
warmup_epochs = 0
[probe]
epochs = 10
[convert]
max_drop = 100
[verify]
images = 8
max_drop = 100
[build]
board = "host"
[flash]
[bench]
runs = 3
images = 16
[report]
"""


def test_run_does_all_steps_and_ends_with_the_table(invoke: Invoke, workspace: Path) -> None:
    (workspace / "tinyssl.toml").write_text(TOML)
    shown = invoke("run", "--json")
    assert shown.exit_code == 0, shown.stdout
    content = json.loads(shown.stdout)
    figures = content["figures"]
    assert content["steps"] == list(content["seconds"])
    assert len(content["steps"]) == 8
    assert figures["agreement"] == 1
    assert 0 <= figures["accuracy_device"] <= 1
    assert 0 < figures["flash_bytes"] < figures["flash_budget_bytes"]
    assert (Path(content["runs"]["report"]) / "report.html").stat().st_size > 10_000
    emulators = json.loads(invoke("ports", "--json").stdout)["emulators"]
    assert not any(emulator["running"] for emulator in emulators)

    again = invoke("run", "--from", "build", "--to", "build")  # with what the last run left
    assert again.exit_code == 0, again.stderr
    assert f"{figures['flash_bytes']:,} B" in again.stdout
