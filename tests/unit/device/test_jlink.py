"""J-Link Commander: a stand-in that reads the script and answers as SEGGER documents it.

SEGGER's program is not free to install, so what is checked here is what is asked of it, in which
order, and what is made of its answers.
"""

import os
import sys

import pytest

from tests.images import write_elf
from tinyssl.core.errors import DeviceError, DeviceNotFound, ToolMissing
from tinyssl.device.flashers.jlink import flash
from tinyssl.device.flashers.job import UploadJob
from tinyssl.targets.boards import find_board

STAND_IN = """#!{python}
import os, sys
from pathlib import Path
script = Path(sys.argv[sys.argv.index("-CommandFile") + 1]).read_text()
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n" + script)
for line in script.splitlines():
    if line.startswith("mem32"):
        print("%08X = %08X" % (int(line.split()[1], 0), {word:#x}))
    if line.startswith("loadfile"):
        print({loaded!r})
    if line.startswith("verifybin"):
        print({verified!r})
sys.exit({code})
"""


@pytest.fixture
def commander(tmp_path, monkeypatch):
    """Puts a JLinkExe on the PATH; returns the log of what it was asked."""
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def install(word=0x52840, loaded="O.K.", verified="Verify successful.", code=0):
        path = programs / "JLinkExe"
        path.write_text(
            STAND_IN.format(
                python=sys.executable, log=str(log), word=word, loaded=loaded, verified=verified,
                code=code,
            )
        )  # fmt: skip
        path.chmod(0o755)
        return log

    return install


@pytest.fixture
def job(tmp_path):
    elf = write_elf(tmp_path / "firmware.elf", 0, b"image")
    elf.with_suffix(".bin").write_bytes(b"image")
    elf.with_suffix(".hex").write_text(":00000001FF\n")
    return UploadJob(find_board("nrf52840_dk"), elf)


def test_the_chip_is_looked_at_before_anything_is_written(commander, job):
    log = commander()
    lines = list(flash(job))
    asked = log.read_text()
    assert asked.index("mem32 0x10000100 1") < asked.index("loadfile") < asked.index("verifybin")
    assert "-Device nRF52840_xxAA" in asked
    assert 'verifybin "firmware.bin" 0x0' in asked
    assert lines == ["chip nRF52840", "5 bytes written and verified"]


def test_another_chip_ends_it_before_the_second_run(commander, job):
    log = commander(word=0x52832)
    with pytest.raises(DeviceNotFound, match="0x52832"):
        list(flash(job))
    assert "loadfile" not in log.read_text()


@pytest.mark.parametrize(
    ("answers", "error", "text"),
    [
        ({"verified": "Verify failed @ address 0x00000010."}, DeviceError, "Verify failed"),
        ({"loaded": "nothing"}, DeviceError, "did not say that it wrote"),
        ({"code": 1}, DeviceError, "J-Link failed"),
        (
            {"loaded": "Connecting to J-Link via USB...FAILED: Cannot connect to J-Link."},
            DeviceNotFound,
            "no J-Link probe",
        ),
    ],
)
def test_what_went_wrong_is_told(commander, job, answers, error, text):
    commander(**answers)
    with pytest.raises(error, match=text):
        list(flash(job))


def test_without_the_program_its_name_is_told(commander, job):
    assert os.environ["PATH"]  # an empty folder
    with pytest.raises(ToolMissing, match="JLinkExe"):
        list(flash(job))


def test_a_dry_run_prints_both_scripts(job):
    lines = list(flash(UploadJob(job.board, job.elf, dry_run=True)))
    assert lines[1] == "mem32 0x10000100 1"
    assert any(line.startswith("loadfile") for line in lines)
