"""The wheel, installed into an empty environment outside the checkout, without torch."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ("boards", "codegen", "firmware", "zoo")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def command(*args: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        list(map(str, args)), check=False, capture_output=True, text=True, **options
    )
    assert done.returncode == 0, f"{args}\n{done.stdout}\n{done.stderr}"
    return done


def files_of(folder: str) -> set[str]:
    """What belongs to the project: tracked, or new and not ignored."""
    listing = ("ls-files", "--cached", "--others", "--exclude-standard")
    return set(command("git", "-C", ROOT, *listing, folder).stdout.split())


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sdist and wheel; the wheel is made from the sdist, so that both are known to be whole."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout")
    folder = tmp_path_factory.mktemp("dist")
    command(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


def test_wheel_and_sdist_carry_the_package_with_its_data_and_nothing_else(dist: Path) -> None:
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        packed = {name.split("/", 1)[-1] for name in archive.getnames()}
    data = {folder: files_of(folder) for folder in DATA}
    assert all(data.values())
    package = {f"tinyssl/_data/{name}" for files in data.values() for name in files}
    package |= files_of("tinyssl")
    assert {name for name in inside if ".dist-info/" not in name} == package
    assert set().union(*data.values(), files_of("tinyssl")) <= packed


@pytest.fixture(scope="module")
def program(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tinyssl` of an environment that holds the wheel and its base dependencies only."""
    venv = tmp_path_factory.mktemp("venv")
    command(sys.executable, "-m", "venv", venv)
    (wheel,) = dist.glob("*.whl")
    constraints = ROOT / "constraints.txt"
    install = (venv / "bin" / "python", ROOT / "tools" / "install_packages.py")
    command(*install, "-c", constraints, wheel, timeout=600, cwd=ROOT)
    return venv / "bin" / "tinyssl"


def run(program: Path, workspace: Path, *args: object) -> Any:
    """The JSON that a command of the installed wheel prints, away from the checkout."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TINYSSL_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    return json.loads(command(program, *args, "--json", cwd=workspace, env=environ).stdout)


def test_boards_and_doctor_work_without_torch(program: Path, tmp_path: Path) -> None:
    boards = run(program, tmp_path, "boards")["boards"]
    assert [board["id"] for board in boards] == sorted(
        Path(name).stem for name in files_of("boards") if name.endswith(".json")
    )
    if not shutil.which("arm-none-eabi-gcc") or not shutil.which("qemu-system-arm"):
        pytest.skip("needs gcc-arm-none-eabi and qemu-system-arm (apt-get install)")
    checks = {check["name"]: check for check in run(program, tmp_path, "doctor")["checks"]}
    assert checks["extra train"]["state"] == "warn"
    assert "torch" in checks["extra train"]["found"]
    assert [name for name, check in checks.items() if check["state"] == "fail"] == []


def test_build_flash_and_bench_work_without_torch(
    program: Path, tmp_path: Path, tiny_tflite: Path
) -> None:
    """A real firmware for this computer, from a model file, measured over its serial line."""
    absent = subprocess.run(
        [program.parent / "python", "-c", "import torch"], check=False, capture_output=True
    )
    assert absent.returncode != 0
    build = run(program, tmp_path, "build", "--board", "host", "--model", tiny_tflite)
    assert build["board"] == "host"
    assert build["sizes"]["flash"] > 0
    assert Path(build["artifacts"]["elf"]).suffix == ".elf"
    try:
        flashed = run(program, tmp_path, "flash")
        assert flashed["port"]
        bench = run(program, tmp_path, "bench", "--runs", 3)
    finally:
        run(program, tmp_path, "ports", "--stop")
    assert bench["results"]["latency"]["median"] > 0
    report = run(program, tmp_path, "report")
    assert "<svg" in Path(report["files"]["html"]).read_text()
