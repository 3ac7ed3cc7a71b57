"""Splits: properties that must hold for every seed, and exact counts."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.data import load_dataset
from tinyssl.data.base import Source, fingerprint
from tinyssl.data.splits import split


def source(labels: list[int], test: list[int] | None = None) -> Source:
    own = None if test is None else np.array(test, np.int64)
    return Source(np.zeros((len(labels), 8, 8, 3), np.uint8), np.array(labels), (), own)


@pytest.mark.parametrize("seed", range(5))
def test_disjoint_complete_and_stratified(seed):
    labels = [0] * 100 + [1] * 50 + [2] * 33
    given = source(labels)
    parts = split(given, DataConfig(split_seed=seed, test_fraction=0.2, val_fraction=0.1))
    train, val, test = parts
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    for part, share in ((test, 0.2), (val, 0.08), (train, 0.72)):
        assert list(part) == sorted(part)
        counts = np.bincount(given.labels[part], minlength=3)
        assert np.all(np.abs(counts - share * np.array([100, 50, 33])) < 1.2)


def test_same_seed_same_split_other_seed_other_split() -> None:
    given = source([0, 1] * 50)
    first = split(given, DataConfig(split_seed=1))
    assert all(map(np.array_equal, first, split(given, DataConfig(split_seed=1))))
    assert not np.array_equal(first[2], split(given, DataConfig(split_seed=2))[2])


def test_many_small_classes_still_fill_every_split() -> None:
    given = source(list(range(10)) * 5)
    train, val, test = split(given, DataConfig(test_fraction=0.2, val_fraction=0.1))
    assert (len(train), len(val), len(test)) == (36, 4, 10)
    assert set(given.labels[train]) == set(range(10))


def test_a_class_of_one_image_stays_in_training() -> None:
    given = source([0] * 20 + [1])
    for seed in range(10):
        assert 20 in split(given, DataConfig(split_seed=seed))[0]


def test_own_test_split_is_kept() -> None:
    given = source([0, 1] * 20, test=[39, 3, 4])
    train, val, test = split(given, DataConfig())
    assert list(test) == [3, 4, 39]
    assert not set(test) & (set(train) | set(val))


def test_too_few_images() -> None:
    with pytest.raises(DataError, match=r"splitting 2 image\(s\) gives 1 for training, 0 "):
        split(source([0, 0]), DataConfig())


@pytest.mark.parametrize("shares", [(0.2, 0.1), (0.5, 0.5), (0.01, 0.01), (0.9, 0.9), (0.7, 0.2)])
@pytest.mark.parametrize("kinds", [1, 2, 3, 10])
def test_the_number_of_images_that_a_message_names_is_enough(kinds, shares):
    config = DataConfig(test_fraction=shares[0], val_fraction=shares[1])
    with pytest.raises(DataError) as caught:
        split(source(list(range(kinds))), config)
    found = re.search(r"add images: ([0-9]+) are enough", caught.value.hint)
    assert found is not None
    train, val, test = split(source(list(range(kinds)) * (int(found[1]) // kinds)), config)
    assert len(train) >= 2
    assert len(val)
    assert len(test)


def test_the_least_of_unlabelled_images_is_four() -> None:
    assert [len(part) for part in split(source([-1] * 4), DataConfig())] == [2, 1, 1]
    with pytest.raises(DataError, match="gives 1 for training, 1 for validation and 1 for the"):
        split(source([-1] * 3), DataConfig())


def test_an_own_test_split_needs_more_training_images() -> None:
    with pytest.raises(DataError) as caught:
        split(source([-1] * 4, test=[0, 1]), DataConfig())
    assert caught.value.hint == "add training images: 3 are enough"
    split(source([-1] * 5, test=[0, 1]), DataConfig())


def test_own_validation_split_is_kept() -> None:
    given = replace(source([0, 1] * 10, test=[3, 4]), val=np.array([7, 0]))
    train, val, test = split(given, DataConfig())
    assert (list(val), list(test), len(train)) == ([0, 7], [3, 4], 16)


def test_fingerprint_sees_pixels_labels_and_splits() -> None:
    images = np.zeros((4, 8, 8, 3), np.uint8)
    labels = np.array([0, 1, 0, 1])
    splits = (np.array([0, 1]), np.array([2]), np.array([3]))
    base = fingerprint(Source(images, labels), splits)
    assert base == fingerprint(Source(images.copy(), labels.astype(np.int32)), splits)
    other_pixel = images.copy()
    other_pixel[3, 7, 7, 2] = 1
    assert base != fingerprint(Source(other_pixel, labels), splits)
    assert base != fingerprint(Source(images, labels[::-1]), splits)
    assert base != fingerprint(Source(images, labels), (splits[0], splits[2], splits[1]))
    assert base != fingerprint(Source(images.reshape(4, 4, 16, 3), labels), splits)


def test_digits() -> None:
    digits = load_dataset(DataConfig())
    assert digits.samples.shape == (1797, 32, 32, 3)
    assert digits.samples.dtype == np.uint8
    assert digits.samples[:].max() == 255
    assert digits.class_names == tuple("0123456789")
    assert list(digits.labels[:3]) == [0, 1, 2]
    assert [len(part) for part in (digits.train, digits.val, digits.test)] == [1294, 144, 359]
    assert digits.fingerprint == load_dataset(DataConfig()).fingerprint
    assert digits.fingerprint != load_dataset(DataConfig(split_seed=1)).fingerprint
    assert digits.as_record()["fingerprint"] == digits.fingerprint


def test_digits_are_resized() -> None:
    assert load_dataset(DataConfig(image_size=16)).samples.shape == (1797, 16, 16, 3)
