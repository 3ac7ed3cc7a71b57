"""Paths and variables that a shell, a compiler or PlatformIO would read in their own way."""

import os
from pathlib import Path

import pytest

from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.device.emulator import stop
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash

pytestmark = pytest.mark.emulator

SIGNS = "-x()'\"&;touch RAN;$(touch RAN)`touch RAN`${HOME}$HOME%s%%#{}[]~!*?|<>=,:@^+\\\t\n é"
NOT_UTF8 = os.fsdecode(b"caf\xe9")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Holds every folder that a user may choose; none of them has a harmless name."""
    place = tmp_path / SIGNS / NOT_UTF8 / ("long" * 50)
    for name, variable in (("t", "TMPDIR"), ("h", "HOME"), ("c", "TINYSSL_CACHE")):
        chosen = place / f"{SIGNS}{name}"
        chosen.mkdir(parents=True)
        monkeypatch.setenv(variable, str(chosen))
    monkeypatch.chdir(place)
    return place


def answers(flashed) -> bool:
    with Session(open_link(flashed.port, 115200), 20.0, 2) as device:
        return device.identity().build_id == flashed.build_id


@pytest.mark.parametrize("board", ["mps2_an386", "host"])
def test_a_project_may_lie_anywhere(folder, tiny_tflite, board):
    model = folder / f"{SIGNS}.tflite"
    model.write_bytes(tiny_tflite.read_bytes())
    workspace = Workspace(folder / SIGNS)
    build(BuildConfig(board=board, model=model), workspace)
    try:
        assert answers(flash(FlashConfig(), workspace))
    finally:
        stop(workspace.builds / board)
    assert not [path for path in folder.rglob("RAN") if path.is_file()]
    assert not Path("RAN").exists()


def test_variables_of_another_tool_chain_do_not_reach_the_image(tmp_path, tiny_tflite, monkeypatch):
    workspace = Workspace(tmp_path)
    config = BuildConfig(board="mps2_an386", model=tiny_tflite, check=False)
    plain = build(config, workspace)
    image = (workspace.builds / plain.board / plain.artifacts["bin"]).read_bytes()
    dependencies = tmp_path / "dependencies"
    hostile = {
        "CPATH": "/usr/include",
        "C_INCLUDE_PATH": "/usr/include/x86_64-linux-gnu:/usr/include",
        "GCC_EXEC_PREFIX": "/usr/lib/gcc/",
        "COMPILER_PATH": "/nowhere",
        "LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu",
        "DEPENDENCIES_OUTPUT": str(dependencies),
        "CFLAGS": "-nonsense",
        "SCONSFLAGS": "--nonsense",
        "PLATFORMIO_BUILD_FLAGS": "-DNONSENSE=1 -include nothing.h",
        "PLATFORMIO_SRC_DIR": "/nowhere",
        "PYTHONWARNINGS": "error",
        "LC_ALL": "de_DE.UTF-8",
        "TMPDIR": "/nowhere",
    }
    for name, text in hostile.items():
        monkeypatch.setenv(name, text)
    again = build(BuildConfig(**vars(config) | {"out": tmp_path / "again"}), workspace)
    assert (tmp_path / "again" / again.artifacts["bin"]).read_bytes() == image
    assert not dependencies.exists()
