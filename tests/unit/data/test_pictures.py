"""Pictures that users have: what is broken is left out, and every common format is read."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.data.test_folder import SIZE, config, picture, read
from tinyssl.core.errors import DataError
from tinyssl.data import load_dataset


def test_broken_pictures_leave_the_others_as_they_are(tmp_path: Path) -> None:
    """Labels and the folder's own splits follow the pictures that are left."""
    for split, count in (("train", 4), ("test", 3)):
        for label, name in enumerate(("cat", "dog")):
            for number in range(count):
                picture(tmp_path / split / name / f"{number}.png", (label, number, 0))
    whole = read(tmp_path)
    for name in ("test/cat/0.png", "train/dog/2.png"):
        (tmp_path / name).write_text("hello")
    left = read(tmp_path)
    kept = [at for at in range(14) if at not in (0, 12)]
    assert np.array_equal(left.samples[:], whole.samples[kept])
    assert np.array_equal(left.labels, whole.labels[kept])
    assert left.test is not None
    assert list(left.test) == [0, 1, 2, 3, 4]
    record = load_dataset(config(tmp_path)).as_record()
    assert [part["name"] for part in record["broken"]] == ["test/cat/0.png", "train/dog/2.png"]


def test_a_class_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(3):
            picture(tmp_path / name / f"{number}.png")
    for number in range(3):
        (tmp_path / "dog" / f"{number}.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 3 pictures of dog can be read"):
        read(tmp_path)


@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="Pillow without AVIF")
def test_avif(tmp_path: Path) -> None:
    picture(tmp_path / "a.avif")
    assert np.abs(read(tmp_path).samples[0].astype(int) - (200, 30, 60)).max() <= 6


def test_sixteen_bits_of_each_colour(tmp_path: Path) -> None:
    """Written by hand, as Pillow writes none: TIFF, uncompressed, 9x9."""
    tags = [
        (256, 3, 1, 9), (257, 3, 1, 9), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 140), (277, 3, 1, 3), (278, 3, 1, 9), (279, 4, 1, 9 * 9 * 6), (284, 3, 1, 1),
    ]  # fmt: skip
    head = np.array([len(tags)], "<u2").tobytes()
    body = b"".join(
        np.array(tag[:2], "<u2").tobytes() + np.array(tag[2:], "<u4").tobytes() for tag in tags
    )
    bits = np.array([16, 16, 16], "<u2").tobytes()
    pixels = np.full((9, 9, 3), (200 * 257, 30 * 257, 60 * 257), "<u2").tobytes()
    data = b"II*\0" + np.array([8], "<u4").tobytes() + head + body + bytes(4) + bits + pixels
    (tmp_path / "a.tif").write_bytes(data)
    assert list(read(tmp_path).samples[0, 5, 5]) == [200, 30, 60]


def test_palette_with_alpha(tmp_path: Path) -> None:
    """One colour of the palette is clear: it becomes the white behind the picture."""
    pixels = Image.new("P", (SIZE, SIZE), 0)
    pixels.putpalette([250, 10, 10, 10, 250, 10])
    pixels.paste(1, (0, 0, SIZE, SIZE // 2))
    pixels.save(tmp_path / "a.png", transparency=1)
    image = read(tmp_path).samples[0]
    assert list(image[2, 5]) == [255, 255, 255]
    assert list(image[-2, 5]) == [250, 10, 10]


def test_names_in_any_script(tmp_path: Path) -> None:
    classes = ("кошка", "犬", "قطة", "ñandú 🐦")
    for name in classes:
        for number in range(4):
            picture(tmp_path / name / f"{name} {number}.png")
    assert load_dataset(config(tmp_path)).class_names == tuple(sorted(classes))


def test_more_pixels_than_are_safe_are_left_out(tmp_path: Path) -> None:
    """A gigapixel among ordinary pictures costs nobody the memory, and the others stay."""
    for number in range(4):
        picture(tmp_path / f"{number}.png", (number, 0, 0))
    (tmp_path / "huge.pgm").write_bytes(b"P5 40000 40000 255\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = read(tmp_path)
    assert len(source.samples) == 4
    assert source.reading is not None
    assert "1600000000 pixels" in source.reading.broken[0].reason


def test_more_modes(tmp_path: Path) -> None:
    Image.new("CMYK", (9, 9), (0, 255, 255, 0)).save(tmp_path / "1.jpg", quality=100)
    Image.new("1", (9, 9), 1).save(tmp_path / "2.png")
    Image.new("LA", (9, 9), (80, 255)).save(tmp_path / "3.png")
    (tmp_path / "4.pgm").write_bytes(b"P5 9 9 65535\n" + struct.pack(">H", 257 * 40) * 81)
    frames = [Image.new("RGB", (9, 9), colour) for colour in ((0, 0, 255), (0, 255, 0))]
    frames[0].save(tmp_path / "5.gif", save_all=True, append_images=frames[1:])
    expected = [(254, 0, 0), (255,) * 3, (80,) * 3, (40,) * 3, (0, 0, 255)]
    assert np.abs(read(tmp_path).samples[:, 5, 5].astype(int) - expected).max() <= 4


def test_exif_rotation(tmp_path: Path) -> None:
    photo = Image.new("RGB", (SIZE, SIZE), (0, 0, 0))
    photo.paste((255, 255, 255), (0, 0, SIZE, SIZE // 2))  # upper half white
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to show: the top of the file is on the right
    photo.save(tmp_path / "a.png", exif=exif)
    image = read(tmp_path).samples[0]
    assert image[:, -SIZE // 2 :].min() == 255
    assert image[:, : SIZE // 2].max() == 0


def test_modes_become_rgb(tmp_path: Path) -> None:
    picture(tmp_path / "1.png", 77, "L")
    picture(tmp_path / "2.png", (10, 20, 30, 0), "RGBA")
    picture(tmp_path / "3.png", (10, 20, 30, 255), "RGBA")
    picture(tmp_path / "4.png", 257 * 128, "I;16")
    Image.new("RGB", (9, 9), (255, 0, 0)).quantize(4).save(tmp_path / "5.png")
    grey, clear, solid, wide, palette = read(tmp_path).samples[:, 5, 5]
    assert list(grey) == [77, 77, 77]
    assert list(clear) == [255, 255, 255]
    assert list(solid) == [10, 20, 30]
    assert list(wide) == [128, 128, 128]
    assert list(palette) == [255, 0, 0]
