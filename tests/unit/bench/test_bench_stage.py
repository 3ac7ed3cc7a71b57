"""The bench stage on real firmware over a pseudo-terminal, and all that can go wrong on the way.

Oracle of the figures: TensorFlow Lite Micro, called here directly on the same images.
"""

import json
import os
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lossy import EditedLink, LossyLink
from tests.unit.bench.conftest import HostBuild
from tinyssl.bench import subject
from tinyssl.core.config import BenchConfig
from tinyssl.core.errors import (
    DataError,
    DeviceError,
    DeviceNotFound,
    DeviceTimeout,
    Mismatch,
    ToolMissing,
    UsageError,
)
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.device import link, open_link
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages import bench as stage
from tinyssl.stages.bench import bench

QUICK = BenchConfig(runs=5, warmup=1, timeout=2.0)


def tflm_answers(model: Path, images: np.ndarray) -> np.ndarray:
    oracle = TflmInterpreter(model.read_bytes())
    inputs = (images.astype(np.int16) - 128).astype(np.int8)
    return np.array([int(oracle.invoke(x[None]).argmax()) for x in inputs])


def test_every_figure_of_a_whole_run(host_build, tiny_tflite: Path) -> None:
    record = bench(QUICK, host_build.workspace)
    found = record.results
    answers = tflm_answers(tiny_tflite, host_build.images)
    accuracy = float(np.mean(answers == host_build.labels))
    assert record.status == "complete"
    assert (found["board"], found["engine"], found["model"]) == ("host", "aot", "tiny")
    assert found["images"] == 24
    assert found["accuracy_device"] == found["accuracy_host"] == accuracy
    assert (found["agreement"], found["equal"], found["retries"]) == (1.0, 24, 0)
    assert found["reference"] == "tflm"
    assert "first_difference" not in found
    assert found["flash_bytes"] == host_build.info.sizes["flash"]
    assert found["memory"]["arena_used"] == found["device"]["arena_bytes"]
    assert record.data == {"name": "shapes"}
    assert set(record.inputs) == {"build", "model"}


def test_a_model_of_any_name_is_measured(flash_host, odd_program: Path, odd_name: str) -> None:
    """The name means nothing to C and to the line, and the record has it as it is."""
    record = bench(QUICK, flash_host(odd_program).workspace)
    assert (record.results["model"], record.results["equal"]) == (odd_name, 24)
    assert record.results["retries"] == 0


def test_latency_is_a_spread_of_the_timed_runs(host_build) -> None:
    record = bench(QUICK, host_build.workspace)
    latency = record.results["latency"]
    ticks = [row["ticks"] for row in record.metrics() if row["event"] == "latency"]
    assert (latency["unit"], latency["runs"], latency["warmup"]) == ("nanoseconds", 5, 1)
    assert (latency["min"], latency["max"]) == (min(ticks), max(ticks))
    assert latency["median"] == sorted(ticks)[2]
    assert latency["median_us"] == pytest.approx(latency["median"] / 1000, abs=1e-3)
    assert "estimate_ms" not in latency


def counting(frames: list[bytes]) -> Callable[[str, int], EditedLink]:
    """open_link() that notes the commands that carry an input."""

    def note(data: bytes) -> bytes:
        frames.extend([data[:3]] * data.startswith((b"run 192", b"bin 192")))
        return data

    return lambda port, baud: EditedLink(open_link(port, baud), sent=note)


@pytest.mark.parametrize(
    ("program", "kept", "frames"),
    [
        ("good_program", True, [b"bin"]),
        ("forgetful_program", False, [b"run"] * (QUICK.warmup + QUICK.runs) + [b"bin"]),
    ],
)
def test_the_timed_input_is_sent_once_where_the_device_keeps_it(
    request: pytest.FixtureRequest,
    flash_host: Callable[[Path], HostBuild],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    kept: bool,
    frames: list[bytes],
) -> None:
    build = flash_host(request.getfixturevalue(program))
    sent: list[bytes] = []
    monkeypatch.setattr(stage, "open_link", counting(sent))
    found = bench(replace(QUICK, accuracy=False), build.workspace).results
    assert found["device"]["input_kept"] == kept
    assert (sent, found["latency"]["runs"]) == (frames, QUICK.runs)


def test_a_device_without_room_for_a_copy_gives_the_same_figures(
    flash_host: Callable[[Path], HostBuild], forgetful_program: Path
) -> None:
    found = bench(QUICK, flash_host(forgetful_program).workspace).results
    assert (found["agreement"], found["images"], found["retries"]) == (1.0, 24, 0)


def test_files_of_a_run(host_build, tiny_tflite: Path) -> None:
    record = bench(QUICK, host_build.workspace)
    confusion = json.loads(record.path("confusion").read_text())
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (host_build.labels, tflm_answers(tiny_tflite, host_build.images)), 1)
    assert confusion == {
        "class_names": ["circle", "square", "triangle"],
        "matrix": expected.tolist(),
    }
    profile = json.loads(record.path("profile").read_text())
    assert [op["name"] for op in profile["ops"]] == [
        "#0 CONV_2D",
        "#1 MEAN",
        "#2 FULLY_CONNECTED",
        "#3 SOFTMAX",
    ]
    assert 0 < sum(op["ticks"] for op in profile["ops"]) <= profile["total"]
    assert json.loads(record.path("build").read_text())["build_id"] == host_build.info.build_id


def test_some_images_are_drawn_from_the_whole_split(host_build) -> None:
    record = bench(BenchConfig(runs=1, images=7, profile=False), host_build.workspace)
    images = [row["image"] for row in record.metrics() if row["event"] == "image"]
    assert len(set(images)) == record.results["images"] == 7
    assert images == sorted(images)
    assert max(images) > 7
    assert "profile" not in record.files


