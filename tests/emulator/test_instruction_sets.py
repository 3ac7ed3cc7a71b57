"""Images hold no instruction that their core lacks: start-up, application, kernels, C library."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disassembly import CORES, foreign, instructions
from tests.networks import network
from tinyssl.core.config import BuildConfig
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import write_model
from tinyssl.stages.build import build

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Board -> the ELF of a network with most operators."""
    workspace = Workspace(tmp_path_factory.mktemp("images"))
    model = workspace.root / "network.tflite"
    model.write_bytes(write_model(network(size=16)))

    def built(board: str) -> Path:
        elf = workspace.builds / board / ".pio" / "build" / board / "firmware.elf"
        if not elf.exists():
            build(BuildConfig(board=board, model=model, check=False), workspace)
        return elf

    return built


@pytest.mark.parametrize(
    ("board", "core"),
    [
        ("mps2_an385", "cortex-m3"),
        ("mps2_an385", "cortex-m33+nodsp"),  # so that image runs on the smallest ARMv8-M mainline
        ("mps2_an386", "cortex-m4"),
        ("mps2_an386", "cortex-m33"),  # and this one on a Cortex-M33 with DSP and FPU
        ("riscv32_virt", "rv32imc"),
    ],
)
def test_an_image_holds_what_its_core_has(
    image: Callable[[str], Path], board: str, core: str, tmp_path: Path
) -> None:
    assert len(instructions(image(board), CORES[core])) > 1000
    assert foreign(image(board), core, tmp_path) == []


def test_the_check_finds_dsp_and_floating_point_in_a_cortex_m4_image(
    image: Callable[[str], Path], tmp_path: Path
) -> None:
    text = "\n".join(foreign(image("mps2_an386"), "cortex-m3", tmp_path))
    for name in ("smlad", "sxtb16", "vpush"):
        assert f": {name} " in text


@pytest.mark.parametrize(
    ("march", "code", "name"),
    [
        ("rv32imfc", "float f(float a) { return a * a; }", "fmul.s"),
        ("rv32imac", "int f(int *a) { return __atomic_fetch_add(a, 1, 0); }", "amoadd.w"),
    ],
)
def test_the_check_finds_extensions_of_risc_v(
    march: str, code: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "f.c").write_text(code)
    abi = "ilp32f" if "f" in march else "ilp32"
    command = ["riscv64-unknown-elf-gcc", f"-march={march}", f"-mabi={abi}", "-O2", "-c", "f.c"]
    subprocess.run([*command, "-o", "f.o"], check=True, cwd=tmp_path, timeout=60)
    found = foreign(tmp_path / "f.o", "rv32imc", tmp_path)
    assert [line for line in found if f": {name} " in line]
