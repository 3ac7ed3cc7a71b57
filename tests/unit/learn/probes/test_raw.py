"""Classifiers on pixels: known answers, the digits' known accuracy, limits of their cost; what is
said where a training brought nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinyssl.core.config import DataConfig
from tinyssl.data import Dataset, load_dataset
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.probes import raw
from tinyssl.learn.probes.raw import PixelPlan, PixelSplit, nearest, raw_results
from tinyssl.learn.probes.verdict import Verdict, verdict


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset(DataConfig(image_size=8))


def test_digits_have_the_accuracy_that_scikit_learn_finds(digits):
    found = raw_results(digits)
    assert found["accuracy_raw"] == pytest.approx(0.967, abs=0.006)
    assert found["knn_raw"] == pytest.approx(0.989, abs=0.004)
    assert (found["raw_images"], found["raw_side"]) == (len(digits.train), 8)
    assert found["raw_strength"] in raw.STRENGTHS
    assert found["raw_neighbours"] in raw.NEIGHBOURS


def test_labels_without_a_pattern_give_chance(digits):
    labels = np.random.default_rng(0).permutation(digits.labels)
    found = raw_results(replace(digits, labels=labels))
    assert found["accuracy_raw"] < 0.2
    assert found["knn_raw"] < 0.2


def test_one_class_has_no_baseline(digits):
    assert raw_results(replace(digits, labels=np.zeros_like(digits.labels))) == {}


def colours(count: int, side: int, classes: int = 4) -> Dataset:
    """Images of one colour each, in noise; the colour is the class."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % classes
    shade = np.stack([labels * 50 % 251, labels * 90 % 241, labels * 20 % 239], axis=-1)
    noise = rng.integers(0, 8, (count, side, side, 3))
    images = (shade[:, None, None] + noise).clip(0, 255).astype(np.uint8)
    order = rng.permutation(count)
    test, val, train = np.split(order, [count // 5, 2 * count // 5])
    names = tuple(map(str, range(classes)))
    spec = FeatureSpec.image(side)
    return Dataset("colours", images, labels, names, train, val, test, "0" * 64, True, spec)


def test_colour_counts_and_large_images_are_averaged() -> None:
    found = raw_results(colours(80, 96))
    assert (found["accuracy_raw"], found["knn_raw"]) == (1, 1)
    assert found["raw_side"] == raw.MOST_SIDE


def test_many_images_and_classes_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "MOST_IMAGES", 100)
    many = colours(2000, 32, classes=20)
    plan = PixelPlan.of(many)
    assert 90 <= len(plan.train) <= 110
    assert set(plan.train) <= set(many.train)
    assert len(np.unique(many.labels[plan.train])) == 20
    assert list(plan.train) == list(PixelPlan.of(many).train)
    monkeypatch.setattr(raw, "MOST_WORK", 100 * 20 * 3 * 17**2)
    assert PixelPlan.of(many).side == 16
    monkeypatch.setattr(raw, "MOST_WORK", 1)
    assert PixelPlan.of(many).side == raw.LEAST_SIDE


def test_grey_images_have_one_channel(digits):
    assert PixelPlan.of(digits).grey
    assert PixelPlan.of(digits).split(digits, digits.val).pixels.shape == (len(digits.val), 64)
    assert not PixelPlan.of(colours(80, 8)).grey


def points(values: list[float], labels: list[int]) -> PixelSplit:
    return PixelSplit(np.array(values, np.float32)[:, None], np.array(labels))


def test_the_nearest_image_decides_a_tie() -> None:
    train = points([0.0, 0.3, 1.0], [0, 1, 2])
    found, neighbours = nearest(train, points([0.1], [0]), points([0.25, 0.9], [1, 2]))
    assert (found, neighbours) == (1, 1)
    tie = nearest(points([0.0, 0.3], [0, 1]), points([0.1], [0]), points([0.2], [1]))
    assert tie == (1, 1)


@pytest.mark.parametrize(
    ("trained", "random", "raw_pixels", "words"),
    [
        (0.99, 0.75, 0.96, ""),
        (0.89, 0.75, 0.967, "brought nothing: linear probe 89.00 %, logistic regression"),
        (0.75, 0.75, 0.60, "brought nothing: linear probe 75.00 %, the same backbone with random"),
        (0.97, 0.75, 0.967, "359 test images are too few"),
    ],
)
def test_verdict(trained, random, raw_pixels, words):
    results = {"accuracy": trained, "test_images": 359}
    results |= {"accuracy_random": random, "accuracy_raw": raw_pixels}
    said = verdict(results, noun="image")
    assert words in said.text
    assert bool(words) == bool(said.text)
    assert not said.guessing


def test_no_baseline_no_verdict() -> None:
    assert verdict({"accuracy": 0.1, "test_images": 10}) == Verdict()
