"""What `tinyssl doctor` says of a computer where something is missing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest

from tinyssl.cli import checks
from tinyssl.cli.checks import CheckResult, all_checks
from tinyssl.core import toolchain
from tinyssl.core.records import Workspace
from tinyssl.targets.boards import find_board

Look = Callable[[], dict[str, CheckResult]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """All checks by name, of a user who is not root. Programs are not tried: it takes seconds."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(checks, "problem_of", lambda tool: None)
    monkeypatch.setattr(checks, "found_text", lambda tool: "")
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))

    def checked() -> dict[str, CheckResult]:
        found = all_checks([find_board("mps2_an500")], Workspace(tmp_path))
        return {check.name: check for check in found}

    return checked


def test_missing_packages_are_told_with_the_command_that_installs_them(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> NoReturn:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", nothing)
    found = look()
    pip = f"{sys.executable} -m pip install"
    assert found["numpy"] == CheckResult(
        "numpy", "fail", "not installed; all figures", f"{pip} numpy"
    )
    assert found["PlatformIO"].state == "fail"
    assert found["PlatformIO"].repair == f"{pip} platformio scons"
    assert (found["tflite-micro"].state, found["esptool"].state) == ("warn", "warn")
    assert found["extra train"].repair == f"{pip} 'tinyssl[train]'"
    assert "without torch, safetensors" in found["extra train"].found


def test_missing_programs_are_told_with_their_packages(
    look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(checks, "problem_of", toolchain.problem_of)
    monkeypatch.setattr(checks, "_version", lambda package: "")
    found = look()
    assert found["debug probes"].state == "warn"
    assert "neither OpenOCD nor pyOCD" in found["debug probes"].found
    assert found["programs of the tests"].state == "warn"
    gone = [check for check in found.values() if check.state == "fail" and "apt" in check.repair]
    assert any("gcc-arm-none-eabi" in check.repair for check in gone)
    assert found["attached probes"].state == "ok"


def test_an_old_python_is_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert look()["Python"].found == "3.10.4; 3.11 or newer is needed"
    assert look()["Python"].state == "fail"


@pytest.mark.parametrize(("group", "state"), [("dialout", "ok"), ("users", "warn")])
def test_serial_ports_belong_to_a_group(
    look: Look, monkeypatch: pytest.MonkeyPatch, group: str, state: str
) -> None:
    import grp

    entry = grp.struct_group((group, "x", 20, []))
    monkeypatch.setattr("os.getgroups", lambda: [20])
    monkeypatch.setattr(grp, "getgrgid", lambda number: entry)
    found = look()["serial ports"]
    assert found.state == state
    assert ("usermod -aG dialout" in found.repair) == (state == "warn")


def test_a_rule_for_st_link_is_found(
    look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "UDEV_FOLDERS", (str(tmp_path / "gone"), str(tmp_path)))
    assert look()["ST-Link udev rules"].state == "warn"
    rule = tmp_path / "49-stlink.rules"
    rule.write_text('ATTRS{idVendor}=="0483", MODE="0660"\n')
    assert look()["ST-Link udev rules"] == CheckResult("ST-Link udev rules", "ok", str(rule))


def test_a_full_disk_and_a_folder_that_cannot_be_written_fail(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: used._replace(free=10**8))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    found = look()
    assert found["disk"].state == found["workspace"].state == found["cache"].state == "fail"
    assert "0.1 GB free" in found["disk"].found
    assert found["workspace"].repair.startswith("sudo chown -R $USER")
