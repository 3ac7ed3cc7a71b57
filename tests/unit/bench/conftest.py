"""A workspace in which a real generated model is flashed on the host port.

PlatformIO is left out (tests/emulator has it): gcc compiles the firmware under ASan and UBSan, and
it is laid down as `tinyssl build` and `tinyssl flash` would.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.host_firmware import HostFirmware, compile_program
from tinyssl.compiler import compile
from tinyssl.compiler.arena import plan_arena
from tinyssl.compiler.describe import describe_ops
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import BuildInfo, RunRecord, Workspace, sha256_of
from tinyssl.device.emulator import MARK
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes import run_passes
from tinyssl.project import Flashed

BUILD_ID = "0123456789abcdef"
IMAGES = 24
CLASSES = ("circle", "square", "triangle")


@dataclass
class HostBuild:
    """A finished build in a workspace, and its firmware running."""

    workspace: Workspace
    folder: Path
    firmware: HostFirmware
    images: np.ndarray
    labels: np.ndarray

    @property
    def info(self) -> BuildInfo:
        return BuildInfo.load(self.folder)

    def change(self, **changes: Any) -> None:
        """Changes fields of tinyssl_build.json."""
        replace(self.info, **changes).save(self.folder)

    def last_bench(self) -> RunRecord:
        return self.workspace.all("bench")[-1]


def compile_model(
    model_path: Path, folder: Path, edit: Callable[[str], str] = str, defines: Sequence[str] = ()
) -> Path:
    """Firmware of a model; `edit` may change weights.c."""
    program = compile(read_model(model_path.read_bytes(), model_path.stem))
    return compile_program(program, folder, BUILD_ID, edit=edit, defines=defines)


@pytest.fixture(scope="session")
def good_program(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_model(tiny_tflite, tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="session")
def forgetful_program(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model on a device that has no room for a copy of its input."""
    folder = tmp_path_factory.mktemp("forgetful")
    return compile_model(tiny_tflite, folder, defines=["TINYSSL_KEEP_INPUT=0"])


ODD_NAME = os.fsdecode('m-ready [x] a"b\\c??= %s é\n\x1b[2J'.encode() + b"\xff")
"""Of a file: brackets, a word of the protocol, a trigraph, a format, control codes, no UTF-8"""


@pytest.fixture
def odd_name() -> str:
    return ODD_NAME


@pytest.fixture(scope="session")
def odd_program(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, from a file with an odd name."""
    folder = tmp_path_factory.mktemp("odd")
    named = folder / f"{ODD_NAME}.tflite"
    shutil.copy(tiny_tflite, named)
    return compile_model(named, folder)


@pytest.fixture(scope="session")
def corrupt_program(tiny_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model with one weight byte changed after it was generated."""

    def corrupt(text: str) -> str:
        array = text.index("{", text.index("int8_t"))
        number = re.compile(r"-?\d+").search(text, array)
        assert number is not None
        changed = int(number[0]) // 2 - 50
        return f"{text[: number.start()]}{changed}{text[number.end() :]}"

    return compile_model(tiny_tflite, tmp_path_factory.mktemp("corrupt"), corrupt)


@pytest.fixture
def flash_host(tiny_tflite: Path, tmp_path: Path) -> Iterator[Callable[[Path], HostBuild]]:
    """program -> a workspace where it is built and flashed."""
    running: list[HostFirmware] = []

    def flash(program: Path) -> HostBuild:
        workspace = Workspace(tmp_path)
        images, labels, data_run = store_split(workspace)
        folder = workspace.builds / "host"
        elf = folder / ".pio" / "build" / "host" / "firmware.elf"
        elf.parent.mkdir(parents=True)
        shutil.copy(program, elf)
        (folder / "boards").mkdir()
        shutil.copy(boards_folder() / "host.json", folder / "boards")
        model = run_passes(read_model(tiny_tflite.read_bytes()))
        BuildInfo(
            board="host",
            engine="aot",
            model_path=str(tiny_tflite),
            model_sha256=sha256_of(tiny_tflite),
            build_id=BUILD_ID,
            artifacts={"elf": ".pio/build/host/firmware.elf"},
            sizes={"flash": elf.stat().st_size, "ram": plan_arena(model).peak},
            regions={},
            ops=describe_ops(model),
            data_run=str(data_run),
        ).save(folder)
        running.append(HostFirmware(elf, {MARK: str(folder.resolve())}))
        port, pid = running[-1].port, running[-1].pid
        Flashed("host", "host", port, pid, BUILD_ID, "2026-01-01T00:00:00+00:00").save(folder)
        return HostBuild(workspace, folder, running[-1], images, labels)

    yield flash
    assert [firmware.stop() for firmware in running] == [""] * len(running)


def store_split(workspace: Workspace) -> tuple[np.ndarray, np.ndarray, Path]:
    """A convert run that holds nothing but its test split."""
    source = np.random.default_rng(3)
    images = source.integers(0, 256, (IMAGES, 8, 8, 3), dtype=np.uint8)
    labels = source.integers(0, len(CLASSES), IMAGES)
    with workspace.start("convert", {}, data={"name": "shapes"}) as run:
        np.savez(run.file("test", "test.npz"), images=images, labels=labels, class_names=CLASSES)
    return images, labels, run.folder


@pytest.fixture
def host_build(flash_host: Callable[[Path], HostBuild], good_program: Path) -> HostBuild:
    return flash_host(good_program)
