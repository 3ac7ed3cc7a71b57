"""One holder at a time, and none left after a crash."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.locks import Lock, held

HOLD = """
import pathlib, sys, time
from tinyssl.core.locks import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
print(lock.take(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds `a.lock`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "a.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_the_second_is_refused_and_told_who_has_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    name = rf"being used: process {holder.pid} on {os.uname().nodename}"
    with pytest.raises(UsageError, match=name), held(tmp_path / "a.lock", "it is being used"):
        pass


def test_after_a_kill_nothing_blocks(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "a.lock").exists()
    with held(tmp_path / "a.lock", "used"):
        pass
    assert not (tmp_path / "a.lock").exists()


def test_a_copy_of_a_lock_blocks_nobody(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    shutil.copy(tmp_path / "a.lock", tmp_path / "b.lock")
    assert Lock(tmp_path / "b.lock").take()


def test_whoever_waits_gets_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    lock = Lock(tmp_path / "a.lock")
    holder.kill()
    assert lock.take(wait=True)
    assert Lock(tmp_path / "a.lock").take() is False
    lock.release()
    assert Lock(tmp_path / "a.lock").take()


def test_a_lock_that_is_not_held_has_no_file_and_is_given_back_quietly(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "a.lock")
    lock.release()
    with pytest.raises(ValueError, match="is not held"):
        lock.fileno()
    assert lock.holder() == "another process"


def test_a_folder_that_is_gone_does_not_keep_a_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "folder" / "a.lock")
    assert lock.take()
    file = lock.fileno()
    shutil.rmtree(tmp_path / "folder")
    lock.release()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file)


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="no locks here"):
        Lock(tmp_path / "a.lock").take()


def test_a_name_that_is_none_is_not_shown(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "a.lock")
    lock.path.write_bytes(b"process \x1b[2J" + b"x" * 10_000)
    assert lock.holder() == "another process"
