"""Files at a foreseeable place are never written through a link that somebody put there."""

import os

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.locks import Lock
from tinyssl.core.own_files import new_file, own_file
from tinyssl.core.records import write_atomic
from tinyssl.device.emulator import _spawn
from tinyssl.project.staging import staged


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_text("precious")
    yield path
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    "open_it", [own_file, lambda link: Lock(link).take()], ids=["file", "lock"]
)
def test_a_link_at_its_place_is_refused(open_it, victim, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(victim)
    with pytest.raises(UsageError, match="is a link"):
        open_it(link)


def test_the_lock_of_a_build_is_not_a_link(victim, tmp_path):
    (tmp_path / ".build.lock").symlink_to(victim)
    with pytest.raises(UsageError, match="is a link"), staged(tmp_path / "build"):
        pass


def test_the_log_of_an_emulator_takes_the_place_of_a_link(victim, tmp_path):
    log = tmp_path / "emulator.log"
    log.symlink_to(victim)
    _spawn(["true"], log, {"PATH": "/bin:/usr/bin"})
    assert not log.is_symlink()


def test_what_is_replaced_is_the_link(victim, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(victim)
    write_atomic(link, b"new")
    assert (link.is_symlink(), link.read_bytes()) == (False, b"new")


def test_a_new_file_is_empty(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    os.close(new_file(path))
    assert path.read_text() == ""
