"""Work folders: a plain path whatever the user's folders are called, and nothing left behind."""

import os
import time

import pytest

from tinyssl import scratch
from tinyssl.errors import UsageError
from tinyssl.scratch import is_plain, work_folder


@pytest.mark.parametrize("sign", " ()'\"&;$`%#{}[]~!*?|<>=,:\\@^\t\né")
def test_a_folder_for_temporary_files_with_such_a_sign_is_passed_over(sign, tmp_path, monkeypatch):
    named = tmp_path / f"a{sign}b"
    named.mkdir()
    monkeypatch.setenv("TMPDIR", str(named))
    with work_folder() as folder:
        assert is_plain(folder)
        assert named not in folder.parents


def test_it_lies_in_tmpdir_is_for_this_user_alone_and_goes_away(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with work_folder() as folder:
        (folder / "file").write_text("")
        assert folder.parent == tmp_path.resolve()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_without_a_usable_folder_it_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "places", lambda: [tmp_path / "gone"])
    with pytest.raises(UsageError, match="gone: No such file") as caught, work_folder():
        pass
    assert "TMPDIR" in caught.value.hint


@pytest.mark.parametrize("held", [False, True])
def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(
    held, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    left = tmp_path / f"{scratch.PREFIX}left"
    left.mkdir()
    long_ago = time.time() - 2 * scratch.STALE_SECONDS
    os.utime(left, (long_ago, long_ago))
    hold = scratch._held(left) if held else None
    with work_folder():
        assert left.exists() == held
    if hold is not None:
        os.close(hold)


def test_a_link_of_that_name_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    kept = tmp_path / "kept"
    kept.mkdir()
    link = tmp_path / f"{scratch.PREFIX}link"
    link.symlink_to(kept)
    os.utime(link, (0, 0), follow_symlinks=False)
    with work_folder():
        assert kept.is_dir()
