"""Folders of pictures: real files written by Pillow, and everything that can be wrong with them."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.data import load_dataset
from tinyssl.data.base import Source
from tinyssl.data.folder import read_folder
from tools.mutate_images import outcomes

SIZE = 16


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.notes.append(f"warning: {text}")


def picture(path: Path, colour: Any = (200, 30, 60), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (24, 20), colour).save(path)
    return path


def config(folder: Path) -> DataConfig:
    return DataConfig(dataset="folder", data_path=folder, image_size=SIZE)


def read(folder: Path) -> Source:
    return read_folder(config(folder), Silent())


def test_class_folders_give_labels(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(10):
            picture(tmp_path / name / "deep" / f"{number}.png")
    dataset = load_dataset(config(tmp_path))
    assert dataset.labelled
    assert dataset.class_names == ("cat", "dog")
    assert list(dataset.labels) == [0] * 10 + [1] * 10
    assert dataset.samples.shape == (20, SIZE, SIZE, 3)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tif", "ppm", "JPEG"])
def test_formats(tmp_path, suffix):
    picture(tmp_path / f"a.{suffix}")
    assert np.abs(read(tmp_path).samples[0].astype(int) - (200, 30, 60)).max() <= 4


def test_one_class_folder_is_unlabelled(tmp_path: Path) -> None:
    picture(tmp_path / "photos" / "a.png")
    source = read(tmp_path)
    assert source.class_names == ()
    assert list(source.labels) == [-1]
    assert source.reading is not None
    assert "not taken as classes: there is only one" in source.reading.warnings[0]


def test_pictures_beside_folders_are_unlabelled(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png", "3.png"):
        picture(tmp_path / name)
    assert read(tmp_path).class_names == ()


def test_own_train_and_test_folders(tmp_path: Path) -> None:
    for name in ("train/x/1.png", "train/y/2.png", "test/x/3.png", "test/y/4.png"):
        picture(tmp_path / name)
    source = read(tmp_path)
    assert source.class_names == ("x", "y")
    assert source.test is not None
    assert [int(source.labels[index]) for index in source.test] == [0, 1]
    assert list(source.test) == [0, 1]  # test/ sorts before train/


def test_train_and_val_are_splits(tmp_path: Path) -> None:
    for split, count in (("train", 6), ("val", 5)):
        for name in ("cat", "dog"):
            for number in range(count):
                picture(tmp_path / split / name / f"{number}.png")
    dataset = load_dataset(config(tmp_path))
    assert dataset.class_names == ("cat", "dog")
    assert list(dataset.test) == list(range(12, 22))  # all of val/
    assert (len(dataset.train), len(dataset.val)) == (11, 1)
    record = dataset.as_record()
    assert record["layout"]["splits"] == {"train": "train", "val": "drawn", "test": "val"}


def test_three_own_splits_are_kept(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("valid", 2), ("test", 1)):
        for name in ("cat", "dog"):
            for number in range(count):
                picture(tmp_path / split / name / f"{number}.png")
    dataset = load_dataset(config(tmp_path))
    assert [len(part) for part in (dataset.train, dataset.val, dataset.test)] == [6, 4, 2]
    assert list(dataset.test) == [0, 1]
    assert list(dataset.val) == [8, 9, 10, 11]
    assert dataset.fingerprint != load_dataset(config(tmp_path / "train")).fingerprint


def test_names_of_classes_are_safe_to_show(tmp_path: Path) -> None:
    for name in (b"caf\xe9", b"a\nb", b"\x1b[2J", b"[bold]"):
        folder = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
        picture(Path(folder) / "0.png")
    names = read(tmp_path).class_names
    assert names == (r"\x1b[2J", "[bold]", r"a\nb", r"caf\xe9")
    "".join(names).encode("utf-8")


@pytest.mark.parametrize(
    ("names", "message"),
    [((" ", "b"), "whose name is blank"), ((r"a\nb", "a\nb"), r"two classes with the name a\\nb")],
)
def test_names_that_cannot_be_told_apart(tmp_path, names, message):
    for name in names:
        picture(tmp_path / name / "0.png")
    with pytest.raises(DataError, match=message):
        read(tmp_path)


ODD_TAGS = (
    (0x010E, 2, 3, b"ab\0"),  # a description: fine
    (0x011A, 5, 1, struct.pack("<II", 0, 0)),  # resolution 0/0
    (0x011B, 2, 9, b"no number"),
    (0x0128, 12, 1, struct.pack("<d", float("nan"))),
    (0x8769, 9, 1, struct.pack("<i", -1)),  # sub-folder before the file
    (0x8825, 4, 1, struct.pack("<I", 1 << 31)),
    (0xFFFF, 10, 1, struct.pack("<ii", -1, 0)),
)


def exif_block(tags: Sequence[tuple[int, int, int, bytes]], turn: int = 6) -> bytes:
    """An EXIF block with tags of (number, type, count, value), as no library would write them."""
    ordered = sorted([*tags, (0x0112, 3, 1, struct.pack("<H", turn))])
    after = 8 + 2 + 12 * len(ordered) + 4
    entries, values = b"", b""
    for number, kind, count, value in ordered:
        field = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", after + len(values))
        values += value if len(value) > 4 else b""
        entries += struct.pack("<HHI", number, kind, count) + field
    head = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(ordered))
    return head + entries + b"\0\0\0\0" + values


@pytest.mark.parametrize("tag", ODD_TAGS, ids=lambda tag: hex(tag[0]))
@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_odd_metadata_does_not_matter(tmp_path, suffix, tag):
    """The photograph is read, and turned by its orientation."""
    photo = Image.new("RGB", (64, 64), (0, 0, 0))
    photo.paste((255, 255, 255), (0, 0, 64, 32))  # upper half white
    photo.save(tmp_path / f"a.{suffix}", exif=exif_block([tag]), quality=95)
    image = read(tmp_path).samples[0]
    assert image[:, -SIZE // 2 + 1 :].min() > 240
    assert image[:, : SIZE // 2 - 1].max() < 15


@pytest.mark.parametrize("turn", [0, 9, 65535])
def test_orientation_that_means_nothing_leaves_the_picture(tmp_path, turn):
    photo = Image.new("RGB", (SIZE, SIZE), (0, 0, 0))
    photo.paste((255, 255, 255), (0, 0, SIZE, SIZE // 2))
    photo.save(tmp_path / "a.png", exif=exif_block([], turn))
    assert read(tmp_path).samples[0][: SIZE // 2].min() == 255


def test_mutated_pictures_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    """The long form is `tools/mutate_images.py`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Counter(outcome for outcome, _ in outcomes(600, 7, tmp_path))
    assert set(found) == {"read", "refused"}
    assert min(found.values()) > 100


