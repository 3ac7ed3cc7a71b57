"""MLPerf Tiny's own Python runner, unmodified, drives our firmware on an emulated Cortex-M7.

Not part of this repository: TINYSSL_MLPERF_RUNNER names its folder (`benchmark/runner` of
mlcommons/tiny), TINYSSL_MLPERF_PYTHON a Python that has what it imports (docs/PROTOCOL.md).

Oracles: TensorFlow Lite Micro on this computer for the answers, `tinyssl bench` for the time.
"""

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.frontends.tflite import read_model
from tinyssl.project import Flashed, stop_emulators
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import find_board

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(3600)]

BOARD = "mps2_an500"
SHARED = Path(__file__).parents[2].parent / "shared" / "models"
MODELS = {
    "vww01": "vww_96_int8.tflite",
    "ic01": "pretrainedResnet_quant.tflite",
    "kws01": "kws_ref_model.tflite",
}
FILES = {"vww01": 5, "ic01": 20, "kws01": 24}
"""Of a data set: at least 5, and twice as many as classes; the runner sends 31 bytes at a time"""
WINDOWS = 5
LOOP_SECONDS = 15.0
"""The runner refuses a loop that is shorter than 10 s on this computer's clock"""
TRIES = 10
MODULES = "serial, yaml, numpy, sklearn.metrics, matplotlib.pyplot"


@dataclass
class Subject:
    """A model that is flashed, with its data set."""

    name: str
    workspace: Workspace
    folder: Path
    """Holds devices.yaml and datasets/"""
    expected: np.ndarray
    """(files, classes): TFLM's answers as fractions"""
    labels: np.ndarray


def runner_folder() -> Path:
    named = os.environ.get("TINYSSL_MLPERF_RUNNER")
    if not named:
        pytest.skip("needs TINYSSL_MLPERF_RUNNER: the folder benchmark/runner of mlcommons/tiny")
    folder = Path(named).absolute()
    assert (folder / "main.py").exists(), f"{folder} holds no main.py"
    return folder


def runner_python() -> str:
    python = os.environ.get("TINYSSL_MLPERF_PYTHON", sys.executable)
    done = subprocess.run([python, "-c", f"import {MODULES}"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs a Python with {MODULES}: name it in TINYSSL_MLPERF_PYTHON")
    return python


@pytest.fixture(scope="module", params=MODELS)
def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    source = SHARED / MODELS[request.param]
    runner_folder(), runner_python()
    if not source.exists():
        pytest.skip(f"needs ../shared/models/{source.name}")
    folder = tmp_path_factory.mktemp(request.param)
    model = folder / f"{request.param}.tflite"  # the file's name is the model's id
    model.write_bytes(source.read_bytes())
    workspace = Workspace(folder)
    build(BuildConfig(board=BOARD, model=model, check=False), workspace)
    flash(FlashConfig(), workspace)
    dataset = folder / "datasets" / request.param
    expected, labels = write_dataset(dataset, model.read_bytes(), FILES[request.param])
    (folder / "devices.yaml").write_text(
        "- {name: emulated, type: dut, preference: 1, echo: False, baud: 115200,"
        f" usb: {{0x1209: 0x0001}}, check_name: {BOARD}}}\n"
    )
    yield Subject(request.param, workspace, folder, expected, labels)
    stop_emulators(workspace)


def write_dataset(folder: Path, data: bytes, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise. Every other label is TFLM's answer, the others make each class occur."""
    model = read_model(data)
    folder.mkdir(parents=True)
    quant = model.output.quant
    assert quant is not None
    assert model.input.quant is not None
    raw = np.random.default_rng(5).integers(0, 256, (count, *model.input.shape), dtype=np.uint8)
    pixels = model.input.quant.zero_point[0] == -128
    inputs = (raw ^ np.uint8(0x80) if pixels else raw).view(np.int8)
    oracle = TflmInterpreter(data)
    answers = np.array([oracle.invoke(x).ravel() for x in inputs]).astype(np.float64)
    fractions = (answers - quant.zero_point[0]) * quant.scale[0]
    classes = fractions.shape[1]
    order = np.arange(count)
    labels = np.where(order % 2, order // 2 % classes, answers.argmax(axis=1))
    rows = []
    for number, label in enumerate(labels):
        (folder / f"{number}.bin").write_bytes(raw[number].tobytes())
        rows.append(f"{number}.bin,{classes},{label}\n")
    (folder / "y_labels.csv").write_text("".join(rows))
    return fractions, labels


def run(subject: Subject, mode: str, steps: str) -> tuple[list[dict[str, Any]], str]:
    """Every result, and the summary."""
    (subject.folder / "tests.yaml").write_text(
        f"{subject.name}: {{name: test, model: {subject.name}, truth_file: y_labels.csv,"
        f" script: [{steps}]}}\n"
    )
    port = Flashed.load(subject.workspace.builds / BOARD).port
    program = Path(__file__).with_name("mlperf_on_pty.py")
    folder = subject.folder / mode
    folder.mkdir()
    arguments = ["-d", "../devices.yaml", "-t", "../tests.yaml", "-s", "../datasets", "-m", mode]
    done = subprocess.run(
        [runner_python(), program, runner_folder(), port, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (session,) = (folder / "sessions").iterdir()
    return json.loads((session / "results.json").read_text()), (session / "results.txt").read_text()


def test_accuracy(subject: Subject) -> None:
    """Each answer is TFLM's to the three digits that the protocol has, the summary ours."""
    results, summary = run(subject, "a", "{loop: [download, infer 1 0]}")
    assert len(results) == FILES[subject.name]
    found = np.array([result["infer"]["results"] for result in results])
    assert np.abs(found - subject.expected).max() <= 0.00051
    accuracy = 100 * np.mean(subject.expected.argmax(axis=1) == subject.labels)
    assert f"Top 1% = {accuracy:2.1f}" in summary
    assert "AUC = " in summary


def iterations(subject: Subject) -> int:
    """How many make a loop of windows long enough on this computer."""
    port = Flashed.load(subject.workspace.builds / BOARD).port
    with Session(open_link(port, 115200)) as session:
        session.sync()
        session.load(bytes(session.identity().input_bytes))
        start = time.monotonic()
        for _ in range(TRIES):
            session.repeat()
        seconds = (time.monotonic() - start) / TRIES
    return math.ceil(LOOP_SECONDS / WINDOWS / seconds)


def test_performance(subject: Subject) -> None:
    """Five windows; an inference takes as long as `tinyssl bench` says."""
    alone = bench(BenchConfig(accuracy=False, profile=False), subject.workspace).results
    emulator = find_board(BOARD).tinyssl.emulator
    assert emulator is not None
    single = alone["latency"]["median"] / emulator.instructions_per_second
    count = iterations(subject)
    results, summary = run(subject, "p", f"{{loop {WINDOWS}: [download, infer {count} 2]}}")
    elapsed = [result["infer"]["elapsed_time"] / 1e6 for result in results]
    assert elapsed == pytest.approx([count * single] * WINDOWS, rel=0.01)
    median = re.search(r"Median throughput is +([0-9.]+) inf", summary)
    assert median is not None, summary
    assert float(median[1]) == pytest.approx(1 / single, rel=0.01)
