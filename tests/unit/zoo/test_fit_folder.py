"""What `tinyssl fit` says of folders that cannot be learnt from, before anything slow."""

import numpy as np
import pytest
from PIL import Image

from tinyssl.core.errors import DataError
from tinyssl.data.classes import require_classes
from tinyssl.stages.fit import LEAST, allowed_drop


def fill(folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture = np.full((8, 8, 3), number, np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")


def test_classes_are_counted(tmp_path):
    fill(tmp_path / "cat", 5)
    fill(tmp_path / "dog" / "big", 6)
    assert require_classes(tmp_path, LEAST) == {"cat": 5, "dog": 6}


def test_own_splits_are_looked_through(tmp_path):
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            fill(tmp_path / split / name, 3)
    assert require_classes(tmp_path, LEAST) == {"cat": 6, "dog": 6}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"cat": 9}, r"one class only \(cat\)"),
        ({"cat": 9, "dog": 4}, "too few pictures: dog 4; at least 5"),
        ({"cat": 9, ".": 2}, "2 of 11 pictures lie in no class folder, 0.png first"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, message):
    for name, count in content.items():
        fill(tmp_path / name, count)
    with pytest.raises(DataError, match=message):
        require_classes(tmp_path, LEAST)


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        require_classes(tmp_path / "none", LEAST)
    with pytest.raises(DataError, match="holds no pictures"):
        require_classes(tmp_path, LEAST)


@pytest.mark.parametrize(("images", "points"), [(10_000, 2.0), (100, 2.0), (50, 4.0), (4, 50.0)])
def test_two_images_of_a_small_test_may_change(images, points):
    assert allowed_drop(images) == points