@pytest.mark.parametrize(
    "error",
    [
        AttributeError, EOFError, IndexError, KeyError, MemoryError, NotImplementedError, OSError,
        OverflowError, RuntimeError, SyntaxError, TypeError, ValueError, ZeroDivisionError,
        struct.error, RecursionError,
    ],
)  # fmt: skip
def test_whatever_a_decoder_raises_names_the_file(tmp_path, monkeypatch, error):
    """A decoder registered with Pillow, which fails in its own way."""

    class Broken(ImageFile.ImageFile):
        def _open(self) -> None:
            self._size, self._mode = (8, 8), "RGB"

        def load(self) -> None:
            raise error

    monkeypatch.setattr(Image, "EXTENSION", Image.EXTENSION | {".odd": "ODD"})
    monkeypatch.setattr(Image, "OPEN", Image.OPEN | {"ODD": (Broken, None)})
    monkeypatch.setattr(Image, "ID", ["ODD", *Image.ID])
    (tmp_path / "x.odd").write_bytes(b"odd")
    with pytest.raises(DataError, match=rf"1 of 1 pictures .*x\.odd \({error.__name__}\)"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "by its content: HEIC"),
        ("a.png", b"", "(empty file)"),
        ("a.png", b"<!DOCTYPE html><p>404", "by its content: web page"),
        ("a.jpg", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("a.jpg", b"\x89PNG\r\n\x1a\n cut", "by its content: PNG"),
    ],
)
def test_what_a_file_really_is(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert words in caught.value.message


def test_extreme_sizes(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (9, 9, 9)).save(tmp_path / "1.png")
    Image.new("RGB", (20_000, 1), (9, 9, 9)).save(tmp_path / "2.png")
    Image.new("RGB", (1, 20_000), (9, 9, 9)).save(tmp_path / "3.png")
    assert np.array_equal(np.unique(read(tmp_path).samples[:]), [9])


def test_a_gigapixel_is_refused_from_its_header(tmp_path: Path) -> None:
    good = picture(tmp_path / "a.png").read_bytes()
    ihdr = b"IHDR" + struct.pack(">II", 60_000, 60_000) + good[24:29]
    (tmp_path / "a.png").write_bytes(
        good[:12] + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + good[33:]
    )
    with pytest.raises(DataError, match=r"a\.png \(.*3600000000 pixels"):
        read(tmp_path)


def test_centre_is_kept(tmp_path: Path) -> None:
    wide = Image.new("RGB", (3 * SIZE, SIZE), (255, 0, 0))
    wide.paste((0, 255, 0), (SIZE, 0, 2 * SIZE, SIZE))
    wide.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path).samples[0], np.full((SIZE, SIZE, 3), (0, 255, 0)))


