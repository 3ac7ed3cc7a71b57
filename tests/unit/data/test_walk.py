"""Files below a folder: links are followed, and every file that is left out is counted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from tinyssl.core.errors import DataError
from tinyssl.data import kinds
from tinyssl.data.walk import Listing, list_pictures


def touch(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of two pictures."""
    for name in ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"):
        touch(tmp_path / "photos" / name)
    return tmp_path / "photos"


def left_out(listing: Listing) -> dict[str, int]:
    return {part.kind: part.count for part in listing.left_out}


def names(listing: Listing) -> list[str]:
    return [path.as_posix() for path in listing.pictures]


def test_a_class_folder_that_is_a_link(photos):
    touch(photos.parent / "store" / "fox" / "0.png")
    (photos / "fox").symlink_to("../store/fox")
    listing = list_pictures(photos)
    assert names(listing)[-1] == "fox/0.png"
    assert listing.left_out == ()


def test_pictures_that_are_links_and_links_to_links(photos):
    store = touch(photos.parent / "store" / "a.png")
    (photos / "cat" / "2.png").symlink_to(store)
    (photos.parent / "also").symlink_to("photos")
    (photos.parent / "folder").mkdir()
    touch(photos.parent / "folder" / "b.png")
    (photos / "fox").symlink_to(photos.parent / "again")
    (photos.parent / "again").symlink_to("folder")
    found = names(list_pictures(photos.parent / "also"))
    assert "cat/2.png" in found
    assert "fox/b.png" in found
    assert len(found) == 6


def test_links_in_a_circle_end(photos):
    (photos / "up").symlink_to("..")
    (photos / "self").symlink_to(".")
    (photos / "root").symlink_to("/")
    (photos / "a").symlink_to("b")
    (photos / "b").symlink_to("a")
    (photos / "gone.png").symlink_to("nowhere.png")
    listing = list_pictures(photos)
    assert len(listing.pictures) == 4
    assert left_out(listing) == {kinds.CIRCLE: 5, kinds.BROKEN: 1}


def test_folders_that_link_to_each_other_are_entered_once(photos):
    """Twelve folders, each with links to all the others: paths without number."""
    folders = [photos / f"{number:02}" for number in range(12)]
    for folder in folders:
        touch(folder / "a.png")
        for other in folders:
            if other != folder:
                (folder / f"to{other.name}").symlink_to(other)
    listing = list_pictures(photos)
    assert len(listing.pictures) == 4 + 12
    assert left_out(listing) == {kinds.REPEATED: 12 * 11}


def test_the_same_picture_twice_counts_once(photos):
    (photos / "cat" / "again.png").symlink_to("0.png")
    (photos / "kitten").symlink_to("cat")
    listing = list_pictures(photos)
    assert len(listing.pictures) == 4
    assert left_out(listing) == {kinds.REPEATED: 2}
    assert set(listing.repeats) == {
        (Path("cat/again.png"), Path("cat/0.png")),
        (Path("kitten"), Path("cat")),
    }


def test_everything_else_is_counted_by_kind(photos):
    for name in (
        "cat/a.HEIC", "cat/b.heif", "dog/c.cr2", "notes.txt", "README", "Thumbs.db", ".hidden.png",
        "dog/.IMG_1.HEIC.icloud", "dog/c.lnk", ".git/config", ".git/hooks/x",
        "__MACOSX/cat/._0.png", "m.mp4", "fox/only.heic",
    ):  # fmt: skip
        touch(photos / name)
    (photos / "empty" / "deep").mkdir(parents=True)
    os.mkfifo(photos / "cat" / "pipe.png")
    listing = list_pictures(photos)
    assert len(listing.pictures) == 4
    assert left_out(listing) == {
        "HEIC": 3,
        "camera RAW": 1,
        ".txt": 1,
        "without extension": 1,
        kinds.SYSTEM: 2,
        "iCloud placeholder": 1,
        "shortcut": 1,
        kinds.HIDDEN: 3,
        "video": 1,
        kinds.EMPTY: 2,
        kinds.SPECIAL: 1,
    }
    heic = listing.left_out[0]
    assert str(heic) == "3 HEIC pictures (cat/a.HEIC, cat/b.heif, fox/only.heic)"
    assert "pillow-heif" in heic.as_json()["advice"]


def test_a_link_that_was_saved_as_text(photos):
    touch(photos.parent / "store" / "fox" / "0.png")
    touch(photos / "fox", b"../store/fox")
    touch(photos / "plain", b"no path")
    assert left_out(list_pictures(photos)) == {kinds.TEXT_LINK: 1, "without extension": 1}


def test_all_heic_is_said(tmp_path: Path) -> None:
    for number in range(5):
        touch(tmp_path / f"{number}.HEIC")
    with pytest.raises(DataError, match=r"it holds 5 HEIC pictures \(0\.HEIC, ") as caught:
        list_pictures(tmp_path)
    assert "pip install pillow-heif" in caught.value.hint


def test_a_plug_in_that_is_installed_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pillow-heif reads nothing until it is registered; its module's place is taken by BMP's."""
    (tmp_path / "pillow_heif.py").write_text(
        "from PIL import Image, BmpImagePlugin\n"
        "def register_heif_opener():\n"
        "    Image.register_open('HEIF', BmpImagePlugin.BmpImageFile)\n"
        "    Image.register_extension('HEIF', '.heic')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(Image, "EXTENSION", dict(Image.EXTENSION))
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    kinds.register_plugins.cache_clear()
    try:
        touch(tmp_path / "photos" / "a.heic")
        assert names(list_pictures(tmp_path / "photos")) == ["a.heic"]
    finally:
        sys.modules.pop("pillow_heif")  # other tests must not find it there
        kinds.register_plugins.cache_clear()
        monkeypatch.undo()


def test_names_that_are_not_utf8_are_shown_with_escapes(tmp_path: Path) -> None:
    touch(tmp_path / "0.png")
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b.txt")))
    (part,) = list_pictures(tmp_path).left_out
    assert part.examples == (r"caf\xe9\x1b.txt",)
