"""A build folder holds the last good build or none, whatever happens in between."""

import pytest

from tinyssl.core.errors import UsageError
from tinyssl.core.records import BuildInfo
from tinyssl.project.staging import staged


def fill(folder, text):
    (folder / BuildInfo.FILE).write_text("{}")
    (folder / "file").write_text(text)


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "build" / "board"
    with staged(folder) as stage:
        fill(stage, "first")
    return folder


def test_the_content_appears_when_the_block_ends(tmp_path):
    folder = tmp_path / "build" / "board"
    with staged(folder) as stage:
        fill(stage, "first")
        assert not folder.exists()
    assert (folder / "file").read_text() == "first"


def test_a_new_build_replaces_all_of_the_old_but_what_is_flashed(built):
    (built / "left over").touch()
    (built / "device.json").write_text('{"pid": 1}')
    with staged(built) as stage:
        fill(stage, "second")
    assert (built / "file").read_text() == "second"
    assert (built / "device.json").read_text() == '{"pid": 1}'
    assert not (built / "left over").exists()
    assert not built.with_name(".board.old").exists()


def test_a_failure_leaves_the_old_build(built):
    def interrupted():
        with staged(built) as stage:
            fill(stage, "second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (built / "file").read_text() == "first"


def test_objects_are_taken_over(built):
    objects = built / ".pio" / "build" / "board"
    objects.mkdir(parents=True)
    (objects / "main.o").write_text("object")
    with staged(built) as stage:
        assert (stage / ".pio" / "build" / "board" / "main.o").read_text() == "object"
        fill(stage, "second")


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not a tinyssl build"), staged(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_a_second_build_of_the_same_folder_is_refused(built):
    with staged(built) as stage:
        fill(stage, "second")
        with pytest.raises(UsageError, match="another `tinyssl build`"), staged(built):
            pass
    assert (built / "file").read_text() == "second"
