"""Cross-validation: it finds what is there, and nothing where nothing is."""

import numpy as np
import pytest

from tinyssl.core.errors import DataError
from tinyssl.learn.probes import folds as stage
from tinyssl.learn.probes.folds import cross_validate, most_folds
from tinyssl.learn.probes.verdict import verdict

LABELS = np.arange(60) % 3


def noise(seed, dim=40):
    return np.random.default_rng(seed).normal(size=(60, dim)).astype(np.float32)


def told_apart(seed):
    """Three clusters in a few of forty dimensions."""
    features = noise(seed)
    features[np.arange(60), LABELS] += 4
    return features


def test_every_sample_is_judged_by_a_classifier_that_has_not_seen_it():
    """A feature that is the sample's own number helps only those who have seen it."""
    names = np.eye(60, dtype=np.float32) * 100
    found = cross_validate({"clusters": told_apart(0), "names": names}, LABELS, 5, 3, 0)
    assert found.each["clusters"].accuracy > 0.9
    assert found.each["names"].accuracy < 0.5
    assert found.best == "clusters"
    assert found.each["names"].answers.shape == (3, 60)


def test_choosing_among_noise_does_not_find_anything():
    """The best of ten looks better than chance; a choice inside each fold does not."""
    found = [
        cross_validate({str(n): noise(10 * k + n) for n in range(10)}, LABELS, 5, 1, k)
        for k in range(3)
    ]
    best = np.mean([each.each[each.best].accuracy for each in found])
    chosen = np.mean([each.chosen.accuracy for each in found])
    assert best > 0.4
    assert chosen < best - 0.05


def test_the_same_seed_gives_the_same_answers():
    first, again, other = (
        cross_validate({"a": noise(0)}, LABELS, 5, 2, seed).each["a"].answers for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_more_dimensions_than_samples_are_rotated_away():
    """A linear model with L2 answers the same in 400 dimensions and in those that samples span."""
    wide = np.concatenate([told_apart(0), noise(1, 360)], axis=1)
    reduced = cross_validate({"a": wide}, LABELS, 5, 1, 0).each["a"].answers
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stage, "_rotate", lambda train, test: (train, test))
        full = cross_validate({"a": wide}, LABELS, 5, 1, 0).each["a"].answers
    assert (reduced == full).mean() > 0.98


def test_a_class_with_two_samples_has_two_folds():
    labels = np.array([0] * 20 + [1] * 2)
    features = np.where(labels[:, None] == 1, 5, -5) + noise(0)[:22] / 10
    assert most_folds(labels) == 2
    found = cross_validate({"a": features.astype(np.float32)}, labels, 2, 1, 0)
    assert found.each["a"].accuracy > 0.9


@pytest.mark.parametrize(
    ("labels", "words"), [([0, 0, 0], "all samples have one class"), ([0, 0, 1], "one class has 1")]
)
def test_too_few_samples_are_refused(labels, words):
    with pytest.raises(DataError, match=words):
        most_folds(np.array(labels))


@pytest.mark.parametrize(
    ("accuracy", "samples", "guessing"),
    [(0.6667, 12, True), (0.62, 60, True), (0.60, 10_000, False), (0.80, 60, False)],
)
def test_guessing_depends_on_how_many_were_judged(accuracy, samples, guessing):
    beside = {"majority": 0.55, "majority_class": "no person"}
    of_test = verdict({"accuracy": accuracy, "test_images": samples} | beside, noun="image")
    folds = {"accuracy": accuracy, "samples": samples, "folds": 5} | beside
    of_folds = verdict({"accuracy": 0.99, "test_images": 12, "folds": folds} | beside)
    assert of_test.guessing is of_folds.guessing is guessing
    if guessing:
        assert "to answer “no person” every time is right in 55.00 %" in of_test.text
        assert f"{samples} test images" in of_test.text
        assert f"{samples} samples in 5 folds" in of_folds.text


def test_a_mean_is_the_guess_of_a_number():
    assert verdict({"mae": 2.0, "mae_mean": 1.9}).guessing
    worse_than_raw = verdict({"mae": 1.0, "mae_mean": 1.9, "mae_raw": 0.5})
    assert worse_than_raw.text
    assert not worse_than_raw.guessing
