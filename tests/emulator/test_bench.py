"""The whole way on emulated boards: build with PlatformIO, flash, measure over the serial line.

Oracle of the answers: TensorFlow Lite Micro on this computer.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.lossy import LossyLink
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig, VerifyConfig
from tinyssl.core.errors import DeviceError, DeviceNotFound, Mismatch
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session, open_link
from tinyssl.project import stop_emulators
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages import bench as stage
from tinyssl.stages.bench import bench
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.stages.verify_board import verify_on_board

pytestmark = pytest.mark.emulator

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
MODELS = {
    "vww": "vww_96_int8.tflite",
    "resnet8": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
}
IMAGES = 12
RESTART_NOTE = 8
"""Bytes above the stack, in its section, that outlive a restart (firmware/port/restart.c)"""


@pytest.fixture(scope="module")
def converted(
    tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, np.ndarray, np.ndarray]]:
    """A workspace with a convert run, as far as later stages look at it, flashed on mps2_an500."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    source = np.random.default_rng(3)
    images = source.integers(0, 256, (IMAGES, 8, 8, 3), dtype=np.uint8)
    labels = source.integers(0, 3, IMAGES)
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(tiny_tflite.read_bytes())
        np.savez(
            run.file("test", "test.npz"), images=images, labels=labels, class_names=("a", "b", "c")
        )
    build(BuildConfig(board="mps2_an500", check=False), workspace)
    flash(FlashConfig(), workspace)
    yield workspace, images, labels
    stop_emulators(workspace)


def test_the_emulated_board_answers_as_tflm_does(converted, tiny_tflite: Path) -> None:
    workspace, images, labels = converted
    record = bench(BenchConfig(runs=3), workspace)
    found = record.results
    oracle = TflmInterpreter(tiny_tflite.read_bytes())
    inputs = (images.astype(np.int16) - 128).astype(np.int8)
    answers = [int(oracle.invoke(x[None]).argmax()) for x in inputs]
    accuracy = float(np.mean(np.array(answers) == labels))
    assert found["accuracy_device"] == found["accuracy_host"] == accuracy
    assert (found["agreement"], found["images"], found["retries"]) == (1.0, IMAGES, 0)


def test_the_emulated_board_counts_instructions(converted) -> None:
    workspace, *_ = converted
    record = bench(BenchConfig(runs=5, accuracy=False), workspace)
    found, latency = record.results, record.results["latency"]
    assert found["tick_unit"] == latency["unit"] == "instructions"
    assert "median_us" not in latency
    assert "estimate_basis" in latency
    macs = sum(op["macs"] for op in BuildInfo.load(workspace.builds / "mps2_an500").ops)
    assert latency["min"] > macs  # a multiply-accumulate takes more than one instruction
    assert latency["max"] - latency["min"] < 0.05 * latency["median"]  # it counts; it has no noise
    assert abs(found["profile_total"] - latency["median"]) < 0.2 * latency["median"]


def test_memory_of_the_emulated_board(converted) -> None:
    workspace, *_ = converted
    found = bench(BenchConfig(runs=1, accuracy=False), workspace).results
    sizes = BuildInfo.load(workspace.builds / "mps2_an500").sizes
    memory = found["memory"]
    assert 0 < memory["stack_used"] < memory["stack_bytes"] == sizes["stack"] - RESTART_NOTE
    assert 0 < memory["arena_used"] <= memory["arena_bytes"]
    assert found["device_flash_bytes"] == found["flash_bytes"] == sizes["flash"]
    assert found["device_ram_bytes"] == found["ram_bytes"] == sizes["ram"]


def test_a_burst_of_names_gets_eight_answers(converted) -> None:
    """EEMBC's test of the receive buffer."""
    workspace, *_ = converted
    link = open_link(flashed_port(workspace), 115200)
    with Session(link) as session:
        session.sync()
        link.write(b"name%" * 8)
        received = b""
        while received.count(b"m-ready\r\n") < 8:
            data = link.read(5.0)
            assert data, received
            received += data
        assert received == b"m-name-dut-[mps2_an500]\r\nm-ready\r\n" * 8


def flashed_port(workspace: Workspace) -> str:
    from tinyssl.project import Flashed

    return Flashed.load(workspace.builds / "mps2_an500").port


@pytest.mark.parametrize("sent", [True, False])
def test_a_byte_lost_on_the_emulated_line_is_repeated(
    converted, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    workspace, *_ = converted
    monkeypatch.setattr(
        stage,
        "open_link",
        lambda port, baud: LossyLink(open_link(port, baud), 40, sent=sent, after=b"run 192"),
    )
    found = bench(BenchConfig(runs=1), workspace).results
    assert (found["retries"], found["agreement"], found["images"]) == (1, 1.0, IMAGES)


def test_reset_of_the_emulated_board(converted) -> None:
    workspace, *_ = converted
    with Session(open_link(flashed_port(workspace), 115200)) as session:
        session.sync()
        session.infer(bytes(192))
        session.reset()
        with pytest.raises(DeviceError, match="Input has 0 of 192 bytes"):
            session.repeat()


def test_firmware_of_an_older_build_is_refused_until_it_is_flashed(converted) -> None:
    workspace, *_ = converted
    try:
        build(BuildConfig(board="mps2_an500", check=False, optimise="Os"), workspace)
        with pytest.raises((Mismatch, DeviceNotFound)) as error:
            bench(BenchConfig(board="mps2_an500"), workspace)
        assert "tinyssl flash" in error.value.hint
    finally:
        build(BuildConfig(board="mps2_an500", check=False), workspace)
        flash(FlashConfig(), workspace)


@pytest.mark.parametrize("board", [pytest.param("mps2_an386", marks=pytest.mark.nightly), "host"])
def test_verify_on_the_other_boards(converted, board: str) -> None:
    workspace, *_ = converted
    found = verify_on_board(VerifyConfig(board=board, images=32), workspace)
    assert (found["board"], found["inputs"], found["equal"]) == (board, 32, 32)
    assert found["reference"] == "tflm"
    assert not (workspace.builds / board / "device.json").exists()  # its emulator was ended


@pytest.mark.parametrize(
    "board", [pytest.param("mps2_an386", marks=pytest.mark.nightly), "mps2_an500"]
)
@pytest.mark.parametrize("name", [pytest.param("vww", marks=pytest.mark.nightly), "resnet8", "kws"])
def test_reference_models_on_the_emulated_board(name: str, board: str, tmp_path: Path) -> None:
    """vww_96, resnet8 and kws, byte-equal to TFLM (256 inputs: `tinyssl verify --board`)."""
    path = SHARED / MODELS[name]
    if not path.exists():
        pytest.skip(f"needs ../shared/models/{MODELS[name]}")
    count = int(os.environ.get("TINYSSL_TEST_INPUTS", "11"))
    config = VerifyConfig(model=path, board=board, images=count)
    found = verify_on_board(config, Workspace(tmp_path))
    assert found["equal"] == found["inputs"] == max(count, 11)
