"""Folders of pictures: real files written by Pillow, and everything that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyssl.config import DataConfig
from tinyssl.datasets import load_dataset
from tinyssl.datasets.base import Source
from tinyssl.datasets.folder import read_folder
from tinyssl.errors import DataError, UsageError
from tinyssl.progress import Silent

SIZE = 16


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def picture(path: Path, colour: object = (200, 30, 60), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (24, 20), colour).save(path)  # type: ignore[arg-type] - any colour
    return path


def config(folder: Path) -> DataConfig:
    return DataConfig(dataset="folder", data_path=folder, image_size=SIZE)


def read(folder: Path) -> Source:
    return read_folder(config(folder), Silent())


def test_class_folders_give_labels(tmp_path):
    for name in ("cat", "dog"):
        for number in range(10):
            picture(tmp_path / name / "deep" / f"{number}.png")
    dataset = load_dataset(config(tmp_path))
    assert dataset.labelled
    assert dataset.class_names == ("cat", "dog")
    assert list(dataset.labels) == [0] * 10 + [1] * 10
    assert dataset.images.shape == (20, SIZE, SIZE, 3)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tif", "ppm", "JPEG"])
def test_formats(tmp_path, suffix):
    picture(tmp_path / f"a.{suffix}")
    assert np.abs(read(tmp_path).images[0].astype(int) - (200, 30, 60)).max() <= 4


def test_one_class_folder_is_unlabelled(tmp_path):
    picture(tmp_path / "photos" / "a.png")
    notes = Notes()
    source = read_folder(config(tmp_path), notes)
    assert source.class_names == ()
    assert list(source.labels) == [-1]
    assert "not taken as classes: there is only one" in notes.notes[0]


def test_pictures_beside_folders_are_unlabelled(tmp_path):
    for name in ("a/1.png", "b/2.png", "3.png"):
        picture(tmp_path / name)
    assert read(tmp_path).class_names == ()


def test_own_train_and_test_folders(tmp_path):
    for name in ("train/x/1.png", "train/y/2.png", "test/x/3.png", "test/y/4.png"):
        picture(tmp_path / name)
    source = read(tmp_path)
    assert source.class_names == ("x", "y")
    assert source.test is not None
    assert [int(source.labels[index]) for index in source.test] == [0, 1]
    assert list(source.test) == [0, 1]  # test/ sorts before train/


def test_exif_rotation(tmp_path):
    photo = Image.new("RGB", (SIZE, SIZE), (0, 0, 0))
    photo.paste((255, 255, 255), (0, 0, SIZE, SIZE // 2))  # upper half white
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to show: the top of the file is on the right
    photo.save(tmp_path / "a.png", exif=exif)
    image = read(tmp_path).images[0]
    assert image[:, -SIZE // 2 :].min() == 255
    assert image[:, : SIZE // 2].max() == 0


def test_modes_become_rgb(tmp_path):
    picture(tmp_path / "1.png", 77, "L")
    picture(tmp_path / "2.png", (10, 20, 30, 0), "RGBA")
    picture(tmp_path / "3.png", (10, 20, 30, 255), "RGBA")
    picture(tmp_path / "4.png", 257 * 128, "I;16")
    Image.new("RGB", (9, 9), (255, 0, 0)).quantize(4).save(tmp_path / "5.png")
    grey, clear, solid, wide, palette = read(tmp_path).images[:, 5, 5]
    assert list(grey) == [77, 77, 77]
    assert list(clear) == [255, 255, 255]
    assert list(solid) == [10, 20, 30]
    assert list(wide) == [128, 128, 128]
    assert list(palette) == [255, 0, 0]


def test_centre_is_kept(tmp_path):
    wide = Image.new("RGB", (3 * SIZE, SIZE), (255, 0, 0))
    wide.paste((0, 255, 0), (SIZE, 0, 2 * SIZE, SIZE))
    wide.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path).images[0], np.full((SIZE, SIZE, 3), (0, 255, 0)))


def test_other_files_are_counted_and_hidden_ones_skipped(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "movie.mpg").write_bytes(b"\0\0\1\xba")
    (tmp_path / "._a.png").write_bytes(b"of a Mac")
    (tmp_path / ".cache").mkdir()
    picture(tmp_path / ".cache" / "b.png")
    notes = Notes()
    assert len(read_folder(config(tmp_path), notes).images) == 1
    assert notes.notes == [f"2 files below {tmp_path} are no pictures: ignored"]


def test_truncated_picture_is_named(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg")
    for number in (1, 3):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(tmp_path / "1.jpg") in caught.value.message
    assert str(tmp_path / "3.jpg") in caught.value.message
    assert "2 of 4 pictures cannot be read" in caught.value.message
    assert "truncated" in caught.value.message
    assert caught.value.hint


def test_text_called_png_is_named(tmp_path):
    picture(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("hello")
    with pytest.raises(DataError, match=r"1 of 2 pictures cannot be read: .*bad\.png"):
        read(tmp_path)


def test_nothing_to_read(tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(DataError, match=r"holds no pictures \(1 other files\)"):
        read(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        read(tmp_path / "missing")
    with pytest.raises(UsageError, match="needs a folder"):
        read_folder(DataConfig(dataset="folder"), Silent())


def test_many_damaged_pictures_are_counted(tmp_path):
    for number in range(13):
        (tmp_path / f"{number:02}.png").write_text("no picture")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert "13 of 13 pictures" in caught.value.message
    assert "09.png" in caught.value.message
    assert "10.png" not in caught.value.message
    assert caught.value.message.endswith("and 3 more")


def test_one_picture_cannot_be_split(tmp_path):
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"splitting 1 image\(s\)") as caught:
        load_dataset(config(tmp_path))
    assert "three images" in caught.value.hint


def test_digits_do_not_stand_in_for_a_folder(tmp_path):
    """A forgotten `--dataset folder` must not train on other images than the user's."""
    picture(tmp_path / "a.png")
    with pytest.raises(UsageError, match="digits has its own images") as caught:
        load_dataset(DataConfig(data_path=tmp_path))
    assert "--dataset folder" in caught.value.hint