def test_a_model_from_elsewhere_is_compared_on_noise(host_build) -> None:
    host_build.change(data_run="")
    found = bench(QUICK, host_build.workspace).results
    assert (found["agreement"], found["inputs"]) == (1.0, subject.RANDOM_INPUTS)
    assert "accuracy_device" not in found
    assert "images" not in found


def test_our_c_is_the_reference_where_tflm_is_not_to_be_had(
    host_build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ToolMissing("tflite-micro is not installed")

    monkeypatch.setattr(subject, "open_oracle", missing)
    found = bench(QUICK, host_build.workspace).results
    assert (found["reference"], found["agreement"]) == ("aot-host", 1.0)


def test_a_corrupt_weight_is_a_mismatch_and_the_record_is_kept(
    flash_host: Callable[[Path], HostBuild], corrupt_program: Path
) -> None:
    build = flash_host(corrupt_program)
    with pytest.raises(Mismatch, match=r"of 24 outputs of the device differ from tflm") as error:
        bench(QUICK, build.workspace)
    record = build.last_bench()
    first = record.results["first_difference"]
    assert error.value.exit_code == 3
    assert record.status == "failed"
    assert record.results["equal"] < 24
    assert first["device"] != first["reference"]
    assert f"input {first['input']}, byte {first['byte']}" in error.value.message
    assert record.path("confusion").exists()


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [("build_id", "fedcba9876543210", "build id"), ("engine", "tflm", "engine")],
)
def test_other_firmware_than_the_build_is_refused(
    host_build, field: str, value: str, name: str
) -> None:
    host_build.change(**{field: value})
    with pytest.raises(
        Mismatch, match=rf"wrong firmware on /dev/\S+: {name} is .*{value}"
    ) as error:
        bench(QUICK, host_build.workspace)
    assert "tinyssl flash" in error.value.hint
    assert host_build.last_bench().status == "failed"


def test_a_model_file_that_changed_after_the_build_is_refused(host_build, tmp_path: Path) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(Path(host_build.info.model_path).read_bytes() + b"\0")
    host_build.change(model_path=str(path))
    with pytest.raises(UsageError, match="no longer the model of this build"):
        bench(QUICK, host_build.workspace)


def test_a_damaged_test_split_is_named(host_build) -> None:
    (Path(host_build.info.data_run) / "test.npz").write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"test\.npz is damaged"):
        bench(QUICK, host_build.workspace)


@pytest.mark.parametrize("sent", [True, False])
def test_a_lost_byte_is_repeated_and_counted(
    host_build, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    monkeypatch.setattr(
        stage,
        "open_link",
        lambda port, baud: LossyLink(open_link(port, baud), 40, sent=sent, after=b"run 192"),
    )
    found = bench(QUICK, host_build.workspace).results
    assert found["retries"] == 1
    assert (found["agreement"], found["images"]) == (1.0, 24)


def reset_instead_of(command: bytes, times: int) -> Callable[[str, int], EditedLink]:
    """open_link() of a device that is reset in place of the n-th such command."""
    seen = []

    def edit(data: bytes) -> bytes:
        seen.extend([1] * data.startswith(command))
        return b"reset%" if data.startswith(command) and len(seen) == times else data

    return lambda port, baud: EditedLink(open_link(port, baud), sent=edit)


def test_a_reset_in_mid_run_ends_it_with_what_was_measured(
    host_build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "open_link", reset_instead_of(b"run 192", 10))
    with pytest.raises(DeviceError, match="was reset"):
        bench(QUICK, host_build.workspace)
    record = host_build.last_bench()
    assert (record.status, record.results["images"]) == ("failed", 9)
    assert record.results["agreement"] == 1.0
    assert "was reset" in record.error


class Interrupting(Silent):
    """Presses Ctrl-C at the sixth image."""

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator["Interrupting"]:
        self._left = 6 if unit == "image" else total + 1
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        self._left -= count
        if self._left == 0:
            raise KeyboardInterrupt


def test_ctrl_c_leaves_a_valid_partial_record(host_build) -> None:
    with pytest.raises(KeyboardInterrupt):
        bench(QUICK, host_build.workspace, Interrupting())
    record = host_build.last_bench()
    assert record.status == "interrupted"
    assert record.results["images"] == 6
    assert record.results["latency"]["runs"] == 5
    matrix = json.loads(record.path("confusion").read_text())["matrix"]
    assert sum(map(sum, matrix)) == 6
    # the port is free and the device in step for the next run
    assert bench(QUICK, host_build.workspace).status == "complete"


def test_a_silent_port_is_a_timeout(host_build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "WRITE_TIMEOUT", 0.2)
    monkeypatch.setattr(link, "SLOWEST_LINE", 1e5)
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        config = BenchConfig(serial=os.ttyname(slave), timeout=0.05, baud=921600)
        with pytest.raises(DeviceTimeout) as error:
            bench(config, host_build.workspace)
    finally:
        os.close(master)
        os.close(slave)
    assert error.value.exit_code == 5
    assert host_build.last_bench().status == "failed"


def test_a_busy_port_is_not_found(host_build) -> None:
    user = open_link(host_build.firmware.port, 115200)
    try:
        with pytest.raises(DeviceNotFound, match="is in use by") as error:
            bench(QUICK, host_build.workspace)
    finally:
        user.close()
    assert error.value.exit_code == 4


def test_no_build_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no finished build") as error:
        bench(QUICK, Workspace(tmp_path))
    assert "tinyssl build" in error.value.hint
