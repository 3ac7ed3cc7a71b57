"""Work folders: a plain path whatever the user's folders are called, and nothing left behind."""

import os
import time

import pytest

from tinyssl.core import scratch
from tinyssl.core.errors import UsageError
from tinyssl.core.scratch import is_plain, work_folder


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
        assert folder.parent.parent == tmp_path.resolve()
        assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.glob("*/*")) == []


def test_without_a_usable_folder_it_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "places", lambda: [tmp_path / "gone"])
    with pytest.raises(UsageError, match="gone: No such file") as caught, work_folder():
        pass
    assert "TMPDIR" in caught.value.hint


def room(tmp_path, monkeypatch):
    """The folder of work folders below `tmp_path`."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with work_folder() as folder:
        return folder.parent


def test_a_project_keeps_its_path_unless_two_work_on_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with work_folder(tmp_path / "a") as first, work_folder(tmp_path / "a") as beside:
        assert first != beside
    with work_folder(tmp_path / "a") as again, work_folder(tmp_path / "b") as other:
        assert (again, other == again) == (first, False)


@pytest.mark.parametrize("held", [False, True])
def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(
    held, tmp_path, monkeypatch
):
    left = room(tmp_path, monkeypatch) / "left"
    left.mkdir()
    long_ago = time.time() - 2 * scratch.STALE_SECONDS
    os.utime(left, (long_ago, long_ago))
    hold = scratch._held(left) if held else None
    with work_folder():
        assert left.exists() == held
    if hold is not None:
        os.close(hold)


@pytest.mark.parametrize("foreign", ["link", "file", "open to all"])
def test_what_somebody_else_put_at_its_place_is_not_used(foreign, tmp_path, monkeypatch):
    place, elsewhere = room(tmp_path, monkeypatch), tmp_path / "elsewhere"
    elsewhere.mkdir()
    if foreign == "open to all":
        place.chmod(0o777)
    else:
        place.rmdir()
        place.symlink_to(elsewhere) if foreign == "link" else place.write_text("")
    with work_folder() as folder:
        assert place not in folder.parents
        assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert list(elsewhere.iterdir()) == []