def test_other_files_are_counted_and_hidden_ones_skipped(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "movie.mpg").write_bytes(b"\0\0\1\xba")
    (tmp_path / "._a.png").write_bytes(b"of a Mac")
    (tmp_path / ".cache").mkdir()
    picture(tmp_path / ".cache" / "b.png")
    for number in range(3):
        picture(tmp_path / f"b{number}.png")
    notes = Notes()
    dataset = load_dataset(config(tmp_path), notes)
    assert len(dataset.samples) == 4
    assert notes.notes[0] == "layout: no classes; the splits are drawn"
    assert notes.notes[1].startswith(
        "warning: left out: 1 .txt file (notes.txt), 1 video (movie.mpg)"
    )
    assert len(notes.notes) == 2  # hidden files are counted, and no reason to warn
    found = {part["kind"]: part["count"] for part in dataset.as_record()["left_out"]}
    assert found == {"hidden": 2, ".txt": 1, "video": 1}


def test_truncated_picture_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(4):
        noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg")
    for number in (1, 3):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(path.read_bytes()[:1500])
    source = read(tmp_path)
    assert len(source.samples) == len(source.labels) == 2
    assert source.reading is not None
    assert [part.name for part in source.reading.broken] == ["1.jpg", "3.jpg"]
    assert "truncated" in source.reading.broken[0].reason
    assert str(source.reading.left_out[0]) == "2 broken pictures (1.jpg, 3.jpg)"
    with pytest.raises(DataError) as caught:
        read_folder(replace(config(tmp_path), broken="stop"), Silent())
    assert str(tmp_path / "1.jpg") in caught.value.message
    assert str(tmp_path / "3.jpg") in caught.value.message
    assert "2 of 4 pictures cannot be read" in caught.value.message
    assert "truncated" in caught.value.message
    assert caught.value.hint


def test_text_called_png_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("hello")
    with pytest.raises(DataError, match=r"1 of 2 pictures cannot be read: .*bad\.png"):
        read_folder(replace(config(tmp_path), broken="stop"), Silent())


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(
        DataError, match=r"holds no pictures that can be read: it holds 1 \.txt file"
    ):
        read(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        read(tmp_path / "missing")
    with pytest.raises(UsageError, match="needs a folder"):
        read_folder(DataConfig(dataset="folder"), Silent())


def test_many_damaged_pictures_are_counted(tmp_path: Path) -> None:
    for number in range(13):
        (tmp_path / f"{number:02}.png").write_text("no picture")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert "13 of 13 pictures" in caught.value.message
    assert "09.png" in caught.value.message
    assert "10.png" not in caught.value.message
    assert caught.value.message.endswith("and 3 more")


def test_one_picture_cannot_be_split(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"splitting 1 image\(s\)") as caught:
        load_dataset(config(tmp_path))
    assert "4 are enough" in caught.value.hint


def test_digits_do_not_stand_in_for_a_folder(tmp_path: Path) -> None:
    """A forgotten `--dataset folder` must not train on other images than the user's."""
    picture(tmp_path / "a.png")
    with pytest.raises(UsageError, match="digits has its own images") as caught:
        load_dataset(DataConfig(data_path=tmp_path))
    assert "--dataset folder" in caught.value.hint


def test_a_path_that_the_system_refuses(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 5000)
    for given in (config(too_long), DataConfig(dataset="npz", data_path=too_long)):
        with pytest.raises(DataError, match="cannot be read: File name too long"):
            load_dataset(given)


def test_more_pictures_than_memory_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.png")
    monkeypatch.setattr("tinyssl.data.limits.memory_bytes", lambda: 100)
    with pytest.raises(DataError, match="this computer has") as caught:
        read(tmp_path)
    assert "--image-size" in caught.value.hint


def test_a_file_of_two_gigabytes_is_not_opened(tmp_path: Path) -> None:
    with picture(tmp_path / "a.png").open("r+b") as file:
        file.truncate(1 << 31)  # takes no room on the disk
    with pytest.raises(DataError, match="2,147,483,648 bytes; 1,073,741,824 are the most"):
        read(tmp_path)
