"""Flashing by copying to a probe's drive: a folder plays the drive, a thread what a probe does."""

import threading
import time

import pytest

from tests.images import write_elf
from tinyssl.core.errors import DeviceError, DeviceNotFound
from tinyssl.device.flashers import mass_storage
from tinyssl.device.flashers.job import UploadJob
from tinyssl.device.flashers.mass_storage import copy, flash, read_volume, volumes
from tinyssl.targets.boards import find_board

NUCLEO = "<meta url='https://os.mbed.com/platforms/ST-Nucleo-H743ZI/?code=0813022165B3'>"


@pytest.fixture
def drive(tmp_path, monkeypatch):
    """A mounted drive; the probe says at once what it has to say."""
    monkeypatch.setattr(mass_storage, "SECONDS", 0.5)
    folder = tmp_path / "NODE H743ZI"
    folder.mkdir()
    (folder / "MBED.HTM").write_text(NUCLEO)
    mounts = tmp_path / "mounts"
    place = str(folder).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb {place} vfat rw 0 0\n")
    monkeypatch.setattr(mass_storage, "MOUNTS", mounts)
    return folder


@pytest.fixture
def image(tmp_path):
    elf = write_elf(tmp_path / "firmware.elf", 0x08000000, b"image")
    elf.with_suffix(".bin").write_bytes(b"image" * 1000)
    return elf


def job(image, board="nucleo_h743zi", **options):
    return UploadJob(find_board(board), image, **options)


def test_the_drive_is_found_and_gets_every_byte(drive, image):
    assert [(volume.path, volume.code) for volume in volumes()] == [(drive, "0813")]
    lines = list(flash(job(image)))
    assert (drive / "firmware.bin").read_bytes() == b"image" * 1000
    assert lines[-1] == "the probe reports no failure"


def test_a_failure_that_the_probe_writes_down_is_told(drive, image):
    def probe():
        while not (drive / "firmware.bin").exists():
            time.sleep(0.01)
        (drive / "FAIL.TXT").write_text("SWD ERROR\r\n")

    worker = threading.Thread(target=probe)
    worker.start()
    with pytest.raises(DeviceError, match="SWD ERROR"):
        list(flash(job(image)))
    worker.join()


def test_an_old_failure_is_no_failure_of_now(drive, image):
    (drive / "FAIL.TXT").write_text("old")
    assert list(flash(job(image)))[-1] == "the probe reports no failure"


def test_a_probe_that_takes_the_file_ends_the_wait(drive, image, monkeypatch):
    monkeypatch.setattr(mass_storage, "SECONDS", 20.0)

    def probe():
        while not (drive / "firmware.bin").exists():
            time.sleep(0.01)
        time.sleep(0.1)
        (drive / "firmware.bin").unlink()

    worker = threading.Thread(target=probe)
    worker.start()
    start = time.monotonic()
    list(flash(job(image)))
    worker.join()
    assert time.monotonic() - start < 10


def test_the_drive_of_another_board_is_refused_and_nothing_is_written(drive, image):
    with pytest.raises(DeviceNotFound, match=r"wrong board: nrf52840_dk has the code 1102.*0813"):
        list(flash(job(image, "nrf52840_dk")))
    assert [path.name for path in drive.iterdir()] == ["MBED.HTM"]


def test_two_drives_that_match_are_listed(drive, image, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "details.txt").write_text("Unique ID: 1")
    with mass_storage.MOUNTS.open("a") as mounts:
        mounts.write(f"/dev/sdc {other} vfat rw 0 0\n")
    with pytest.raises(DeviceNotFound, match="2 drives match"):
        list(flash(job(image)))
    list(flash(job(image, port=str(other))))
    assert (other / "firmware.bin").exists()


def test_a_folder_that_is_no_drive_is_refused(drive, image, tmp_path):
    with pytest.raises(DeviceNotFound, match=r"no mbed.htm"):
        list(flash(job(image, port=str(tmp_path))))
    assert read_volume(tmp_path / "nowhere") is None


def test_no_drive_at_all(image, tmp_path, monkeypatch):
    monkeypatch.setattr(mass_storage, "MOUNTS", tmp_path / "empty")
    (tmp_path / "empty").touch()
    with pytest.raises(DeviceNotFound, match="no drive"):
        list(flash(job(image)))


def test_a_dry_run_writes_nothing(drive, image):
    (line,) = flash(job(image, dry_run=True))
    assert line == f"copy {image.with_suffix('.bin')} to {drive / 'firmware.bin'}"
    assert not (drive / "firmware.bin").exists()


def test_a_drive_that_is_gone_is_told(image, tmp_path):
    with pytest.raises(DeviceError, match="5,000 bytes"):
        copy(image.with_suffix(".bin"), tmp_path / "gone" / "firmware.bin")
