"""Interpreters of others in a child process: what a user reads when one dies, hangs or eats memory.

The deaths are real ones: TFLM and LiteRT end their process on a depthwise convolution without bias.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import cases
from tests.unit.frontends.test_reader import repacked
from tinyssl.core.errors import InterpreterFailed, ModelError, ToolMissing
from tinyssl.frontends.tflite import complete, read_model
from tinyssl.frontends.tflite.complete import Completed
from tinyssl.runtimes import process
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.process import InterpreterProcess
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify import check_host

PLAIN = {"keep_tensors": False}
ROOT = Path(__file__).parents[3]


def deadly() -> bytes:
    """PAD, and a depthwise convolution whose third input is -1: TFLM reads a null pointer."""

    def change(model):
        operator = model.subgraphs[0].operators[1]
        operator.inputs = [*map(int, operator.inputs), -1]

    return repacked(cases.padded_conv(depthwise=True), change)


def tflm(data: bytes, **limits: Any) -> InterpreterProcess:
    child = InterpreterProcess("tflm", **limits)
    child.open("model", data, PLAIN)
    return child


def test_a_death_is_an_error_with_interpreter_signal_and_hint() -> None:
    with pytest.raises(
        InterpreterFailed, match="TensorFlow Lite Micro died with SIGSEGV"
    ) as caught:
        tflm(deadly())
    assert "--no-check" in caught.value.hint
    assert caught.value.exit_code == 1


def test_the_operator_at_which_it_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyssl.runtimes.tflm.simplify", lambda data, _: Completed(data, ()))
    with pytest.raises(InterpreterFailed, match="first operator at which it fails is #1 DEPTHWISE"):
        TflmInterpreter(deadly())


def test_litert_dies_alone_too() -> None:
    data = cases.depthwise(bias=False)
    interpreter = LitertInterpreter(data, Kernels.XNNPACK)
    with pytest.raises(InterpreterFailed, match="LiteRT died with SIG"):
        interpreter.invoke(np.zeros((1, 7, 6, 6), np.int8))


@pytest.mark.parametrize("data", [deadly(), cases.depthwise(bias=False)], ids=["-1", "two inputs"])
def test_a_depthwise_convolution_without_bias_is_compared(data):
    model = read_model(data)
    assert check_host(data, make_inputs(model, 12, 0)).inputs == 12
    completed = complete(data)
    assert completed.added[-1].endswith("DEPTHWISE_CONV_2D: a bias of zeros")
    x = make_inputs(model, 1, 0)[5]
    expected = TflmInterpreter(data).run(x)
    found = LitertInterpreter(completed.data, Kernels.REFERENCE).run(x)
    assert list(found) == list(expected)
    for name, output in expected.items():
        np.testing.assert_array_equal(found[name], output)


def test_a_refusal_holds_what_the_interpreter_said() -> None:
    with pytest.raises(ModelError, match="LiteRT refuses the model") as caught:
        LitertInterpreter(b"not a model at all", Kernels.REFERENCE)
    assert not isinstance(caught.value, InterpreterFailed)


def test_a_hanging_child_is_ended_after_the_time_limit() -> None:
    child = tflm(cases.conv(), seconds=5.0)
    os.kill(child._process.pid, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(InterpreterFailed, match="longer than 5 s"):
        child.invoke("model", [np.zeros((1, 7, 6, 3), np.int8)])
    assert time.monotonic() - started < 9
    assert child._process.poll() == -signal.SIGKILL


def test_too_little_memory_is_named() -> None:
    child = InterpreterProcess("tflm", memory=1 << 29)
    with pytest.raises(InterpreterFailed, match=r"out of memory .* 0\.5 GiB"):
        child.open("model", cases.pool(size=(9000, 9000), window=(1, 1), stride=(1, 1)), PLAIN)


def test_a_lower_limit_of_the_user_stays() -> None:
    """`ulimit -v` below ours must not end the child at its start."""
    code = (
        "import resource\nfrom tests.ops import cases\n"
        "from tinyssl.runtimes.process import InterpreterProcess\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "InterpreterProcess('tflm').open('model', cases.conv(), {'keep_tensors': False})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_wild_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "child.py"
    fake.write_text("import sys, os\nos.write(1, b'\\1\\0\\0\\0\\0\\0\\0\\0' * 2 + b'{}')\n")
    monkeypatch.setattr(process, "CHILD", fake)
    with pytest.raises(InterpreterFailed, match="died with exit code 0"):
        InterpreterProcess("tflm").open("model", cases.conv(), PLAIN)


def test_what_it_prints_is_bounded_and_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "child.py"
    fake.write_text(
        "import sys\nsys.stderr.write('\\x1b[31mno ' * 9999 + 'the end')\nsys.exit(7)\n"
    )
    monkeypatch.setattr(process, "CHILD", fake)
    with pytest.raises(InterpreterFailed, match=r"exit code 7 .*the end") as caught:
        InterpreterProcess("tflm").open("model", cases.conv(), PLAIN)
    assert len(caught.value.message) < 600
    assert caught.value.message.isprintable()


def test_an_interpreter_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tflite_micro.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="not here") as caught:
        tflm(cases.conv())
    assert "pip install tflite-micro" in caught.value.hint


def test_children_end_with_their_interpreter() -> None:
    child = tflm(cases.conv())
    pid = child._process.pid
    del child
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_parent_takes_its_child_along() -> None:
    code = (
        "import time\nfrom tinyssl.runtimes.process import InterpreterProcess\n"
        "child = InterpreterProcess('tflm')\nprint(child._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
        if state == "Z":
            break
        time.sleep(0.02)
    assert time.monotonic() < deadline


def test_a_call_is_cheap() -> None:
    """Thousands of inputs go through it: far below what a small model takes."""
    oracle = TflmInterpreter(cases.conv())
    x = np.zeros((1, 7, 6, 3), np.int8)
    oracle.invoke(x)
    started = time.perf_counter()
    for _ in range(200):
        oracle.invoke(x)
    assert (time.perf_counter() - started) / 200 < 0.01
